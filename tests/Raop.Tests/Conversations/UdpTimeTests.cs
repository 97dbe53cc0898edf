using Raop.Audio;
using Raop.Tests.Fakes;
using Raop.Tests.Simulation;
using Raop.Tests.Timing;

namespace Raop.Tests.Conversations;

/// <summary>
/// When frames are due and heard, whole sessions of our sender and our receiver. The truth is the sender's line, which its sync packets tell,
/// by the sender's clock, which the world knows.
/// </summary>
public sealed class UdpTimeTests(ITestOutputHelper output)
{
    /// <summary>A device that hung, or that lost what it held: frames are skipped or silence is put in, once, and time is right again.</summary>
    [Theory]
    [InlineData(0.3)]
    [InlineData(-0.15)]
    public void A_device_far_off_is_set_right_at_once(double seconds)
    {
        var play = new UdpPlay(5) { Music = Music.Frames(UdpPlay.Second * 20) };
        Stage stage = play.Stage;
        play.Device = new DeviceSink(stage.ReceiverHost);
        play.Run(meanwhile: async (_, _) =>
        {
            await stage.WaitAsync(6);
            play.Device.Glitch(seconds);
        });
        Assert.Equal(1, play.Counts.Resyncs);
        double glitch = play.Device.Runs[0].HeardAt + 7;
        foreach ((_, FrameTime time, double heardAt) in play.Device.Runs)
        {
            if (time.RtpTime is not { } rtpTime || heardAt < glitch) continue;
            Assert.InRange((stage.ReceiverHost.Clock.TrueTime((long)(heardAt * 1e9)) - play.Truth.DueNs(rtpTime)) / 1e6, -0.1, 0.1);
        }
    }

    private const int Second = UdpPlay.Second, TickAt = 100;
    private static readonly byte[] Silence = new byte[Second * 4 * 180];

    [Theory]
    [InlineData(1, 100, -100)]
    [InlineData(2, -100, 100)]
    [InlineData(3, 100, 100)]
    [InlineData(4, 0, 0)]
    public void On_a_quiet_link_frames_are_due_to_a_tenth_of_a_millisecond(int seed, double senderPpm, double receiverPpm)
    {
        var errors = new Errors();
        UdpPlay play = Run(seed, senderPpm, receiverPpm, Silence[..(Second * 4 * 60)], path => Set(path, 1, 0.05));
        foreach (double error in play.Errors()) errors.Add(error);
        errors.Print($"1 ms ± 50 µs, sender {senderPpm} ppm, receiver {receiverPpm} ppm, seed {seed}");
        Assert.InRange(errors.P99, 0, 0.1);
        AssertNoStep(play);
        Assert.All(play.Lateness(), late => Assert.InRange(late, -0.001, 0.5));
    }

    [Fact]
    public void Over_wifi_frames_are_due_to_about_half_a_millisecond()
    {
        var all = new Errors();
        for (int seed = 1; seed <= 10; seed++)
        {
            var errors = new Errors();
            double ppm = (seed % 2 == 0 ? 1 : -1) * 100;
            UdpPlay play = Run(seed, ppm, -ppm, Silence, path => Set(path, 20, 8));
            foreach (double error in play.Errors(60))
            {
                errors.Add(error);
                all.Add(error);
            }

            errors.Print($"20 ± 8 ms from 60 s, seed {seed}");
            AssertNoStep(play);
        }

        all.Print("20 ± 8 ms from 60 s, 10 runs of 180 s");
        Assert.InRange(all.P99, 0, 0.5);
    }

    [Theory]
    [InlineData(0, 0, 0, 0, 0.1)]
    [InlineData(-100, 100, 0, 0, 0.1)]
    [InlineData(300, 0, 0, 0, 0.1)]
    [InlineData(-300, -100, 0, 0, 0.1)]
    [InlineData(100, 100, 10, 0.3, 0.5)]
    [InlineData(-300, 0, 10, 0.3, 0.5)]
    [InlineData(100, 0, 23.22, 0.3, 0.5)]
    public void A_sound_device_is_heard_in_time(double devicePpm, double senderPpm, double periodMs, double latenessMs, double limit)
    {
        byte[] ticks = Ticks(90);
        UdpPlay play = Run(7, senderPpm, -senderPpm, ticks, path => Set(path, 1, 0.05), host => new DeviceSink(host)
        {
            RatePpm = devicePpm, Period = TimeSpan.FromMilliseconds(periodMs), WakeLateness = TimeSpan.FromMilliseconds(latenessMs),
        });
        DeviceSink device = play.Device!;
        (Errors early, Errors late) = (new Errors(), new Errors());
        List<double> heard = [.. HeardTicks(device)];
        Assert.Equal(90, heard.Count);
        double signed = 0;
        for (int i = 0; i < heard.Count; i++)
        {
            uint frame = unchecked(play.Truth.FirstFrame + (uint)((i * Second) + TickAt));
            double error = (play.Stage.ReceiverHost.Clock.TrueTime((long)(device.HeardAt(heard[i]) * 1e9)) - play.Truth.DueNs(frame)) / 1e6;
            if (i == 0) output.WriteLine($"first {error:0.0000} ms");
            if (i == 0) Assert.InRange(error, -limit, limit);
            (i < 60 ? early : late).Add(error);
            signed += error / heard.Count;
        }

        output.WriteLine($"mean {signed:0.0000} ms");
        early.Print($"device {devicePpm} ppm, sender {senderPpm} ppm, period {periodMs} ms, to 60 s");
        late.Print($"device {devicePpm} ppm, sender {senderPpm} ppm, period {periodMs} ms, from 60 s");
        Assert.InRange(late.P99, 0, limit);
        Assert.Equal((0, 0, 0), (device.Underruns, play.Counts.Resyncs, play.Counts.Underruns));
    }

