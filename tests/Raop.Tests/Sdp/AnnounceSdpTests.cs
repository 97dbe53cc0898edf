using System.Net;
using System.Text;
using System.Text.Json;
using Alac;
using CsCheck;
using Raop.Rtsp;
using Raop.Sdp;
using Raop.Tests.Rtsp;
using Raop.Tests.Security;

namespace Raop.Tests.Sdp;

public sealed class AnnounceSdpTests
{
    private const string Start = "v=0\r\no=iTunes 1 0 IN IP4 10.0.0.1\r\ns=iTunes\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\nm=audio 0 RTP/AVP 96\r\n";
    private const string AlacLines = "a=rtpmap:96 AppleLossless\r\na=fmtp:96 4096 0 16 40 10 14 2 255 0 0 44100\r\n";
    private static readonly string Captured = Vectors.Get("sdp-content-length").Text("sdp");
    private static readonly byte[] Key = new byte[256], Iv = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    [Fact]
    public void Reads_the_published_announcement()
    {
        JsonElement oaep = Vectors.Get("oaep-unwrap-captured");
        AnnounceSdp sdp = Parse(Captured);
        Assert.Equal(SdpCodec.AppleLossless, sdp.Codec);
        Assert.Equal("96 4096 0 16 40 10 14 2 255 0 0 44100", sdp.FmtpLine);
        Assert.Equal(new AlacConfig(), sdp.Alac);
        Assert.Equal((44_100, 2, 4096), (sdp.SampleRate, sdp.Channels, sdp.FramesPerPacket));
        Assert.Equal(Convert.FromBase64String(oaep.Text("rsaaeskey") + "=="), sdp.EncryptedKey);
        Assert.Equal(oaep.Hex("aesiv_hex"), sdp.Iv);
        Assert.Equal("3172942895", sdp.SessionId);
        Assert.Equal(IPAddress.Parse("10.0.1.101"), sdp.OriginAddress);
        Assert.Null(sdp.ClientName);
        Assert.False(sdp.HasFairPlayKey);
    }

    [Fact]
    public void Writes_the_published_announcement()
    {
        AnnounceSdp sdp = Parse(Captured);
        byte[] written = AnnounceSdp.Write("3172942895", IPAddress.Parse("10.0.1.101"), IPAddress.Parse("10.0.1.103"), sdp.Alac!, sdp.EncryptedKey, sdp.Iv);
        Assert.Equal(Captured, Encoding.ASCII.GetString(written));
        Assert.Equal(567, written.Length);
    }

    [Theory]
    [InlineData("vlc-rtsp-sender.bin")]
    [InlineData("pulseaudio-session-sender.bin")]
    public async Task Reads_captured_announcements(string file)
    {
        RtspRequest announce = (await Feed.RequestsAsync(Vectors.Bytes(file)))[0];
        Assert.True(AnnounceSdp.TryParse(announce.Body.Span, out AnnounceSdp? sdp, out int status, out string reason), reason);
        Assert.Equal(200, status);
        Assert.Equal(RtspUri.LastSegment(announce.Uri), sdp.SessionId);
        Assert.Equal(new AlacConfig(), sdp.Alac);
        Assert.NotNull(sdp.EncryptedKey);
        Assert.NotNull(sdp.Iv);
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData("\n")]
    [InlineData("\r")]
    public void Takes_any_line_end_and_none_at_the_end(string lineEnd)
    {
        string text = Captured.Replace("\r\n", lineEnd, StringComparison.Ordinal);
        Assert.Equal(16, Parse(text).Iv!.Length);
        Assert.Equal(16, Parse(text.TrimEnd()).Iv!.Length);
        Assert.Equal(11_025, Parse(Start + AlacLines + "a=min-latency:11025").MinLatency); // PipeWire's last line
    }

