using System.Net;
using Raop.Audio;
using Raop.Rtp;
using Raop.Rtsp;
using Raop.Security;
using Raop.Tests.Fakes;
using Raop.Timing;

namespace Raop.Tests.Conversations;

/// <summary>Our receiver over UDP with packets that a decoder from outside decodes in its own time.</summary>
public sealed class UdpAacTests
{
    private const string Lc = "a=rtpmap:96 mpeg4-generic/44100/2\r\na=fmtp:96\r\n";
    private const string Eld = "a=rtpmap:96 mpeg4-generic/44100/2\r\na=fmtp:96 mode=AAC-eld; constantDuration=480\r\n";
    private const int Packets = 200;

    [Theory]
    [InlineData(Lc, 1024, "AAC", 1_000_000u)]
    [InlineData(Eld, 480, "AAC-ELD", 1_000_000u)]
    [InlineData(Lc, 1024, "AAC", 0xFFFF_0000u)] // RTP time wraps on the way
    public void Every_frame_comes_out_when_it_is_due(string sdp, int frames, string codec, uint rtpStart)
    {
        byte[] music = FakePacketDecoders.Pcm(frames, [.. Enumerable.Range(0, Packets)]);
        Run(new Stage(), sdp, frames, rtpStart, new(), async (stage, sender, decoders) =>
        {
            await PlayToTheEndAsync(stage, sender, music);
            Assert.Equal(music, stage.Sink.Pcm);
            Assert.All(UdpReceiverTests.Errors(stage, sender), error => Assert.InRange(error, -0.05, 0.05));
            RaopSessionCounts counts = stage.Ended.Counts;
            Assert.Equal((0L, 0L, 0L, 0), (counts.PacketsLost, counts.PacketsConcealed, counts.FramesChanged, counts.Underruns));
            RaopSessionStarted started = stage.Events.OfType<RaopSessionStarted>().Single();
            Assert.Equal((codec, frames, PcmFormat.AirTunes), (started.Codec, started.FramesPerPacket, started.Format));
            Assert.Equal((1, 1), (decoders.Opened, decoders.Disposed));
        });
    }

    [Fact]
    public void Encrypted_packets_are_decrypted_before_they_are_decoded()
    {
        byte[] key = [.. Enumerable.Range(1, 16).Select(static i => (byte)i)], iv = [.. Enumerable.Range(101, 16).Select(static i => (byte)i)];
        string keys = $"a=rsaaeskey:{Convert.ToBase64String(AirPortExpressKey.WrapKey(key))}\r\na=aesiv:{Convert.ToBase64String(iv)}\r\n";
        using var cipher = new PacketCipher(key, iv);
        byte[] music = FakePacketDecoders.Pcm(1024, [.. Enumerable.Range(0, 50)]);
        Run(new Stage(), Lc + keys, 1024, 1, new(), Encrypt, async (stage, sender, _) =>
        {
            await PlayToTheEndAsync(stage, sender, music);
            Assert.Equal(music, stage.Sink.Pcm);
            Assert.True(stage.Events.OfType<RaopSessionStarted>().Single().Encrypted);
        });

        byte[] Encrypt(int number)
        {
            byte[] packet = FakePacketDecoders.Encode(number);
            cipher.Encrypt(packet);
            return packet;
        }
    }

    [Fact]
    public void The_last_frames_are_decoded_and_played_when_the_sender_leaves_early()
    {
        byte[] music = FakePacketDecoders.Pcm(1024, [.. Enumerable.Range(0, 80)]);
        Run(new Stage(), Lc, 1024, 1, new() { Delay = TimeSpan.FromSeconds(1.9) }, async (stage, sender, decoders) =>
        {
            sender.BeginLine();
            await sender.PlayAsync(music);
            await LeaveAsync(stage, sender);
            Assert.Equal(music, stage.Sink.Pcm);
            Assert.Equal(64, decoders.MostOwed);
        });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Lost_packets_are_asked_for_again_and_decoded_in_order(int seed)
    {
        byte[] music = FakePacketDecoders.Pcm(1024, [.. Enumerable.Range(0, 400)]);
        var stage = new Stage(seed);
        stage.World.Between(stage.SenderHost, stage.ReceiverHost, path => (path.Loss, path.Jitter) = (0.05, TimeSpan.FromMilliseconds(40)));
        Run(stage, Lc, 1024, 1, new(), async (_, sender, decoders) =>
        {
            sender.BeginLine();
            await sender.PlayAsync(music);
            await sender.WaitUntilHeardAsync(music.Length / 4);
            await sender.DisposeAsync();
            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());
            Assert.Equal(music, stage.Sink.Pcm);
            Assert.Equal(Enumerable.Range(0, 400), decoders.Written);
            Assert.True(stage.Ended.Counts.PacketsRecovered > 5);
        });
    }

