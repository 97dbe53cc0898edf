using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Raop.Network;

namespace Raop.Tests.Network;

/// <summary>What every network does. Each version of it runs these tests.</summary>
public abstract class NetworkContract
{
    private static readonly string[] BothFamilies = ["127.0.0.1", "::1"];

    public static TheoryData<string> Loopbacks => new(BothFamilies);

    /// <summary>Runs a test on a network, to its end.</summary>
    private protected abstract Task RunAsync(Func<INetwork, Task> test);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Loopbacks))]
    public Task Echoes_what_was_sent(string address) => WithPairAsync(address, async (client, server) =>
    {
        await client.Output.WriteAsync("OPTIONS * RTSP/1.0\r\n"u8.ToArray(), Cancel);
        byte[] request = await ReadAsync(server.Input, 20);
        await server.Output.WriteAsync(request, Cancel);
        Assert.Equal("OPTIONS * RTSP/1.0\r\n"u8.ToArray(), await ReadAsync(client.Input, 20));
        Assert.Equal(client.LocalEndPoint, server.RemoteEndPoint);
        Assert.Equal(client.RemoteEndPoint, server.LocalEndPoint);
    });

    [Theory, MemberData(nameof(Loopbacks))]
    public Task Carries_a_megabyte_in_order(string address) => WithPairAsync(address, async (client, server) =>
    {
        byte[] sent = new byte[1_000_003];
        new Random(1).NextBytes(sent);
        Task sending = SendAsync(client.Output, sent);
        Assert.Equal(sent, await ReadAsync(server.Input, sent.Length));
        await sending;
        Assert.True((await server.Input.ReadAsync(Cancel)).IsCompleted);
    });

    [Fact]
    public Task A_refused_connection_says_so() => RunAsync(async network =>
    {
        IStreamListener listener = network.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        await listener.DisposeAsync();
        RaopException e = await Assert.ThrowsAsync<RaopException>(() => network.ConnectAsync(listener.LocalEndPoint, Cancel).AsTask());
        Assert.Equal(RaopError.Refused, e.Error);
        Assert.Contains(listener.LocalEndPoint.ToString(), e.Message);
        Assert.NotEmpty(e.Remedy);
    });

    [Fact]
    public Task A_cancelled_connect_leaves_nothing() => RunAsync(async network =>
    {
        await using IStreamListener listener = network.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => network.ConnectAsync(listener.LocalEndPoint, new CancellationToken(canceled: true)).AsTask());
    });

    [Fact]
    public Task A_completed_output_ends_one_way_only() => WithPairAsync("127.0.0.1", async (client, server) =>
    {
        await client.Output.WriteAsync("last"u8.ToArray(), Cancel);
        await client.Output.CompleteAsync();
        Assert.Equal("last"u8.ToArray(), await ReadAsync(server.Input, 4));
        Assert.True((await server.Input.ReadAsync(Cancel)).IsCompleted);

        await server.Output.WriteAsync("still here"u8.ToArray(), Cancel);
        Assert.Equal("still here"u8.ToArray(), await ReadAsync(client.Input, 10));
    });

    [Fact]
    public Task A_peer_that_takes_nothing_holds_back_the_writer() => WithPairAsync("127.0.0.1", async (client, server) =>
    {
        byte[] chunk = new byte[16 * 1024];
        long written = 0;
        ValueTask<FlushResult> flush;
        do
        {
            flush = client.Output.WriteAsync(chunk, Cancel);
            written += chunk.Length;
            if (!flush.IsCompleted) await Task.WhenAny(flush.AsTask(), QuietAsync());
            Assert.True(written < 64 * 1024 * 1024, "Nothing holds the writer back.");
        }
        while (flush.IsCompleted);

        await ReadAsync(server.Input, (int)written);
    });

    [Fact]
    public Task A_disposed_peer_is_an_end() => WithPairAsync("127.0.0.1", async (client, server) =>
    {
        await server.Output.WriteAsync("bye"u8.ToArray(), Cancel);
        await ReadAsync(client.Input, 3);
        await server.DisposeAsync();
        Assert.True((await client.Input.ReadAsync(Cancel)).IsCompleted);
    });

    [Fact]
    public Task An_answer_followed_by_a_dispose_arrives() => WithPairAsync("127.0.0.1", async (client, server) =>
    {
        byte[] answer = new byte[50_000];
        new Random(2).NextBytes(answer);
        await server.Output.WriteAsync(answer, Cancel);
        await server.DisposeAsync();
        Assert.Equal(answer, await ReadAsync(client.Input, answer.Length));
        Assert.True((await client.Input.ReadAsync(Cancel)).IsCompleted);
    });

    [Fact]
    public Task Writing_to_a_disposed_peer_fails() => WithPairAsync("127.0.0.1", async (client, server) =>
    {
        await server.DisposeAsync();
        RaopException e = await Assert.ThrowsAsync<RaopException>(async () =>
        {
            while (true)
            {
                await client.Output.WriteAsync(new byte[1000], Cancel);
                await QuietAsync();
            }
        });
        Assert.Equal(RaopError.ConnectionLost, e.Error);
    });

    [Fact]
    public Task Disposing_ends_a_waiting_read_and_later_writes() => WithPairAsync("127.0.0.1", async (client, _) =>
    {
        Task<ReadResult> reading = client.Input.ReadAsync(Cancel).AsTask();
        await client.DisposeAsync();
        RaopException e = await Assert.ThrowsAsync<RaopException>(() => reading);
        Assert.Equal(RaopError.ConnectionLost, e.Error);
        e = await Assert.ThrowsAsync<RaopException>(() => client.Output.WriteAsync(new byte[1], Cancel).AsTask());
        Assert.Equal(RaopError.ConnectionLost, e.Error);
        await client.DisposeAsync();
    });

    [Fact]
    public Task Disposing_ends_a_write_that_is_held_back() => WithPairAsync("127.0.0.1", async (client, _) =>
    {
        Task writing = SendAsync(client.Output, new byte[64 * 1024 * 1024]);
        await QuietAsync();
        Assert.False(writing.IsCompleted);
        await client.DisposeAsync();
        Assert.Equal(RaopError.ConnectionLost, (await Assert.ThrowsAsync<RaopException>(() => writing)).Error);
    });

    [Fact]
    public Task An_output_completed_with_an_error_loses_the_connection() => WithPairAsync("127.0.0.1", async (client, server) =>
    {
        await client.Output.CompleteAsync(new InvalidDataException("broken"));
        Assert.Equal(RaopError.ConnectionLost, (await Assert.ThrowsAsync<RaopException>(() => client.Input.ReadAsync(Cancel).AsTask())).Error);
        await EndAsync(server.Input);
    });

    [Fact]
    public Task A_read_can_be_cancelled_and_tried_again() => WithPairAsync("127.0.0.1", async (client, server) =>
    {
        using var stop = new CancellationTokenSource();
        Task<ReadResult> reading = client.Input.ReadAsync(stop.Token).AsTask();
        stop.Cancel(); // CancelAsync would leave the simulation's thread
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        await server.Output.WriteAsync("x"u8.ToArray(), Cancel);
        Assert.Equal("x"u8.ToArray(), await ReadAsync(client.Input, 1));
    });

    [Fact]
    public Task A_disposed_listener_accepts_null() => RunAsync(async network =>
    {
        IStreamListener listener = network.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        Task<IStreamConnection?> waiting = listener.AcceptAsync(Cancel).AsTask();
        await listener.DisposeAsync();
        Assert.Null(await waiting);
        Assert.Null(await listener.AcceptAsync(Cancel));
    });

    [Fact]
    public Task A_cancelled_accept_loses_no_stream() => RunAsync(async network =>
    {
        await using IStreamListener listener = network.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        using var stop = new CancellationTokenSource();
        Task<IStreamConnection?> waiting = listener.AcceptAsync(stop.Token).AsTask();
        stop.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await using IStreamConnection client = await network.ConnectAsync(listener.LocalEndPoint, Cancel);
        await using IStreamConnection? server = await listener.AcceptAsync(Cancel);
        Assert.Equal(client.LocalEndPoint, server?.RemoteEndPoint);
    });

    [Fact]
    public Task A_port_is_taken_once_and_free_after_a_restart() => RunAsync(async network =>
    {
        IStreamListener listener = network.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        RaopException e = Assert.Throws<RaopException>(() => network.Listen(listener.LocalEndPoint));
        Assert.Equal(RaopError.AddressInUse, e.Error);
        Assert.NotEmpty(e.Remedy);

        IStreamConnection client = await network.ConnectAsync(listener.LocalEndPoint, Cancel);
        IStreamConnection? server = await listener.AcceptAsync(Cancel);
        await server!.DisposeAsync(); // the server's side keeps TIME_WAIT
        await client.DisposeAsync();
        await listener.DisposeAsync();
        await using IStreamListener again = network.Listen(listener.LocalEndPoint);
        Assert.Equal(listener.LocalEndPoint, again.LocalEndPoint);
    });

    [Fact]
    public Task A_foreign_address_cannot_be_used() => RunAsync(network =>
    {
        var foreign = new IPEndPoint(IPAddress.Parse("192.0.2.77"), 0);
        Assert.Equal(RaopError.AddressInUse, Assert.Throws<RaopException>(() => network.Listen(foreign)).Error);
        Assert.Equal(RaopError.AddressInUse, Assert.Throws<RaopException>(() => network.Bind(foreign)).Error);
        return Task.CompletedTask;
    });

    [Fact]
    public Task An_IPv6_Any_listener_takes_both_families() => RunAsync(async network =>
    {
        await using IStreamListener listener = network.Listen(new IPEndPoint(IPAddress.IPv6Any, 0));
        foreach (string address in BothFamilies)
        {
            await using IStreamConnection client = await network.ConnectAsync(new IPEndPoint(IPAddress.Parse(address), listener.LocalEndPoint.Port), Cancel);
            await using IStreamConnection? server = await listener.AcceptAsync(Cancel);
            Assert.Equal(client.LocalEndPoint, server!.RemoteEndPoint);
            Assert.Equal(IPAddress.Parse(address), server.LocalEndPoint.Address);
        }
    });

    [Theory, MemberData(nameof(Loopbacks))]
    public Task Datagrams_go_both_ways(string address) => RunAsync(async network =>
    {
        using IDatagramSocket a = network.Bind(new IPEndPoint(IPAddress.Parse(address), 0)), b = network.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        await PingAsync(a, b, a.LocalEndPoint, b.LocalEndPoint);
    });

    [Theory, MemberData(nameof(Loopbacks))]
    public Task A_datagram_socket_on_IPv6_Any_speaks_both_families(string address) => RunAsync(async network =>
    {
        using IDatagramSocket a = network.Bind(new IPEndPoint(IPAddress.IPv6Any, 0)), b = network.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        await PingAsync(a, b, new IPEndPoint(IPAddress.Parse(address), a.LocalEndPoint.Port), b.LocalEndPoint);
    });

    [Fact]
    public Task A_datagram_to_nobody_is_lost_and_the_socket_works_on() => RunAsync(async network =>
    {
        using IDatagramSocket a = network.Bind(new IPEndPoint(IPAddress.Loopback, 0)), b = network.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        IDatagramSocket gone = network.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        gone.Dispose();
        a.Send("?"u8, gone.LocalEndPoint.Serialize());
        a.Send("?"u8, new IPEndPoint(IPAddress.IPv6Loopback, 9).Serialize()); // not even the right family
        await PingAsync(a, b, a.LocalEndPoint, b.LocalEndPoint);
    });

    [Fact]
    public Task What_has_come_is_handed_over_to_who_looks_for_it() => RunAsync(async network =>
    {
        using IDatagramSocket a = network.Bind(new IPEndPoint(IPAddress.Loopback, 0)), b = network.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        List<string> got = [];
        Assert.Equal(0, b.Drain(Take, 10));
        a.Send("one"u8, b.LocalEndPoint.Serialize());
        a.Send([], b.LocalEndPoint.Serialize()); // hides what comes after it from those who ask for available bytes
        a.Send("three"u8, b.LocalEndPoint.Serialize());
        await QuietAsync();
        Assert.Equal(2, b.Drain(Take, 2));
        Assert.Equal(1, b.Drain(Take, 2));
        Assert.Equal(0, b.Drain(Take, 2));
        Assert.Equal(["one", "", "three"], got);

        void Take(ReadOnlySpan<byte> datagram, SocketAddress from, long at)
        {
            Assert.Equal(a.LocalEndPoint, a.LocalEndPoint.Create(from));
            Assert.NotEqual(0, at);
            got.Add(System.Text.Encoding.ASCII.GetString(datagram));
        }
    });

    [Fact]
    public Task A_disposed_datagram_socket_is_silent() => RunAsync(network =>
    {
        IDatagramSocket a = network.Bind(new IPEndPoint(IPAddress.Loopback, 0)), idle = network.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        a.Start((_, _, _) => { });
        Assert.Throws<InvalidOperationException>(() => a.Start((_, _, _) => { }));
        idle.Dispose();
        a.Dispose();
        a.Dispose();
        a.Send("?"u8, idle.LocalEndPoint.Serialize());
        return Task.CompletedTask;
    });

    /// <summary>Long enough for whatever goes on by itself to come to rest.</summary>
    private protected abstract Task QuietAsync();

    private protected static async Task<byte[]> ReadAsync(PipeReader input, int length)
    {
        ReadResult result = await input.ReadAtLeastAsync(length, Cancel);
        byte[] bytes = result.Buffer.Slice(0, length).ToArray();
        input.AdvanceTo(result.Buffer.GetPosition(length));
        return bytes;
    }

    private static async Task SendAsync(PipeWriter output, byte[] bytes)
    {
        for (int at = 0; at < bytes.Length; at += 10_000) await output.WriteAsync(bytes.AsMemory(at, Math.Min(10_000, bytes.Length - at)), Cancel);
        await output.CompleteAsync();
    }

    /// <summary>Reads to the end, be it orderly or not.</summary>
    private static async Task EndAsync(PipeReader input)
    {
        try
        {
            while (true)
            {
                ReadResult result = await input.ReadAsync(Cancel);
                if (result.IsCompleted) return;
                input.AdvanceTo(result.Buffer.End);
            }
        }
        catch (RaopException e) when (e.Error == RaopError.ConnectionLost)
        {
            // a reset, then
        }
    }

    private static async Task PingAsync(IDatagramSocket a, IDatagramSocket b, IPEndPoint aAddress, IPEndPoint bAddress)
    {
        var back = new TaskCompletionSource<(string Text, EndPoint From, long At)>();
        b.Start((datagram, from, _) =>
        {
            Assert.Equal(aAddress, aAddress.Create(from));
            b.Send([.. datagram, .. " pong"u8], from);
        });
        a.Start((datagram, from, at) => back.TrySetResult((System.Text.Encoding.ASCII.GetString(datagram), bAddress.Create(from), at)));
        a.Send("ping"u8, bAddress.Serialize());
        (string text, EndPoint sender, long timestamp) = await back.Task;
        Assert.Equal("ping pong", text);
        Assert.Equal(bAddress, sender);
        Assert.NotEqual(0, timestamp);
    }

    private protected Task WithPairAsync(string address, Func<IStreamConnection, IStreamConnection, Task> test) => RunAsync(async network =>
    {
        await using IStreamListener listener = network.Listen(new IPEndPoint(IPAddress.Parse(address), 0));
        await using IStreamConnection client = await network.ConnectAsync(listener.LocalEndPoint, Cancel);
        await using IStreamConnection? server = await listener.AcceptAsync(Cancel);
        Assert.NotNull(server);
        await test(client, server);
    });
}
