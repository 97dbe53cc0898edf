using Raop.Timing;

namespace Raop.Tests.Timing;

/// <summary>When frames are due, against the truth. The sender's frames lie on a straight line of its clock; seeds are 1 to the number of runs.</summary>
public sealed class PlayoutClockTests
{
    private const long Second = ClockLink.Second;

    private static readonly Action<PlayoutRun> Quiet = _ => { };
    private static readonly Action<PlayoutRun> Normal = run => run.Link.There = run.Link.Back = () => run.Link.Normal(0.020, 0.008);

    [Fact]
    public void A_quiet_link() => Check("20..100 µs, from 3 s", Quiet, 30, 3, 120, 0.1);

    [Fact]
    public void Normal_jitter() => Check("normal 20 ± 8 ms, from 60 s", Normal, 50, 60, 600, 0.5);

    [Fact]
    public void Losses_and_reordering() => Check("20..100 µs, 30 % of syncs and exchanges lost, 20 % of syncs late by seconds, from 10 s", run =>
    {
        run.Link.Loss = run.SyncLoss = 0.3;
        run.Reordered = 0.2;
    }, 30, 10, 300, 0.1);

    [Fact]
    public void A_sender_that_stamps_when_it_sends() =>
        Check("stamps late by 1 ms (exponential), from 60 s", run => run.Late = () => run.Link.Exponential(0.001), 50, 60, 600, 0.3);

    [Fact]
    public void Late_stamps_and_jitter() => Check("stamps late by 1 ms, normal 20 ± 8 ms, from 60 s", run =>
    {
        Normal(run);
        run.Late = () => run.Link.Exponential(0.001);
    }, 30, 60, 600, 0.6);

    [Fact]
    public void A_sender_that_is_80_ppm_slow()
    {
        PlayoutRun run = Check("44,096.5 frames a second, from 6 s", run => run.LinePpm = 79.4, 20, 6, 120, 0.1);
        double expected = -79.4 - run.Link.LocalPpm;
        Assert.InRange(run.Clock.SenderPpm, expected - 1, expected + 1);
    }

    [Fact]
    public void By_arrival_when_no_exchange_is_answered()
    {
        var errors = new Errors();
        for (int seed = 1; seed <= 20; seed++)
        {
            var run = new PlayoutRun(seed) { HasExchanges = false };
            run.Link.There = () => run.Link.Exponential(0.005);
            run.To(1.9);
            Assert.False(run.Clock.IsReady);
            run.To(3.1);
            Assert.True(run.Clock.IsReady && run.Clock.IsByArrival);
            run.To(120);
            run.To(600, errors);
            Assert.Equal(0, run.Clock.Steps);
        }

        errors.Print("by arrival, exponential 5 ms, from 120 s");
        Assert.InRange(errors.P99, 0, 2);
    }

    [Fact]
    public void Exchanges_that_come_late_are_gone_over_to()
    {
        var run = new PlayoutRun(1) { HasExchanges = false };
        run.Link.There = run.Link.Back = () => 0.010 + run.Link.Uniform(20e-6, 100e-6);
        run.To(10);
        Assert.InRange(run.Error, 9.9, 10.3); // ms: the way of the packets
        run.HasExchanges = true;
        run.To(11);
        Assert.False(run.Clock.IsByArrival);
        Assert.InRange(run.Error, 9.5, 10.3); // slewed, not stepped
        run.To(150);
        Assert.InRange(run.Error, -0.1, 0.1);
        Assert.Equal(0, run.Clock.Steps);
    }

    [Fact]
    public void What_is_far_off_is_taken_at_once_and_counted()
    {
        var run = new PlayoutRun(2) { HasExchanges = false };
        run.Link.There = run.Link.Back = () => 0.200;
        run.To(10);
        run.HasExchanges = true;
        run.To(11);
        Assert.InRange(run.Error, -0.2, 0.2);
        Assert.Equal(1, run.Clock.Steps);
    }

    [Fact]
    public void One_wrong_sync_moves_nothing_and_three_are_a_new_line()
    {
        var run = new PlayoutRun(3);
        run.To(30);
        run.LineShift = 5 * Second;
        run.SendSync();
        run.LineShift = -7 * Second;
        run.SendSync();
        run.LineShift = 0;
        var errors = new Errors();
        run.To(60, errors);
        Assert.InRange(errors.Max, 0, 0.05);
        Assert.Equal((2, 0), (run.Clock.OddSyncs, run.Clock.Steps));

        run.LineShift = Second / 2; // from now on all frames are heard half a second later
        run.To(64);
        Assert.Equal(1, run.Clock.Steps);
        Assert.InRange(run.Error, -0.1, 0.1);
    }