    [Fact]
    public void What_never_comes_or_cannot_be_decoded_is_a_hole_and_shifts_nothing()
    {
        int[] bad = [7, 60, 61, 62, 130];
        byte[] music = FakePacketDecoders.Pcm(1024, [.. Enumerable.Range(0, Packets)]);
        var stage = new Stage(4);
        stage.World.Path(stage.SenderHost, stage.ReceiverHost).Loss = 0.05;
        Run(stage, Lc, 1024, 1, new(), number => bad.Contains(number) ? [1, 2, 3, 4, 5] : FakePacketDecoders.Encode(number), async (_, sender, decoders) =>
        {
            sender.Resends = false;
            sender.BeginLine();
            await sender.PlayAsync(music);
            await sender.WaitUntilHeardAsync(music.Length / 4);
            await sender.DisposeAsync();
            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());
            byte[] heard = stage.Sink.Pcm;
            Assert.Equal(music.Length, heard.Length);
            HashSet<int> decoded = [.. decoders.Written];
            int holes = Packets - decoded.Count(number => number >= 0);
            Assert.InRange(holes, 8, 30);
            Assert.Equal(holes, stage.Ended.Counts.PacketsLost);
            for (int i = 1; i < Packets; i++)
            {
                if (!decoded.Contains(i) || !decoded.Contains(i - 1)) continue; // after a hole sound is blended in
                Assert.Equal(music.AsSpan(i * 4096, 4096), heard.AsSpan(i * 4096, 4096));
            }

            Assert.All(UdpReceiverTests.Errors(stage, sender), error => Assert.InRange(error, -0.05, 0.05));
        });
    }

    [Fact]
    public void A_pause_is_silent_at_once_and_what_follows_is_in_time()
    {
        byte[] music = FakePacketDecoders.Pcm(1024, [.. Enumerable.Range(0, 1000)]);
        Run(new Stage(), Lc, 1024, 1, new() { Delay = TimeSpan.FromSeconds(0.5) }, async (stage, sender, _) =>
        {
            sender.BeginLine();
            await sender.PlayAsync(music[..(4096 * 200)]);
            int before = stage.Sink.Pcm.Length;
            Assert.NotEqual(0, before);
            await sender.AskAsync($"FLUSH rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 5\nRTP-Info: seq={sender.SequenceStart + 200};rtptime={sender.RtpStart + (200 * 1024)}");
            await stage.WaitAsync(5);
            Assert.InRange(stage.Sink.Pcm.Length - before, 0, 4 * 882);
            before = stage.Sink.Pcm.Length;
            await sender.PlayAsync(music[(4096 * 480)..(4096 * 660)], 480); // farther than what may have been lost on the way
            await sender.WaitUntilHeardAsync(660 * 1024);
            await LeaveAsync(stage, sender);
            Assert.Equal(music[(4096 * 480)..(4096 * 660)], stage.Sink.Pcm[before..]);
        });
    }

    [Fact]
    public void A_clock_far_ahead_ends_nothing()
    {
        byte[] music = FakePacketDecoders.Pcm(1024, [.. Enumerable.Range(0, 60)]);
        var stage = new Stage();
        Run(stage, Lc, 1024, 1, new(), async (_, sender, _) =>
        {
            sender.BeginLine();
            Task playing = sender.PlayAsync(music);
            await stage.WaitAsync(0.2);
            byte[] sync = new byte[SyncPacket.Size];
            for (int i = 0; i < 4; i++)
            {
                ulong inHalfAMinute = NtpTime.FromTimestamp(stage.SenderHost.Clock.GetTimestamp() + 30_000_000_000, 1_000_000_000);
                new SyncPacket(i == 0, 7, sender.RtpStart, inHalfAMinute, sender.RtpStart + 77_175).WriteTo(sync);
                sender.SendControl([.. sync]);
            }

            await playing;
            await stage.WaitAsync(3);
            await LeaveAsync(stage, sender);
        });
        Assert.Equal(RaopEndCause.Teardown, stage.Ended.Cause);
    }

    [Theory]
    [InlineData("")]
    [InlineData("RTP-Info: rtptime=0")]
    public void A_flush_without_a_time_voids_what_the_decoder_owes(string info)
    {
        byte[] music = FakePacketDecoders.Pcm(1024, [.. Enumerable.Range(0, 300)]);
        Run(new Stage(), Lc, 1024, 1, new() { Delay = TimeSpan.FromSeconds(1) }, async (stage, sender, _) =>
        {
            sender.BeginLine();
            await sender.PlayAsync(music[..(4096 * 40)]);
            await sender.AskAsync($"FLUSH rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 5\n{info}".TrimEnd());
            await stage.WaitAsync(4);
            Assert.Empty(stage.Sink.Pcm);
            Assert.InRange(stage.Events.OfType<RaopFlushed>().Single().Frames, 38 * 1024, 40 * 1024);
            await sender.PlayAsync(music[(4096 * 240)..], 240);
            await sender.WaitUntilHeardAsync(300 * 1024);
            await LeaveAsync(stage, sender);
            Assert.Equal(music[(4096 * 240)..], stage.Sink.Pcm);
        });
    }

    [Fact]
    public void A_decoder_that_dies_ends_the_session_and_not_the_receiver()
    {
        var decoders = new FakeSettings { DiesAt = 50 };
        Run(new Stage(), Lc, 1024, 1, decoders, async (stage, sender, made) =>
        {
            sender.BeginLine();
            await sender.PlayAsync(FakePacketDecoders.Pcm(1024, [.. Enumerable.Range(0, 60)]));
            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());
            Assert.Equal((RaopEndCause.DecoderFailed, "The decoder died."), (stage.Ended.Cause, stage.Ended.Detail));
            Assert.Equal(1, made.Disposed);
            await using var next = Sender(stage, Lc, 1024, 1);
            await next.OpenAsync(Stage.Address);
            Assert.Equal(2, made.Opened);
        });
    }

    [Fact]
    public void A_decoder_that_hangs_ends_the_session_and_gets_no_more_than_it_may()
    {
        Run(new Stage(), Lc, 1024, 1, new() { HangsAt = 0 }, async (stage, sender, made) =>
        {
            sender.BeginLine();
            await Assert.ThrowsAnyAsync<Exception>(async () =>
            {
                await sender.PlayAsync(FakePacketDecoders.Pcm(1024, [.. Enumerable.Range(0, 400)]));
                await sender.AskAsync("OPTIONS * RTSP/1.0\nCSeq: 8");
            });
            Assert.Equal(RaopEndCause.DecoderFailed, stage.Ended.Cause);
            Assert.Contains("given nothing for 5 s", stage.Ended.Detail, StringComparison.Ordinal);
            Assert.Equal((64, 64, 1), (made.MostOwed, made.Written.Count, made.Disposed));
        });
    }

    [Fact]
    public void A_last_packet_that_cannot_be_decoded_and_a_pause_are_no_failure()
    {
        byte[] music = FakePacketDecoders.Pcm(1024, [.. Enumerable.Range(0, 400)]);
        Run(new Stage(), Lc, 1024, 1, new(), number => number is 49 or 399 ? [9, 9, 9, 9, 9] : FakePacketDecoders.Encode(number), async (stage, sender, _) =>
        {
            sender.BeginLine();
            await sender.PlayAsync(music[..(4096 * 50)]);
            await sender.WaitUntilHeardAsync(50 * 1024);
            await stage.WaitAsync(5);
            int before = stage.Sink.Pcm.Length;
            await sender.PlayAsync(music[(4096 * 350)..], 350);
            await LeaveAsync(stage, sender);
            Assert.Equal(RaopEndCause.Teardown, stage.Ended.Cause);
            Assert.Equal(4096 * 49, stage.Sink.Pcm[..before].Length, 4096.0);
            Assert.Equal(music[(4096 * 355)..(4096 * 399)], stage.Sink.Pcm[^(4096 * 44)..]);
        });
    }

    [Fact]
    public void A_decoder_that_does_not_start_ends_the_session()
    {
        var stage = new Stage();
        stage.World.Run(async () =>
        {
            var decoders = new FakePacketDecoders(stage.ReceiverHost.Clock) { Refusal = new RaopException(RaopError.UnsupportedFormat, "It does not start.") };
            await using RaopReceiver receiver = stage.Receive(new RaopReceiverOptions { Decoders = decoders });
            await using var sender = Sender(stage, Lc, 1024, 1);
            await Assert.ThrowsAnyAsync<Exception>(() => sender.OpenAsync(Stage.Address));
            Assert.Equal((RaopEndCause.DecoderFailed, "It does not start."), (stage.Ended.Cause, stage.Ended.Detail));
        });
    }

    [Theory]
    [InlineData(Lc, false, false, 415, "0,1")]
    [InlineData(Eld, true, false, 415, "0,1,2")]
    [InlineData(Lc, true, false, 200, "0,1,2")]
    [InlineData(Eld, true, true, 200, "0,1,2,3")]
    public void Announces_are_taken_as_far_as_there_are_decoders_and_not_over_TCP(string sdp, bool lc, bool eld, int status, string codecs)
    {
        var stage = new Stage();
        stage.World.Run(async () =>
        {
            PacketCodec[] known = [.. lc ? [PacketCodec.Aac] : (PacketCodec[])[], .. eld ? [PacketCodec.AacEld] : (PacketCodec[])[]];
            var options = new RaopReceiverOptions { Decoders = lc ? new FakePacketDecoders(stage.ReceiverHost.Clock) { Codecs = known } : null };
            await using RaopReceiver receiver = stage.Receive(options);
            Assert.Equal(codecs, string.Join(',', receiver.CodecNumbers));
            await using WireClient client = await WireClient.ConnectAsync(stage.SenderHost.Network, Stage.Address);
            string body = "v=0\r\no=iTunes 1 0 IN IP4 10.0.1.101\r\ns=iTunes\r\nc=IN IP4 10.0.1.103\r\nt=0 0\r\nm=audio 0 RTP/AVP 96\r\n" + sdp;
            RtspResponse announced = await client.AskAsync("ANNOUNCE rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 1\nContent-Type: application/sdp", body);
            Assert.Equal(status, announced.StatusCode);
            if (status != 200) return;
            RtspResponse setUp = await client.AskAsync("SETUP rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 2\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1;mode=record");
            Assert.Equal(461, setUp.StatusCode);
        });
    }

    private static async Task PlayToTheEndAsync(Stage stage, UdpScriptSender sender, byte[] music)
    {
        sender.BeginLine();
        await sender.PlayAsync(music);
        await sender.WaitUntilHeardAsync(music.Length / 4);
        await LeaveAsync(stage, sender);
    }

    private static async Task LeaveAsync(Stage stage, UdpScriptSender sender)
    {
        await sender.AskAsync("TEARDOWN rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 9");
        await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());
    }

    private static UdpScriptSender Sender(Stage stage, string sdp, int frames, uint rtpStart, Func<int, byte[]>? encode = null) =>
        new(stage.SenderHost, IPAddress.Parse("10.0.1.103")) { Sdp = sdp, PacketFrames = frames, RtpStart = rtpStart, Encode = encode ?? FakePacketDecoders.Encode };

    private static void Run(
        Stage stage, string sdp, int frames, uint rtpStart, FakeSettings settings, Func<Stage, UdpScriptSender, FakePacketDecoders, Task> body) =>
        Run(stage, sdp, frames, rtpStart, settings, FakePacketDecoders.Encode, body);

    private static void Run(
        Stage stage, string sdp, int frames, uint rtpStart, FakeSettings settings, Func<int, byte[]> encode,
        Func<Stage, UdpScriptSender, FakePacketDecoders, Task> body) => stage.World.Run(async () =>
    {
        var decoders = new FakePacketDecoders(stage.ReceiverHost.Clock) { Delay = settings.Delay, HangsAt = settings.HangsAt, DiesAt = settings.DiesAt };
        await using RaopReceiver receiver = stage.Receive(new RaopReceiverOptions { Decoders = decoders });
        await using UdpScriptSender sender = Sender(stage, sdp, frames, rtpStart, encode);
        await sender.OpenAsync(Stage.Address);
        await body(stage, sender, decoders);
    });

    private sealed record FakeSettings
    {
        public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(30);

        public int HangsAt { get; init; } = int.MaxValue;

        public int DiesAt { get; init; } = int.MaxValue;
    }
}
