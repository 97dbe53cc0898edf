using System.Net;
using Raop.Rtsp;
using Raop.Sdp;
using Raop.Tests.Fakes;

namespace Raop.Tests.Conversations;

/// <summary>Our sender over UDP against a receiver that hears to the instant.</summary>
public sealed class SenderUdpTests
{
    [Theory]
    [InlineData(RaopEncryption.Rsa, RaopCodec.Alac, 100_000)]
    [InlineData(RaopEncryption.None, RaopCodec.Alac, 100_000)]
    [InlineData(RaopEncryption.Rsa, RaopCodec.Pcm, 100_000)]
    [InlineData(RaopEncryption.Auto, RaopCodec.Auto, 352 * 100)]
    [InlineData(RaopEncryption.Auto, RaopCodec.Auto, 1)]
    public void Every_frame_is_heard_to_the_bit(RaopEncryption encryption, RaopCodec codec, int frames)
    {
        (Stage stage, FakeUdpReceiver fake) = Set();
        byte[] music = Music.Frames(frames);
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await ConnectAsync(stage, new RaopSenderOptions { Encryption = encryption, Codec = codec });
            Assert.Equal(RaopTransport.Udp, sender.Receiver.Transport);
            Assert.Equal(codec == RaopCodec.Pcm ? RaopCodec.Pcm : RaopCodec.Alac, sender.Receiver.Codec);
            Assert.Equal(encryption != RaopEncryption.None, sender.Receiver.Encrypted);
            await sender.PlayAsync(new ArraySource(music));
        });
        Assert.Equal(music, fake.Heard);
        Assert.Empty(fake.Gaps);
        Assert.Equal(0, fake.Orphans);
        Assert.Equal(["OPTIONS", "ANNOUNCE", "SETUP", "RECORD", "SET_PARAMETER", "TEARDOWN"], fake.Methods);
        Assert.Equal(codec == RaopCodec.Pcm ? SdpCodec.L16 : SdpCodec.AppleLossless, fake.Announced!.Codec);
    }

    private static (Stage Stage, FakeUdpReceiver Fake) Set()
    {
        var stage = new Stage();
        return (stage, new FakeUdpReceiver(stage.ReceiverHost, stage.SenderHost.Clock));
    }

    private static Task<RaopSender> ConnectAsync(Stage stage, RaopSenderOptions? options = null, IPEndPoint? address = null) =>
        stage.ConnectAsync(options, address, RaopTransport.Udp);
}