    [Fact]
    public void Takes_the_habits_of_iOS()
    {
        string text = "v=0\r\no=AirTunes 2699324803567405959 0 IN IP4 fe80::1\r\ns=AirTunes\r\ni=Anna's iPhone\r\nc=IN IP4 fe80::1\r\nt=0 0\r\nm=audio 0 RTP/AVP 96\r\n"
            + "a=rtpmap:96 AppleLossless\r\na=fmtp:96 352 0 16 40 10 14 2 255 0 0 44100\r\n"
            + $"a=rsaaeskey:{Convert.ToBase64String(Key)}\r\na=aesiv:{Convert.ToBase64String(Iv)}\r\na=min-latency:11025\r\na=max-latency:88200\r\n";
        AnnounceSdp sdp = Parse(text);
        Assert.Equal(("2699324803567405959", "Anna's iPhone"), (sdp.SessionId, sdp.ClientName));
        Assert.Equal(IPAddress.Parse("fe80::1"), sdp.OriginAddress);
        Assert.Equal((11_025, 88_200), (sdp.MinLatency, sdp.MaxLatency));
        Assert.Equal(352, sdp.Alac!.FrameLength);
        Assert.Equal(Key, sdp.EncryptedKey);
    }

    [Fact]
    public void The_letter_O_for_zero_does_no_harm()
    {
        AnnounceSdp sdp = Parse(Captured.Replace("3172942895 0 IN", "3172942895 O IN", StringComparison.Ordinal));
        Assert.Equal("3172942895", sdp.SessionId);
        Assert.Equal(IPAddress.Parse("10.0.1.101"), sdp.OriginAddress);
    }

    [Fact]
    public void Blanks_in_and_around_the_key_do_no_harm()
    {
        string key = Convert.ToBase64String(Key);
        AnnounceSdp sdp = Parse($"{Start}{AlacLines} a=rsaaeskey:  {key[..76]} {key[76..]}\t\r\na=aesiv : {Convert.ToBase64String(Iv)} \r\n");
        Assert.Equal(Key, sdp.EncryptedKey);
        Assert.Equal(Iv, sdp.Iv);
    }

    [Theory]
    [InlineData("a=rtpmap:96 L16/44100/2\r\n", "L16", 44_100, 2, 352)]
    [InlineData("a=rtpmap:96 L16/48000\r\n", "L16", 48_000, 1, 352)]
    [InlineData("a=rtpmap:96 L16/44100/2\r\na=fmtp:96 512 0 16 40 10 14 2 255 0 0 44100\r\n", "L16", 44_100, 2, 512)] // pyatv
    [InlineData("a=rtpmap:96 L16/44100/2\r\na=fmtp:96 rubbish\r\n", "L16", 44_100, 2, 352)]
    [InlineData("a=fmtp:96 4096 0 24 40 10 14 1 255 0 0 48000\r\n", "AppleLossless", 48_000, 1, 4096)]
    [InlineData("a=rtpmap:96 applelossless\r\na=fmtp:96 4096 0 16 40 10 14 2 255 0 0 44100\r\nm=video 0 RTP/AVP 97\r\na=rtpmap:97 H264\r\na=fmtp:97\r\n", "AppleLossless", 44_100, 2, 4096)]
    [InlineData("a=recvonly\r\nx\r\n=\r\na=:\r\nb=AS:5\r\na=rtpmap:96 AppleLossless\r\na=fmtp:96 4096 0 16 40 10 14 2 255 0 0 44100 extra\r\n", "AppleLossless", 44_100, 2, 4096)]
    public void Understands_formats(string lines, string codec, int rate, int channels, int frames)
    {
        AnnounceSdp sdp = Parse(Start + lines);
        Assert.Equal((codec, rate, channels, frames), (sdp.Codec.ToString(), sdp.SampleRate, sdp.Channels, sdp.FramesPerPacket));
        Assert.Null(sdp.EncryptedKey);
        Assert.Null(sdp.Iv);
    }

