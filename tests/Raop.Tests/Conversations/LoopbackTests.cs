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