    [Fact]
    public void A_sound_device_without_drift_gets_every_bit()
    {
        byte[] music = Music.Frames(Second * 30);
        UdpPlay play = Run(3, 0, 0, music, path => Set(path, 1, 0), host => new DeviceSink(host));
        byte[] pcm = play.Device!.Pcm;
        int start = pcm.AsSpan().IndexOf(music.AsSpan(0, 64));
        Assert.Equal(0, start % 4);
        Assert.True(music.AsSpan().SequenceEqual(pcm.AsSpan(start, music.Length)), "The music is not what was sent.");
        Assert.False(pcm.AsSpan(0, start).ContainsAnyExcept((byte)0));
        double error = (play.Stage.ReceiverHost.Clock.TrueTime((long)(play.Device.HeardAt(start / 4) * 1e9)) - play.Truth.DueNs(play.Truth.FirstFrame)) / 1e6;
        output.WriteLine($"first frame {error:0.0000} ms");
        Assert.InRange(error, -0.1, 0.1);
        Assert.Equal((0L, 0, 0), (play.Counts.FramesChanged, play.Device.Underruns, play.Counts.Resyncs));
    }

    [Fact]
    public void A_sound_device_is_in_time_after_an_outage()
    {
        var play = new UdpPlay(5) { Music = Ticks(30) };
        Stage stage = play.Stage;
        play.Device = new DeviceSink(stage.ReceiverHost) { RatePpm = 50 };
        play.Run(meanwhile: (_, _) =>
        {
            stage.World.PartitionAt(stage.SenderHost, stage.ReceiverHost, stage.World.Now + TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10));
            return Task.CompletedTask;
        });
        List<double> heard = [.. HeardTicks(play.Device)];
        Assert.InRange(heard.Count, 21, 23); // what could not come is gone
        for (int i = 1; i <= 15; i++)
        {
            uint frame = unchecked(play.Truth.FirstFrame + (uint)(((30 - i) * Second) + TickAt));
            double error = (stage.ReceiverHost.Clock.TrueTime((long)(play.Device.HeardAt(heard[^i]) * 1e9)) - play.Truth.DueNs(frame)) / 1e6;
            Assert.InRange(error, -0.5, 0.5);
        }

        Assert.Equal((0, 0, 0), (play.Device.Underruns, play.Counts.Resyncs, play.Counts.Underruns));
    }

    private static UdpPlay Run(
        int seed, double senderPpm, double receiverPpm, byte[] music, Action<SimulatedPath> set, Func<SimulatedHost, DeviceSink>? device = null)
    {
        var play = new UdpPlay(seed) { Music = music };
        Stage stage = play.Stage;
        (stage.SenderHost.Clock.RatePpm, stage.ReceiverHost.Clock.RatePpm) = (senderPpm, receiverPpm);
        play.Device = device?.Invoke(stage.ReceiverHost);
        stage.World.Between(stage.SenderHost, stage.ReceiverHost, set);
        play.Run();
        return play;
    }

    private static void Set(SimulatedPath path, double delayMs, double jitterMs)
    {
        (path.Delay, path.Jitter) = (TimeSpan.FromMilliseconds(delayMs), TimeSpan.FromMilliseconds(jitterMs));
        (path.JitterShape, path.KeepsOrder) = (JitterShape.Normal, false);
    }

    /// <summary>From one run of frames to the next, 10 ms later, the error changes by the slew and by what the rate is off: 500 ppm at most.</summary>
    private static void AssertNoStep(UdpPlay play)
    {
        double[] errors = [.. play.Errors()];
        for (int i = 1; i < errors.Length; i++) Assert.InRange(errors[i] - errors[i - 1], -0.005, 0.005);
    }

    /// <summary>Silence with a short triangle in each second.</summary>
    private static byte[] Ticks(int seconds)
    {
        byte[] pcm = new byte[seconds * Second * 4];
        for (int s = 0; s < seconds; s++)
        {
            for (int i = -20; i <= 20; i++)
            {
                short sample = (short)(1000 * (21 - Math.Abs(i)));
                BitConverter.TryWriteBytes(pcm.AsSpan(((s * Second) + TickAt + i) * 4), sample);
                BitConverter.TryWriteBytes(pcm.AsSpan((((s * Second) + TickAt + i) * 4) + 2), sample);
            }
        }

        return pcm;
    }

    /// <summary>The middle of each triangle that a device played, in frames of its own.</summary>
    private static IEnumerable<double> HeardTicks(DeviceSink device)
    {
        byte[] pcm = device.Pcm;
        for (int i = 0; i < pcm.Length / 4; i++)
        {
            if (Sample(i) < 3000) continue;
            double sum = 0, moment = 0;
            for (int k = i - 20; k < i + 60; k++)
            {
                sum += Sample(k);
                moment += (double)Sample(k) * k;
            }

            yield return moment / sum;
            i += 1000;
        }

        int Sample(int frame) => BitConverter.ToInt16(pcm, frame * 4);
    }
}
