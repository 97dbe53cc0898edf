using System.Net;
using Raop.Tests.Fakes;

namespace Raop.Tests.Conversations;

/// <summary>The public API over real sockets and the real clock.</summary>
public sealed class LoopbackTests
{
    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("::1", "::1")]
    [InlineData("::", "127.0.0.1")]
    public async Task Music_goes_through_to_the_bit(string listen, string connect)
    {
        byte[] music = Music.Frames(30_000);
        await using var sink = new RecordingSink(TimeProvider.System);
        var ended = new TaskCompletionSource<RaopSessionEnded>();
        var options = new RaopReceiverOptions { Listen = new IPEndPoint(IPAddress.Parse(listen), 0), Password = "secret" };
        await using RaopReceiver receiver = RaopReceiver.Start(sink, options, e =>
        {
            if (e is RaopSessionEnded end) ended.TrySetResult(end);
        });
        var endPoint = new IPEndPoint(IPAddress.Parse(connect), receiver.EndPoint.Port);
        await using (RaopSender sender = await RaopSender.ConnectAsync(endPoint, new RaopSenderOptions { Password = "secret", Transport = RaopTransport.Tcp }, TestContext.Current.CancellationToken))
        {
            Assert.True(sender.Receiver.HoldsAirPortKey);
            await sender.PlayAsync(new ArraySource(music), TestContext.Current.CancellationToken);
        }

        RaopSessionEnded counts = await ended.Task.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(music, sink.Pcm);
        Assert.Equal((RaopEndCause.Teardown, music.Length / 4), (counts.Cause, counts.Counts.FramesWritten));
    }

    [Fact]
    public async Task A_group_over_both_transports_and_families_goes_through_to_the_bit()
    {
        CancellationToken cancel = TestContext.Current.CancellationToken;
        byte[] music = Music.Frames(30_000);
        string[] listen = ["127.0.0.1", "127.0.0.1", "::1", "127.0.0.1"];
        RecordingSink[] sinks = [.. listen.Select(_ => new RecordingSink(TimeProvider.System))];
        TaskCompletionSource[] ended = [.. listen.Select(_ => new TaskCompletionSource())];
        RaopReceiver[] receivers = [.. listen.Select((address, i) => RaopReceiver.Start(
            sinks[i], new RaopReceiverOptions { Listen = new IPEndPoint(IPAddress.Parse(address), 0) }, e => _ = e is RaopSessionEnded && ended[i].TrySetResult()))];
        await using (var group = new RaopGroup())
        {
            for (int i = 0; i < receivers.Length; i++)
            {
                var options = new RaopMemberOptions { Transport = i == 3 ? RaopTransport.Tcp : RaopTransport.Udp };
                await group.AddAsync(RaopSpeaker.At(receivers[i].EndPoint), options, cancel);
            }

            await group.PlayAsync(new ArraySource(music), cancellationToken: cancel);
        }

        foreach (TaskCompletionSource end in ended) await end.Task.WaitAsync(cancel);
        foreach (RaopReceiver receiver in receivers) await receiver.DisposeAsync();
        Assert.All(sinks, sink => Assert.True(sink.Pcm.AsSpan().IndexOf(music) >= 0));
    }

    [Fact]
    public async Task A_caller_who_blocks_does_not_stop_the_sender()
    {
        await using var sink = new RecordingSink(TimeProvider.System);
        await using RaopReceiver receiver = RaopReceiver.Start(sink, new RaopReceiverOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0) });
        CancellationToken cancel = TestContext.Current.CancellationToken;
        await Task.Run(
            async () => // without a synchronization context, as in a console
            {
                await using RaopSender sender = await RaopSender.ConnectAsync(receiver.EndPoint, new RaopSenderOptions { Transport = RaopTransport.Tcp }, cancel);
#pragma warning disable xUnit1031, CA1849 // blocking is what is tested
                sender.SetVolumeAsync(-3, cancel).Wait(cancel); // on the thread that ConnectAsync came back on
#pragma warning restore xUnit1031, CA1849
            },
            cancel);
    }

    [Fact]
    public async Task A_taken_port_is_said_to_be_taken()
    {
        await using var sink = new RecordingSink(TimeProvider.System);
        var options = new RaopReceiverOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0) };
        await using RaopReceiver first = RaopReceiver.Start(sink, options);
        RaopException e = Assert.Throws<RaopException>(() => RaopReceiver.Start(sink, options with { Listen = first.EndPoint }));
        Assert.Equal(RaopError.AddressInUse, e.Error);
        Assert.NotEmpty(e.Remedy);
    }
}
