using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Raop.Metadata;
using Raop.Network;
using Raop.Rtp;
using Raop.Tests.Fakes;
using Raop.Tests.Simulation;

namespace Raop.Tests.Conversations;

/// <summary>Our receiver over UDP, against a sender whose habits the test sets.</summary>
public sealed class UdpReceiverTests
{
    [Fact]
    public void Every_frame_comes_out_when_it_is_due()
    {
        byte[] music = Music.Frames(44_100 * 5);
        Run(new Stage(), async (stage, sender) =>
        {
            sender.BeginLine();
            await sender.PlayAsync(music);
            await sender.WaitUntilHeardAsync(music.Length / 4);
            await sender.AskAsync("TEARDOWN rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 9");
            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());

            Assert.Equal(music, stage.Sink.Pcm);
            Assert.All(Errors(stage, sender), error => Assert.InRange(error, -0.05, 0.05));
            RaopSessionCounts counts = stage.Ended.Counts;
            Assert.Equal((0L, 0L, 0L, 0), (counts.PacketsLost, counts.PacketsConcealed, counts.FramesChanged, counts.Underruns));
            Assert.Equal(RaopEndCause.Teardown, stage.Ended.Cause);
        });
    }

    [Fact]
    public void The_last_frames_are_played_when_the_sender_leaves_early()
    {
        byte[] music = Music.Frames(44_100 * 2);
        Run(new Stage(), async (stage, sender) =>
        {
            sender.BeginLine();
            await sender.PlayAsync(music);
            await sender.AskAsync("TEARDOWN rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 9");
            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());
            Assert.Equal(music, stage.Sink.Pcm);
        });
    }

    [Fact]
    public void Lost_packets_are_asked_for_again()
    {
        byte[] music = Music.Frames(44_100 * 10);
        var stage = new Stage(5); // one whose last packet arrives: of another nobody would know
        stage.World.Between(stage.SenderHost, stage.ReceiverHost, path => path.Loss = 0.05);
        Run(stage, async (_, sender) =>
        {
            sender.BeginLine();
            await sender.PlayAsync(music);
            await sender.WaitUntilHeardAsync(music.Length / 4);
            await sender.DisposeAsync();
            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());
            Assert.Equal(music, stage.Sink.Pcm);
            Assert.True(stage.Ended.Counts.PacketsRecovered > 20);
            Assert.Equal(0, stage.Ended.Counts.PacketsConcealed);
        });
    }

    [Fact]
    public void A_hole_that_nobody_fills_is_hidden_and_counted()
    {
        byte[] music = Music.Frames(44_100 * 10);
        var stage = new Stage(6); // its last packet arrives
        stage.World.Path(stage.SenderHost, stage.ReceiverHost).Loss = 0.05;
        Run(stage, async (_, sender) =>
        {
            sender.Resends = false;
            sender.BeginLine();
            await sender.PlayAsync(music);
            await sender.WaitUntilHeardAsync(music.Length / 4);
            await sender.DisposeAsync();
            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());
            RaopSessionCounts counts = stage.Ended.Counts;
            Assert.InRange(counts.PacketsLost, 30, 100);
            Assert.Equal(counts.PacketsLost, counts.PacketsConcealed);
            Assert.Equal(music.Length, stage.Sink.Pcm.Length);
            Assert.All(Errors(stage, sender), error => Assert.InRange(error, -0.05, 0.05));
        });
    }

    [Fact]
    public void A_pause_is_silent_at_once_and_what_follows_is_in_time()
    {
        byte[] music = Music.Frames(352 * 600);
        Run(new Stage(), async (stage, sender) =>
        {
            sender.BeginLine();
            await sender.PlayAsync(music[..(352 * 4 * 400)]);
            int before = stage.Sink.Pcm.Length;
            await sender.AskAsync($"FLUSH rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 5\nRTP-Info: seq={sender.SequenceStart + 400};rtptime={sender.RtpStart + (400 * 352)}");
            await stage.WaitAsync(5);
            Assert.InRange(stage.Sink.Pcm.Length - before, 0, 4 * 882);
            before = stage.Sink.Pcm.Length;
            await sender.PlayAsync(music[(352 * 4 * 400)..], 400 + 627); // 5 s later on the line
            await sender.WaitUntilHeardAsync((627 + 600) * 352);
            await sender.AskAsync("TEARDOWN rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 9");
            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());
            Assert.Equal(music[(352 * 4 * 400)..], stage.Sink.Pcm[before..]);
            Assert.All(Errors(stage, sender), error => Assert.InRange(error, -0.05, 0.05));
        });
    }

    [Fact]
    public void What_a_stranger_sends_is_not_heard()
    {
        byte[] music = Music.Frames(44_100 * 4);
        var stage = new Stage();
        SimulatedHost stranger = stage.World.AddHost("stranger", "10.0.1.66");
        Run(stage, async (_, sender) =>
        {
            using IDatagramSocket socket = stranger.Network.Bind(new IPEndPoint(IPAddress.Any, 0));
            sender.BeginLine();
            Task playing = sender.PlayAsync(music);
            await stage.WaitAsync(1);
            byte[] packet = new byte[RtpHeader.Size + 1408], sync = new byte[SyncPacket.Size];
            for (int i = 0; i < 100; i++)
            {
                new RtpHeader(false, RtpHeader.Audio, (ushort)(sender.SequenceStart + 130 + i), sender.RtpStart + (uint)((130 + i) * 352), 1).WriteTo(packet);
                new SyncPacket(true, 7, sender.RtpStart, (ulong)i << 40, sender.RtpStart + 352).WriteTo(sync);
                socket.Send(packet, new IPEndPoint(Stage.Address.Address, sender.Transport!.ServerPort!.Value).Serialize());
                socket.Send(sync, new IPEndPoint(Stage.Address.Address, sender.Transport.ControlPort!.Value).Serialize());
            }

            await playing;
            await sender.WaitUntilHeardAsync(music.Length / 4);
            await sender.AskAsync("TEARDOWN rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 9");
            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());
            Assert.Equal(music, stage.Sink.Pcm);
        });
    }

    [Fact]
    public void A_session_ends_soon_after_its_control_connection_though_audio_goes_on() => Run(new Stage(), async (stage, sender) =>
    {
        sender.BeginLine();
        Task playing = sender.PlayAsync(Music.Frames(44_100 * 40));
        await stage.WaitAsync(4);
        await sender.Rtsp.DisposeAsync();
        await stage.WaitAsync(13);
        Assert.Equal(RaopEndCause.ConnectionClosed, stage.Ended.Cause);
        await playing;
    });

    [Fact]
    public void A_flush_to_what_has_been_heard_does_nothing() => Run(new Stage(), async (stage, sender) =>
    {
        byte[] music = Music.Frames(44_100 * 6);
        sender.BeginLine();
        Task playing = sender.PlayAsync(music);
        await stage.WaitAsync(5);
        await sender.AskAsync($"FLUSH rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 5\nRTP-Info: seq={sender.SequenceStart + 10};rtptime={sender.RtpStart + (10 * 352)}");
        await playing;
        await sender.WaitUntilHeardAsync(music.Length / 4);
        await sender.AskAsync("TEARDOWN rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 9");
        await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());
        Assert.Equal(music, stage.Sink.Pcm);
        Assert.Single(stage.Events.OfType<RaopPlaying>());
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_sync_that_comes_in_a_pause_does_not_spoil_what_follows(bool syncs) => Run(new Stage(), async (stage, sender) =>
    {
        byte[] music = Music.Frames(352 * 1400);
        sender.BeginLine();
        await sender.PlayAsync(music[..(352 * 4 * 400)]);
        int times = stage.Sink.Times.Count;
        await sender.AskAsync($"FLUSH rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 5\nRTP-Info: seq={sender.SequenceStart + 400};rtptime={sender.RtpStart + (400 * 352)}");
        if (syncs) sender.Sync(first: false);
        await stage.WaitAsync(5);
        sender.Shift(5);
        await sender.PlayAsync(music[(352 * 4 * 400)..], 400);
        await sender.WaitUntilHeardAsync(1400 * 352);
        Assert.All(Errors(stage, sender).Skip(times), error => Assert.InRange(error, -0.05, 0.05));
    });

    [Theory]
    [InlineData(VolumeProfile.DecibelAsIs, 0, 0)]
    [InlineData(VolumeProfile.DecibelAsIs, -15, -15)]
    [InlineData(VolumeProfile.DecibelAsIs, -30, -30)]
    [InlineData(VolumeProfile.DecibelAsIs, -144, double.NegativeInfinity)]
    [InlineData(VolumeProfile.Standard, -15, -28.89)]
    [InlineData(VolumeProfile.Flat, -15, -48.15)]
    [InlineData(VolumeProfile.DaslTapered, -15, -10)]
    [InlineData(VolumeProfile.DaslTapered, -30, -96.3)]
    public void The_level_follows_the_volume(VolumeProfile profile, double volume, double level)
    {
        byte[] tone = new byte[44_100 * 4 * 4];
        for (int i = 0; i < tone.Length; i += 2) BinaryPrimitives.WriteInt16LittleEndian(tone.AsSpan(i), (short)Math.Round(30_000 * Math.Sin(i / 4 * 0.1)));
        Run(new Stage(), new RaopReceiverOptions { VolumeProfile = profile }, async (stage, sender) =>
        {
            await sender.AskAsync(
                "SET_PARAMETER rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 4\nContent-Type: text/parameters",
                string.Create(CultureInfo.InvariantCulture, $"volume: {volume:0.000000}\r\n"));
            sender.BeginLine();
            await sender.PlayAsync(tone);
            await sender.WaitUntilHeardAsync(tone.Length / 4);
            await sender.AskAsync("TEARDOWN rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 9");
            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());

            if (level == 0) Assert.Equal(tone, stage.Sink.Pcm);
            else if (double.IsNegativeInfinity(level)) Assert.All(stage.Sink.Pcm, sample => Assert.Equal(0, sample));
            else if (level > -60) Assert.Equal(level, 10 * Math.Log10(Power(stage.Sink.Pcm) / Power(tone)), 0.1);
            else Assert.InRange(10 * Math.Log10(Power(stage.Sink.Pcm) / (32_768.0 * 32_768)), -110, -90); // the dither's own level
        });

        static double Power(byte[] pcm)
        {
            double sum = 0;
            foreach (short sample in MemoryMarshal.Cast<byte, short>(pcm)) sum += (double)sample * sample;
            return sum / (pcm.Length / 2);
        }
    }

    /// <summary>How much too late each run of frames was due, ms, against the sender's line in true time.</summary>
    internal static IEnumerable<double> Errors(Stage stage, UdpScriptSender sender) => stage.Sink.Times
        .Where(time => time.Due is not null)
        .Select(time => (stage.ReceiverHost.Clock.TrueTime(time.Due!.Value) - sender.DueTrueNs(unchecked((int)(time.RtpTime!.Value - sender.RtpStart)))) / 1e6);

    private static void Run(Stage stage, Func<Stage, UdpScriptSender, Task> body) => Run(stage, new RaopReceiverOptions(), body);

    private static void Run(Stage stage, RaopReceiverOptions options, Func<Stage, UdpScriptSender, Task> body) => stage.World.Run(async () =>
    {
        await using RaopReceiver receiver = stage.Receive(options);
        await using var sender = new UdpScriptSender(stage.SenderHost, IPAddress.Parse("10.0.1.103"));
        await sender.OpenAsync(Stage.Address);
        await body(stage, sender);
    });
}
