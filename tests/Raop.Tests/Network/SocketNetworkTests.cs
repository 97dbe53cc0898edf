using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Raop.Network;

namespace Raop.Tests.Network;

/// <summary>The contract on loopback, and what only real sockets can show.</summary>
public sealed class SocketNetworkTests : NetworkContract
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private protected override Task RunAsync(Func<INetwork, Task> test) => test(new SocketNetwork(TimeProvider.System));

    private protected override Task QuietAsync() => Task.Delay(20, Cancel);

    [Fact]
    public async Task What_came_before_a_reset_is_read_before_the_error()
    {
        using var raw = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        raw.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        raw.Listen();
        await using IStreamConnection client = await new SocketNetwork(TimeProvider.System).ConnectAsync((IPEndPoint)raw.LocalEndPoint!, Cancel);
        using (Socket server = await raw.AcceptAsync(Cancel))
        {
            await server.SendAsync("RTSP/1.0 453"u8.ToArray(), Cancel);
            server.LingerState = new LingerOption(true, 0); // close by RST
        }

        Assert.Equal("RTSP/1.0 453"u8.ToArray(), await ReadAsync(client.Input, 12));
        RaopException e = await Assert.ThrowsAsync<RaopException>(() => client.Input.ReadAsync(Cancel).AsTask());
        Assert.Equal(RaopError.ConnectionLost, e.Error);
        Assert.Contains(client.RemoteEndPoint.ToString(), e.Message);
        e = await Assert.ThrowsAsync<RaopException>(async () =>
        {
            while (true) await client.Output.WriteAsync(new byte[1], Cancel); // at the latest when the writing side has noticed
        });
        Assert.Equal(RaopError.ConnectionLost, e.Error);
    }

    /// <summary>What waits for its thread came when it came: clocks are compared by that.</summary>
    [Fact]
    public async Task A_datagram_has_the_time_at_which_it_came()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux says when a datagram came.");
        var network = new SocketNetwork(TimeProvider.System);
        using IDatagramSocket from = network.Bind(new IPEndPoint(IPAddress.Loopback, 0)), to = network.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        SocketAddress address = to.LocalEndPoint.Serialize();
        using var busy = new SemaphoreSlim(0);
        var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var second = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        to.Start((datagram, _, arrived) =>
        {
            if (datagram[0] == 2)
            {
                second.TrySetResult(arrived);
                return;
            }

            first.TrySetResult();
            busy.Wait(TimeSpan.FromSeconds(30));
        });
        from.Send([1], address);
        await first.Task.WaitAsync(Cancel);
        long before = TimeProvider.System.GetTimestamp();
        from.Send([2], address);
        while (TimeProvider.System.GetElapsedTime(before) < TimeSpan.FromMilliseconds(20)) await Task.Yield(); // the thread is busy for longer than it takes to come
        long free = TimeProvider.System.GetTimestamp();
        busy.Release();
        Assert.InRange(await second.Task.WaitAsync(Cancel), before, free);
    }

    [Fact]
    public void A_port_below_1024_without_privilege_says_why()
    {
        var denied = new SocketException((int)SocketError.AccessDenied);
        RaopException e = NetworkErrors.FromBind(denied, new IPEndPoint(IPAddress.Any, 319));
        Assert.Equal(RaopError.AddressInUse, e.Error);
        Assert.Contains("below 1024", e.Message);
        Assert.Same(denied, e.InnerException);
    }

    [Theory]
    [InlineData(SocketError.ConnectionRefused, RaopError.Refused)]
    [InlineData(SocketError.HostUnreachable, RaopError.Unreachable)]
    [InlineData(SocketError.HostDown, RaopError.Unreachable)]
    [InlineData(SocketError.NetworkUnreachable, RaopError.Unreachable)]
    [InlineData(SocketError.TimedOut, RaopError.Timeout)]
    [InlineData(SocketError.ConnectionReset, RaopError.ConnectionLost)]
    public void Every_failed_connect_has_a_code(SocketError cause, RaopError error)
    {
        var remote = new IPEndPoint(IPAddress.Parse("192.0.2.1"), 5000);
        RaopException e = NetworkErrors.FromConnect(new SocketException((int)cause), remote);
        Assert.Equal(error, e.Error);
        Assert.Contains("192.0.2.1:5000", e.Message);
    }

    [Fact]
    public void Sending_and_receiving_allocates_nothing_for_a_datagram()
    {
        var network = new SocketNetwork(TimeProvider.System);
        using IDatagramSocket a = network.Bind(new IPEndPoint(IPAddress.Loopback, 0)), b = network.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        SocketAddress to = b.LocalEndPoint.Serialize();
        byte[] datagram = new byte[1500];
        using var arrived = new AutoResetEvent(false);
        long received = 0;
        b.Start((_, _, _) =>
        {
            received = GC.GetAllocatedBytesForCurrentThread();
            arrived.Set();
        });

        long fewestSent = long.MaxValue, fewestReceived = long.MaxValue; // of some rounds: what the runtime allocates once falls into one of them
        for (int round = 0; round < 10; round++)
        {
            long sent = 0, receivedBefore = received;
            for (int i = 0; i < 50; i++)
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                a.Send(datagram, to);
                sent += GC.GetAllocatedBytesForCurrentThread() - before;
                WaitHandle.WaitAny([arrived, Cancel.WaitHandle]);
                Cancel.ThrowIfCancellationRequested();
            }

            (fewestSent, fewestReceived) = (Math.Min(fewestSent, sent), Math.Min(fewestReceived, received - receivedBefore));
        }

        Assert.Equal((0, 0), (fewestSent, fewestReceived));
    }

    [Fact]
    public void A_handler_may_dispose_its_socket()
    {
        var network = new SocketNetwork(TimeProvider.System);
        using IDatagramSocket a = network.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        IDatagramSocket b = network.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var done = new ManualResetEventSlim();
        b.Start((_, _, _) =>
        {
            b.Dispose();
            done.Set();
        });
        a.Send("x"u8, b.LocalEndPoint.Serialize());
        done.Wait(Cancel);
    }

    [Fact]
    public async Task An_IPv6_scope_is_kept()
    {
        IPAddress? linkLocal = System.Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(nic => nic.GetIPProperties().UnicastAddresses).Select(unicast => unicast.Address)
            .FirstOrDefault(address => address.IsIPv6LinkLocal);
        var local = new IPEndPoint(linkLocal ?? IPAddress.IPv6Loopback, 0);
        var network = new SocketNetwork(TimeProvider.System);
        await using IStreamListener listener = network.Listen(local);
        await using IStreamConnection client = await network.ConnectAsync(listener.LocalEndPoint, Cancel);
        await using IStreamConnection? server = await listener.AcceptAsync(Cancel);
        Assert.Equal(local.Address.ScopeId, server!.RemoteEndPoint.Address.ScopeId);
        Assert.Equal(local.Address.ScopeId, client.RemoteEndPoint.Address.ScopeId);
    }
}