    [Theory]
    [InlineData("a=rtpmap:96 mpeg4-generic/44100/2\r\na=fmtp:96\r\n", 200, 1024)]
    [InlineData("a=rtpmap:96 mpeg4-generic/44100/2\r\n", 200, 1024)]
    [InlineData("a=rtpmap:96 mpeg4-generic/44100/2\r\na=fmtp:96 mode=AAC-eld; constantDuration=480\r\n", 200, 480)]
    [InlineData("a=rtpmap:96 mpeg4-generic/44100/2\r\na=fmtp:96 mode=AAC-eld;constantDuration=512;x=1\r\n", 200, 512)]
    [InlineData("a=rtpmap:96 mpeg4-generic/44100/2\r\na=fmtp:96 mode=AAC-eld\r\n", 200, 480)]
    [InlineData("a=rtpmap:96 mpeg4-generic/44100/2\r\na=fmtp:96 mode=AAC-eld; constantDuration=1024\r\n", 415, 0)]
    [InlineData("a=rtpmap:96 mpeg4-generic/44100/2\r\na=fmtp:96 mode=AAC-eld; constantDuration=many\r\n", 415, 0)]
    [InlineData("a=rtpmap:96 mpeg4-generic/44100/2\r\na=fmtp:96 mode=AAC-hbr; sizeLength=13\r\n", 415, 0)]
    [InlineData("a=rtpmap:96 mpeg4-generic/48000/2\r\n", 415, 0)]
    [InlineData("a=rtpmap:96 mpeg4-generic/44100/6\r\n", 415, 0)]
    [InlineData("a=rtpmap:96 opus/48000/2\r\n", 415, 0)]
    public void Takes_AAC_when_it_can_be_decoded(string lines, int expected, int frames)
    {
        Assert.Equal(expected == 200, AnnounceSdp.TryParse(Encoding.ASCII.GetBytes(Start + lines), out AnnounceSdp? sdp, out int status, out _, _ => true));
        Assert.Equal(expected, status);
        if (expected == 200) Assert.Equal(frames, sdp!.FramesPerPacket);
        Assert.False(AnnounceSdp.TryParse(Encoding.ASCII.GetBytes(Start + lines), out _, out status, out _, _ => false));
        Assert.Equal(415, status);
    }

    [Theory]
    [InlineData("a=rtpmap:96 mpeg4-generic/44100/2\r\na=fmtp:96\r\n", 415, "Aac")]
    [InlineData("a=rtpmap:96 mpeg4-generic/44100/2\r\na=fmtp:96 mode=AAC-eld; constantDuration=480\r\n", 415, "AacEld")]
    [InlineData("a=rtpmap:96 opus/48000/2\r\n", 415, "Unknown")]
    [InlineData("a=rtpmap:96 \r\n", 415, "Unknown")]
    [InlineData(AlacLines + "a=fpaeskey:RlBMWQECAQAAAAA8\r\na=aesiv:AAECAwQFBgcICQoLDA0ODw\r\n", 406, "AppleLossless")]
    [InlineData(AlacLines + "a=aesiv:AAECAwQFBgcICQoLDA0ODw\r\n", 456, "AppleLossless")]
    [InlineData(AlacLines + "a=rsaaeskey:AAAA\r\n", 456, "AppleLossless")]
    [InlineData(AlacLines + "a=rsaaeskey:AAAA\r\na=aesiv:AAECAwQFBgcICQoLDA0ODw\r\n", 456, "AppleLossless")]
    [InlineData(AlacLines + "a=rsaaeskey:\r\na=aesiv:\r\n", 456, "AppleLossless")]
    public void Refuses_with_the_right_status_and_says_what_it_saw(string lines, int expected, string codec)
    {
        Assert.False(AnnounceSdp.TryParse(Encoding.ASCII.GetBytes(Start + lines), out AnnounceSdp? sdp, out int status, out string reason));
        Assert.Equal(expected, status);
        Assert.NotEmpty(reason);
        Assert.Equal(codec, sdp!.Codec.ToString());
    }

