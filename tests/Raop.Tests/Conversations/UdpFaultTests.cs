using Raop.Tests.Fakes;
using Raop.Tests.Simulation;

namespace Raop.Tests.Conversations;

/// <summary>Whole sessions in which something goes wrong besides lost packets: outages, processes that stand still or die, packets that matter most.</summary>
public sealed class UdpFaultTests
{
    private const int Second = UdpPlay.Second;

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(3, 0.05)]
    [InlineData(4, 0.05)]
    public void An_outage_of_a_second_and_a_half_is_not_heard(int seed, double loss)
    {
        var play = new UdpPlay(seed) { Music = Music.Frames(Second * 8) };
        play.Run(UdpPlay.Both(path => path.Loss = loss), (stage, _) => Cut(stage, 3, 1.5));
        AssertWhole(play);
    }

    [Theory]
    [InlineData(1, 4, 10)]
    [InlineData(2, 4, 3)]
    [InlineData(3, 10, 10)]
    [InlineData(4, 20, 9)] // over the keep-alive, which the sender does not wait for
    [InlineData(5, 23, 4)]
    [InlineData(6, 24, 10)]
    public void After_a_long_outage_music_goes_on_in_time(int seed, double at, double length)
    {
        var play = new UdpPlay(seed) { Music = Music.Frames(Second * 40) };
        play.Run(meanwhile: (stage, _) => Cut(stage, at, length));
        byte[] pcm = play.Stage.Sink.Pcm;
        Assert.Equal(play.Music.Length, pcm.Length); // the file has kept time
        AssertInTime(play);
        int before = (int)(at * Second) * 4, after = (int)((at + length + 1 - 2) * Second) * 4; // what left before the outage, and what is due a second after it
        Assert.True(play.Music.AsSpan(0, before).SequenceEqual(pcm.AsSpan(0, before)), play.Difference());
        Assert.True(play.Music.AsSpan(after).SequenceEqual(pcm.AsSpan(after)), $"not whole a second after the outage; {play.Difference()}");
        if (length > 4) Assert.False(pcm.AsSpan(before + (Second * 4), Second * 4).ContainsAnyExcept((byte)0)); // silence in between
        Assert.Equal(RaopEndCause.Teardown, play.Stage.Ended.Cause);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(3, 0)]
    [InlineData(4, 0)]
    [InlineData(5, 0.05)]
    [InlineData(6, 0.05)]
    public void Jitter_of_200_ms_with_overtaking_and_copies_is_not_heard(int seed, double loss)
    {
        var play = new UdpPlay(seed) { Music = Music.Frames(Second * 10) };
        play.Run(UdpPlay.Both(path =>
        {
            (path.Delay, path.Jitter, path.KeepsOrder) = (TimeSpan.FromMilliseconds(110), TimeSpan.FromMilliseconds(100), false);
            (path.Reorder, path.Duplicate, path.Loss) = (0.05, 0.05, loss);
        }));
        AssertWhole(play, 30); // a sender's clock is not known better through 200 ms of jitter in the first seconds
    }

    [Theory]
    [InlineData(1, 20)]
    [InlineData(2, 20)]
    [InlineData(7, 60)]
    [InlineData(8, 60)]
    [InlineData(4, 60)]
    public void Bursts_are_not_heard(int seed, double length)
    {
        var play = new UdpPlay(seed) { Music = Music.Frames(Second * 15) };
        play.Run(UdpPlay.Both(path => path.Bursts = new BurstLoss(0.05 / length, 1 / length)));
        Assert.True(play.Counts.PacketsRecovered > 10, "nothing was lost");
        AssertWhole(play);
    }

    [Theory]
    [InlineData(0.25)]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(10)]
    public void A_good_link_loses_nothing_whatever_the_latency(double latency)
    {
        var play = new UdpPlay { Music = Music.Frames(Second * 5), Latency = TimeSpan.FromSeconds(latency) };
        play.Run();
        AssertWhole(play);
        Assert.Equal((int)(latency * Second), play.Truth.Latency);
    }

    [Theory]
    [InlineData(0.5, 3, 1)]
    [InlineData(2, 20, 1)]
    [InlineData(2, 100, 4)]
    public void The_first_packets_may_be_lost(double latency, int packets, int syncs)
    {
        var play = new UdpPlay { Latency = TimeSpan.FromSeconds(latency) };
        play.Truth.Loses = (type, count) => type switch { UdpTruth.Audio => count < packets, UdpTruth.Sync => count < syncs, _ => false };
        play.Run();
        AssertWhole(play);
    }

    [Theory]
    [InlineData(0.5, 3, 1)]
    [InlineData(2, 20, 5)]
    [InlineData(2, 100, 5)]
    public void The_last_packets_may_be_lost(double latency, int packets, int repeats)
    {
        var play = new UdpPlay { Latency = TimeSpan.FromSeconds(latency) };
        int first = play.Packets - packets;
        play.Truth.Loses = (type, count) => type switch { UdpTruth.Audio => count >= first, UdpTruth.Resent => count < repeats, _ => false };
        play.Run();
        AssertWhole(play);
    }

    [Fact]
    public void A_sender_that_hangs_is_given_up_after_the_timeout_and_not_before()
    {
        var play = new UdpPlay { Music = Music.Frames(Second * 60) };
        Stage stage = play.Stage;
        SimulatedHost other = stage.World.AddHost("other", "10.0.1.102");
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive();
            await using RaopSender sender = await stage.ConnectAsync(new RaopSenderOptions { Codec = RaopCodec.Pcm }, transport: RaopTransport.Udp);
            Task playing = sender.PlayAsync(new ArraySource(play.Music));
            await stage.WaitAsync(5);
            stage.SenderHost.Freeze();
            await stage.WaitAsync(29);
            Assert.Empty(stage.Events.OfType<RaopSessionEnded>());
            Assert.Equal(RaopError.Busy, (await Assert.ThrowsAsync<RaopException>(() => ConnectAsync(other))).Error);
            await stage.WaitAsync(5);
            Assert.Equal(RaopEndCause.Timeout, stage.Ended.Cause);
            await using (RaopSender next = await ConnectAsync(other)) await next.PlayAsync(new ArraySource(Music.Frames(Second)));
            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Count() == 2);
            stage.SenderHost.Kill();
            Assert.False(playing.IsCompletedSuccessfully);
        });
    }

    [Fact]
    public void A_sender_that_dies_leaves_the_receiver_free_at_once()
    {
        var play = new UdpPlay { Music = Music.Frames(Second * 60) };
        Stage stage = play.Stage;
        SimulatedHost other = stage.World.AddHost("other", "10.0.1.102");
        byte[] next = Music.Frames(Second * 3, 2);
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive();
            RaopSender sender = await stage.ConnectAsync(new RaopSenderOptions { Codec = RaopCodec.Pcm }, transport: RaopTransport.Udp);
            _ = sender.PlayAsync(new ArraySource(play.Music));
            await stage.WaitAsync(5);
            stage.SenderHost.Kill();
            await stage.WaitAsync(0.1);
            await using (RaopSender second = await ConnectAsync(other)) await second.PlayAsync(new ArraySource(next));
            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Count() == 2);
        });
        Assert.Equal(RaopEndCause.ConnectionClosed, stage.Events.OfType<RaopSessionEnded>().First().Cause);
        Assert.Equal(next, stage.Sink.Pcm[^next.Length..]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_receiver_that_stood_still_goes_on_in_time(double seconds)
    {
        var play = new UdpPlay { Music = Music.Frames(Second * 12) };
        play.Run(meanwhile: (stage, _) => Still(stage, stage.ReceiverHost, seconds));
        Assert.True(play.Music.AsSpan().SequenceEqual(play.Stage.Sink.Pcm), play.Difference()); // the system kept what came
        AssertInTime(play);
        Assert.All(play.Lateness().Skip(play.Lateness().Count() / 2), late => Assert.InRange(late, -0.001, 1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_sender_that_stood_still_goes_on_in_time(double seconds)
    {
        var play = new UdpPlay { Music = Music.Frames(Second * 12) };
        play.Run(meanwhile: (stage, _) => Still(stage, stage.SenderHost, seconds));
        AssertInTime(play);
        byte[] pcm = play.Stage.Sink.Pcm;
        Assert.Equal(play.Music.Length, pcm.Length);
        int before = 5 * Second * 4, after = (int)((5.1 + seconds - 2) * Second) * 4; // what left before, and what was not too late
        Assert.True(play.Music.AsSpan(0, before).SequenceEqual(pcm.AsSpan(0, before)), play.Difference());
        Assert.True(play.Music.AsSpan(after).SequenceEqual(pcm.AsSpan(after)), play.Difference());
        if (seconds < 2) AssertWhole(play);
    }

    [Theory]
    [InlineData(1, 0.2)]
    [InlineData(2, 0.2)]
    [InlineData(3, 0.2)]
    [InlineData(4, 0.3)]
    [InlineData(5, 0.3)]
    public void Pauses_under_loss_lose_no_frame_that_follows(int seed, double loss)
    {
        var play = new UdpPlay(seed) { Music = Music.Frames(Second * 12) };
        play.Run(UdpPlay.Both(path => path.Loss = loss), async (stage, sender) =>
        {
            for (int i = 0; i < 2; i++)
            {
                await stage.WaitAsync(4);
                await sender.PauseAsync();
                int heard = stage.Sink.Pcm.Length;
                await stage.WaitAsync(3);
                Assert.InRange(stage.Sink.Pcm.Length - heard, 0, Second / 10 * 4);
                await sender.ResumeAsync();
            }
        });
        AssertInTime(play);
        AssertTail(play, 6);
    }

    [Theory]
    [InlineData(1, 3.9)] // over the pause
    [InlineData(2, 6.9)] // over the resumption
    public void An_outage_over_a_pause_ends_well(int seed, double at)
    {
        var play = new UdpPlay(seed) { Music = Music.Frames(Second * 12) };
        play.Run(meanwhile: async (stage, sender) =>
        {
            stage.World.PartitionAt(stage.SenderHost, stage.ReceiverHost, stage.World.Now + TimeSpan.FromSeconds(at), TimeSpan.FromSeconds(1.5));
            await stage.WaitAsync(4);
            await sender.PauseAsync();
            await stage.WaitAsync(7 - 4);
            await sender.ResumeAsync();
        });
        AssertInTime(play);
        AssertTail(play, 6);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0.05)]
    [InlineData(3, 0.2)]
    public void Volume_changes_disturb_no_time(int seed, double loss)
    {
        var play = new UdpPlay(seed) { Music = Music.Frames(Second * 10) };
        play.Run(UdpPlay.Both(path => path.Loss = loss), async (stage, sender) =>
        {
            foreach (double volume in new double[] { -5, -10, -144, -20, 0 })
            {
                await stage.WaitAsync(0.7);
                await sender.SetVolumeAsync(volume);
            }
        });
        AssertInTime(play);
        Assert.Equal(play.Music.Length, play.Stage.Sink.Pcm.Length);
        Assert.Equal([0, -5, -10, -144, -20, 0], play.Stage.Events.OfType<RaopVolumeChanged>().Select(e => e.Volume));
        AssertTail(play, 3);
        Assert.Equal(0, play.Counts.PacketsConcealed);
    }

    private static Task<RaopSender> ConnectAsync(SimulatedHost host) => RaopSender.ConnectAsync(
        host.Network, Stage.Address, new RaopSenderOptions { TimeProvider = host.Clock, Transport = RaopTransport.Udp, Codec = RaopCodec.Pcm }, CancellationToken.None);

    private static Task Cut(Stage stage, double at, double length)
    {
        stage.World.PartitionAt(stage.SenderHost, stage.ReceiverHost, stage.World.Now + TimeSpan.FromSeconds(at), TimeSpan.FromSeconds(length));
        return Task.CompletedTask;
    }

    private static async Task Still(Stage stage, SimulatedHost host, double seconds)
    {
        await stage.WaitAsync(5);
        host.Freeze();
        await stage.WaitAsync(seconds);
        host.Thaw();
    }

    /// <summary>Every bit, nothing made up, each frame at its instant.</summary>
    private static void AssertWhole(UdpPlay play, double limit = 2)
    {
        Assert.True(play.Music.AsSpan().SequenceEqual(play.Stage.Sink.Pcm), play.Difference());
        Assert.Equal((0L, 0L, 0), (play.Counts.PacketsConcealed, play.Counts.FramesChanged, play.Counts.Underruns));
        AssertInTime(play, limit);
        Assert.InRange(play.Lateness().First(), -0.001, Math.Max(1, limit / 2)); // until the first frame the clock may still be corrected
        Assert.All(play.Lateness().Skip(1), late => Assert.InRange(late, -0.001, 1));
    }

    private static void AssertInTime(UdpPlay play, double limit = 2)
    {
        double worst = play.Errors().Max(Math.Abs);
        Assert.True(worst < limit, $"due {worst:0.00} ms off");
    }

    /// <summary>The last seconds are to the bit.</summary>
    private static void AssertTail(UdpPlay play, int seconds)
    {
        int bytes = seconds * Second * 4;
        byte[] pcm = play.Stage.Sink.Pcm;
        Assert.True(pcm.Length >= bytes && play.Music.AsSpan(play.Music.Length - bytes).SequenceEqual(pcm.AsSpan(pcm.Length - bytes)), play.Difference());
    }
}