    [Fact]
    public void A_step_of_the_senders_clock_is_survived()
    {
        var run = new PlayoutRun(4);
        run.To(60);
        run.Link.Shift = 1000ul << 32;
        var errors = new Errors();
        run.To(120, errors);
        Assert.InRange(errors.Max, 0, 0.2);
        Assert.Equal(0, run.Clock.Steps);
        Assert.Equal(1, run.Clock.Peer.Steps);
    }

    [Fact]
    public void After_a_flush_the_line_may_be_another_and_the_clock_is_known()
    {
        var run = new PlayoutRun(5);
        run.To(60);
        run.Clock.Restart();
        Assert.False(run.Clock.IsReady || run.Clock.IsLocked);
        run.LineShift = -123_456_789_012;
        run.SendSync();
        Assert.True(run.Clock.IsReady && !run.Clock.IsByArrival);
        Assert.InRange(run.Error, -0.05, 0.05);
    }

    [Fact]
    public void Ten_minutes_without_a_packet()
    {
        var errors = new Errors();
        for (int seed = 1; seed <= 20; seed++)
        {
            var run = new PlayoutRun(seed);
            run.To(120);
            (run.HasExchanges, run.HasSyncs) = (false, false);
            run.To(720);
            Assert.InRange(run.Error, -0.5, 0.5);
            (run.HasExchanges, run.HasSyncs) = (true, true);
            run.To(730);
            run.To(900, errors);
            Assert.Equal(0, run.Clock.Steps);
        }

        errors.Print("after 10 min without a packet, from 10 s");
        Assert.InRange(errors.P99, 0, 0.1);
    }

    [Fact]
    public void Nothing_jumps_while_music_plays()
    {
        for (int seed = 1; seed <= 20; seed++)
        {
            var run = new PlayoutRun(seed);
            Normal(run);
            run.Late = () => run.Link.Exponential(0.001);
            run.To(3);
            Assert.True(run.Clock.IsLocked);
            long previous = run.Clock.DueAt(run.Clock.FrameAt(run.Now)), frame = run.Clock.FrameAt(run.Now);
            for (int i = 1; i < 6000; i++) // each 10 ms
            {
                run.To(3 + (i * 0.01));
                long due = run.Clock.DueAt(frame + (441L * i)), distance = due - previous;
                Assert.InRange(distance, (Second / 100) - 6_000, (Second / 100) + 6_000); // 100 ppm of slew, clocks of 200 ppm, a rate still being learned
                previous = due;
            }
        }
    }

    [Fact]
    public void The_wrap_of_2036()
    {
        var run = new PlayoutRun(6);
        run.Link.Shift = unchecked((0ul - (30ul << 32)) - run.Link.Peer(0));
        run.To(6);
        var errors = new Errors();
        run.To(60, errors);
        Assert.InRange(errors.Max, 0, 0.05);
        Assert.Equal(0, run.Clock.Steps + run.Clock.Peer.Steps);
    }

    [Fact]
    public void A_thousand_hours()
    {
        var run = new PlayoutRun(7) { ExchangeInterval = 60 * Second, SyncInterval = 60 * Second, Pace = 30 * Second };
        run.To(1200);
        var errors = new Errors();
        run.To(3_600_000, errors);
        errors.Print("1,000 h, an exchange and a sync a minute");
        Assert.InRange(errors.Max, 0, 0.2);
        Assert.Equal(0, run.Clock.Steps);
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        var run = new PlayoutRun(8);
        run.To(30);
        long now = run.Now;
        ulong ntp = run.Link.Peer(run.At);
        int turn = 0;
        Assert.Equal(0, Garbage.Of(() => Turns(1000 * turn++)));

        void Turns(int from)
        {
            for (int i = from; i < from + 1000; i++)
            {
                run.Clock.AddSync(ntp, 40_000_000 + i, now + i);
                run.Clock.Advance(now + i);
                run.Clock.DueAt(run.Clock.FrameAt(now));
            }
        }
    }

    private static PlayoutRun Check(string condition, Action<PlayoutRun> set, int seeds, double from, double to, double limit)
    {
        var errors = new Errors();
        PlayoutRun? run = null;
        for (int seed = 1; seed <= seeds; seed++)
        {
            run = new PlayoutRun(seed);
            set(run);
            run.To(from);
            run.To(to, errors);
            Assert.Equal(0, run.Clock.Steps);
        }

        errors.Print(condition);
        Assert.InRange(errors.P99, 0, limit);
        return run!;
    }
}