    [Fact]
    public void A_damaged_key_and_a_damaged_IV_look_the_same()
    {
        string key = Convert.ToBase64String(Key), iv = Convert.ToBase64String(Iv);
        var reasons = new HashSet<string>();
        foreach ((string k, string i) in new[] { (key[4..], iv), (key, iv[4..]), (key, "!" + iv[1..]), ("*" + key[1..], iv), (key + "AAAA", iv), (key, iv[..20] + "====") })
        {
            Assert.False(AnnounceSdp.TryParse(Encoding.ASCII.GetBytes($"{Start}{AlacLines}a=rsaaeskey:{k}\r\na=aesiv:{i}\r\n"), out _, out int status, out string reason));
            Assert.Equal(456, status);
            reasons.Add(reason);
        }

        Assert.Single(reasons);
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("v=0\r\n")]
    [InlineData("m=audio 0 RTP/AVP 96\r\na=rtpmap:96 AppleLossless\r\n")]
    [InlineData("m=video 0 RTP/AVP 96\r\na=rtpmap:96 AppleLossless\r\na=fmtp:96 4096 0 16 40 10 14 2 255 0 0 44100\r\n")]
    [InlineData("m=audio 0\r\na=rtpmap:96 AppleLossless\r\na=fmtp:96 4096 0 16 40 10 14 2 255 0 0\r\n")]
    [InlineData("m=audio 0\r\na=rtpmap:96 AppleLossless\r\na=fmtp:96 4096 0 16 40 10 14 2 255 0 0 44100\0\r\n")]
    public void Refuses_what_is_no_announcement(string text)
    {
        Assert.False(AnnounceSdp.TryParse(Encoding.ASCII.GetBytes(text), out AnnounceSdp? sdp, out int status, out string reason));
        Assert.Equal(400, status);
        Assert.NotEmpty(reason);
        Assert.Null(sdp);
    }

    [Theory]
    [InlineData(0, "-1", "128", "x")]
    [InlineData(1, "0", "16385", "4294967296")]
    [InlineData(2, "1", "-0", "00x")]
    [InlineData(3, "0", "8", "17", "31", "33")]
    [InlineData(4, "256", "-1", "1e1")]
    [InlineData(5, "256", "-1", "99999999999999999999")]
    [InlineData(6, "0", "32", "-14")]
    [InlineData(7, "0", "3", "8")]
    [InlineData(8, "65536", "-1", "0x10")]
    [InlineData(9, "4294967296", "-1", "1.5")]
    [InlineData(10, "4294967296", "-1", "+1")]
    [InlineData(11, "0", "384001", "-44100")]
    public void Refuses_impossible_numbers(int position, params string[] values)
    {
        foreach (string value in values)
        {
            string[] numbers = "96 4096 0 16 40 10 14 2 255 0 0 44100".Split(' ');
            numbers[position] = value;
            byte[] body = Encoding.ASCII.GetBytes($"{Start}a=rtpmap:96 AppleLossless\r\na=fmtp:{string.Join(' ', numbers)}\r\n");
            Assert.False(AnnounceSdp.TryParse(body, out _, out int status, out _), value);
            Assert.Equal(400, status);
        }
    }

    [Fact]
    public void Every_truncation_is_refused_or_understood()
    {
        byte[] body = Encoding.ASCII.GetBytes(Captured);
        int[] statuses = [.. Enumerable.Range(0, body.Length + 1).Select(length =>
        {
            bool ok = AnnounceSdp.TryParse(body.AsSpan(0, length), out AnnounceSdp? sdp, out int status, out string reason);
            Assert.Equal(ok, status == 200);
            Assert.Equal(ok, reason.Length == 0);
            return ok && sdp!.EncryptedKey is null ? 1 : status;
        })];

        // No audio yet, a codec cut short, no fmtp yet, a rate cut short, ALAC in clear (1), a key cut short or without IV, everything.
        Assert.Equal([400, 415, 400, 415, 1, 456, 200], statuses.Where((s, i) => i == 0 || statuses[i - 1] != s));
    }

