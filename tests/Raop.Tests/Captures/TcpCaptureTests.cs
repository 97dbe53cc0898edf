using System.Buffers;
using System.Security.Cryptography;
using Alac;
using Raop.Rtp;
using Raop.Sdp;
using Raop.Security;

namespace Raop.Tests.Captures;

/// <summary>Sessions of real senders over TCP, read from the wire and decoded to the PCM whose digest the capture states.</summary>
public class TcpCaptureTests
{
    private const string Vlc = "vlc-tcp-rsa.pcap", PulseAudio = "pulseaudio-tcp-rsa.pcap";

    [Theory]
    [InlineData(Vlc, new[] { "ANNOUNCE", "SETUP", "RECORD", "SET_PARAMETER", "FLUSH", "TEARDOWN" })]
    [InlineData(PulseAudio, new[] { "OPTIONS", "ANNOUNCE", "SETUP", "RECORD", "SET_PARAMETER", "FLUSH" })] // closes without TEARDOWN
    public async Task Requests_and_answers_are_read(string file, string[] methods)
    {
        CapturedSession session = await CapturedSession.ReadAsync(Capture.Load(file));
        Assert.Equal(methods, session.Requests.Select(request => request.Method));
        Assert.Equal(methods.Length, session.Responses.Count);
        Assert.All(session.Requests.Zip(session.Responses), pair => Assert.Equal((200, pair.First.CSeq), (pair.Second.StatusCode, pair.Second.CSeq)));
    }

    [Theory]
    [InlineData(Vlc)]
    [InlineData(PulseAudio)]
    public async Task The_announcement_gives_the_stated_format_and_key(string file)
    {
        Capture capture = Capture.Load(file);
        AnnounceSdp sdp = (await CapturedSession.ReadAsync(capture)).Announcement!;
        byte[] key = new byte[AirPortExpressKey.AesKeySize];
        Assert.True(AirPortExpressKey.TryUnwrapKey(sdp.EncryptedKey, key));
        Assert.Equal(capture.AesKey, key);
        Assert.Equal(capture.AesIv, sdp.Iv);
        Assert.Equal((4096, 16, 2, 44_100), (sdp.FramesPerPacket, sdp.Alac!.BitDepth, sdp.Channels, sdp.SampleRate));
        Assert.Equal(capture.Fmtp, sdp.FmtpLine);
    }

    [Theory]
    [InlineData(Vlc)]
    [InlineData(PulseAudio)]
    public async Task The_audio_decodes_to_the_stated_digest(string file)
    {
        Capture capture = Capture.Load(file);
        CapturedSession session = await CapturedSession.ReadAsync(capture);
        AlacDecoder decoder = new(session.Announcement!.Alac!);
        using PacketCipher cipher = new(capture.AesKey, capture.AesIv);
        byte[] pcm = new byte[decoder.Config.MaxPcmSize];
        List<byte> decoded = [];
        int packets = 0;
        ReadOnlySequence<byte> audio = new(Assert.Single(capture.Conversations(session.Answer!.ServerPort!.Value)).ToServer);
        while (InterleavedFrame.TryRead(ref audio, out byte channel, out ReadOnlySequence<byte> body))
        {
            Assert.Equal(0, channel);
            byte[] payload = body.Slice(RtpHeader.Size).ToArray();
            cipher.Decrypt(payload);
            Assert.Equal(AlacStatus.Ok, decoder.Decode(payload, pcm, out int frames));
            decoded.AddRange(pcm.AsSpan(0, frames * decoder.Config.BytesPerFrame));
            packets++;
        }

        Assert.True(audio.IsEmpty);
        Assert.Equal(capture.AudioPackets, packets);
        Assert.Equal(capture.PcmFrames, decoded.Count / decoder.Config.BytesPerFrame);
        Assert.Equal(capture.PcmSha256, Convert.ToHexStringLower(SHA256.HashData([.. decoded])));
    }
}
