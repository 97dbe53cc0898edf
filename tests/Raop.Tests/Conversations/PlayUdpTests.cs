using System.Net;
using Raop.Tests.Fakes;

namespace Raop.Tests.Conversations;

/// <summary>Our sender and our receiver over UDP, whole sessions on virtual time.</summary>
public sealed class PlayUdpTests
{
    private const int Second = 44_100;

    [Theory]
    [InlineData(RaopTransport.Udp, RaopEncryption.Rsa, RaopCodec.Alac, "10.0.1.103")]
    [InlineData(RaopTransport.Auto, RaopEncryption.Auto, RaopCodec.Auto, "10.0.1.103")]
    [InlineData(RaopTransport.Udp, RaopEncryption.None, RaopCodec.Pcm, "10.0.1.103")]
    [InlineData(RaopTransport.Udp, RaopEncryption.Rsa, RaopCodec.Alac, "fd00::103")]
    public void Every_frame_is_heard_to_the_bit(RaopTransport transport, RaopEncryption encryption, RaopCodec codec, string address)
    {
        var stage = new Stage();
        byte[] music = Music.Frames(200_001);
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive();
            var options = new RaopSenderOptions { Encryption = encryption, Codec = codec };
            await using (RaopSender sender = await stage.ConnectAsync(options, new IPEndPoint(IPAddress.Parse(address), 5000), transport))
            {
                Assert.Equal(RaopTransport.Udp, sender.Receiver.Transport);
                await sender.PlayAsync(new ArraySource(music));
                Assert.True(sender.Status.TimingSeen);
            }

            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());
        });
        Assert.Equal(music, WithoutSilence(stage.Sink.Pcm));
        Assert.Equal((0, 0), (stage.Ended.Counts.PacketsConcealed, stage.Ended.Counts.FramesChanged));
    }

    [Fact]
    public void What_the_network_loses_is_sent_again()
    {
        var stage = new Stage(11);
        stage.World.Between(stage.SenderHost, stage.ReceiverHost, path => (path.Loss, path.Jitter) = (0.03, TimeSpan.FromMilliseconds(10)));
        byte[] music = Music.Frames(Second * 8);
        long resent = 0;
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive();
            await using (RaopSender sender = await stage.ConnectAsync(transport: RaopTransport.Udp))
            {
                await sender.PlayAsync(new ArraySource(music));
                resent = sender.Status.Resent;
            }

            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());
        });
        Assert.Equal(music, WithoutSilence(stage.Sink.Pcm));
        Assert.Equal(0, stage.Ended.Counts.PacketsConcealed);
        Assert.True(resent > 10);
    }

    [Fact]
    public void Pause_and_resume_lose_no_frame_and_repeat_none()
    {
        var stage = new Stage();
        byte[] music = Music.Frames(Second * 8);
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive();
            await using (RaopSender sender = await stage.ConnectAsync(transport: RaopTransport.Udp))
            {
                Task playing = sender.PlayAsync(new ArraySource(music));
                await stage.WaitAsync(5);
                await sender.PauseAsync();
                int heard = stage.Sink.Pcm.Length;
                await stage.WaitAsync(30);
                Assert.Equal(heard, stage.Sink.Pcm.Length);
                await sender.ResumeAsync();
                await playing;
            }

            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());
        });

        Assert.Equal(music, stage.Sink.Pcm); // the answer to FLUSH says where it fell silent
    }

    /// <summary>Whole frames of silence at the ends are the receiver's own.</summary>
    private static byte[] WithoutSilence(byte[] pcm)
    {
        int first = pcm.AsSpan().IndexOfAnyExcept((byte)0) / 4 * 4, last = pcm.AsSpan().LastIndexOfAnyExcept((byte)0) / 4 * 4;
        return pcm[Math.Max(first, 0)..(last + 4)];
    }
}