    [Fact]
    public void Too_long_is_413()
    {
        byte[] body = new byte[AnnounceSdp.MaxLength + 1];
        Array.Fill(body, (byte)'a');
        Assert.False(AnnounceSdp.TryParse(body, out _, out int status, out _));
        Assert.Equal(413, status);
    }

    [Fact]
    public void Reads_what_it_wrote() =>
        Gen.Select(Gen.UInt, Gen.Byte.Array[16], Gen.Byte.Array[256], Gen.Bool, Gen.Bool, Gen.Int[1, 16_384], Gen.Int[0, 3], Gen.Int[8_000, 192_000]).Sample(
            (session, iv, key, encrypted, v6, frames, depth, rate) =>
            {
                var sender = new IPAddress(v6 ? iv : iv[..4]);
                if (sender.IsIPv4MappedToIPv6) sender = sender.MapToIPv4();
                var config = new AlacConfig
                {
                    FrameLength = frames, BitDepth = new[] { 16, 20, 24, 32 }[depth], SampleRate = rate, Channels = 1 + (frames & 1),
                    RiceHistoryMultiplier = key[0], RiceInitialHistory = key[1], RiceLimit = (byte)(1 + (key[2] % 31)),
                    MaxRun = key[3] * 257, MaxFrameBytes = session, AverageBitRate = ~session,
                };
                byte[] body = encrypted
                    ? AnnounceSdp.Write($"{session}", sender, IPAddress.Loopback, config, key, iv)
                    : AnnounceSdp.Write($"{session}", sender, IPAddress.Loopback, config);
                Assert.True(AnnounceSdp.TryParse(body, out AnnounceSdp? sdp, out _, out string reason), reason);
                Assert.Equal(config, sdp.Alac);
                Assert.Equal(sender, sdp.OriginAddress);
                Assert.Equal($"{session}", sdp.SessionId);
                Assert.Equal(encrypted ? key : null, sdp.EncryptedKey);
                Assert.Equal(encrypted ? iv : null, sdp.Iv);
            },
            iter: 500);

    [Fact]
    public void Damage_never_throws() => Gen.Select(Gen.Int[0, 566], Gen.Byte).Array[1, 8].Sample(changes =>
    {
        byte[] body = Encoding.ASCII.GetBytes(Captured);
        foreach ((int at, byte to) in changes) body[at] = to;
        bool ok = AnnounceSdp.TryParse(body, out _, out int status, out _);
        Assert.Equal(ok, status == 200);
    }, iter: 5_000);

    [Fact]
    public void Half_a_secret_is_not_written()
    {
        Assert.Throws<ArgumentException>(() => AnnounceSdp.Write("1", IPAddress.Loopback, IPAddress.Loopback, new AlacConfig(), Key));
        Assert.Throws<ArgumentException>(() => AnnounceSdp.Write("1", IPAddress.Loopback, IPAddress.Loopback, new AlacConfig(), default, Iv));
    }

    [Fact]
    public void IPv6_is_written_as_such()
    {
        string text = Encoding.ASCII.GetString(AnnounceSdp.Write("1", IPAddress.Parse("fe80::1%4"), IPAddress.Parse("fe80::2"), new AlacConfig()));
        Assert.Contains("o=iTunes 1 0 IN IP6 fe80::1\r\n", text, StringComparison.Ordinal);
        Assert.Contains("c=IN IP6 fe80::2\r\n", text, StringComparison.Ordinal);
    }

    private static AnnounceSdp Parse(string text)
    {
        Assert.True(AnnounceSdp.TryParse(Encoding.UTF8.GetBytes(text), out AnnounceSdp? sdp, out int status, out string reason), reason);
        Assert.Equal((200, ""), (status, reason));
        return sdp;
    }
}
