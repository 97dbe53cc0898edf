using Raop.Timing;

namespace Raop.Tests.Timing;

/// <summary>The estimate against the truth that only the generator knows. Seeds are 1 to the number of runs.</summary>
public sealed class ClockEstimateTests
{
    private const long Second = ClockLink.Second;

    private static readonly Action<ClockLink> Quiet = _ => { };
    private static readonly Action<ClockLink> Normal = link => link.There = link.Back = () => link.Normal(0.020, 0.008);
    private static readonly Action<ClockLink> QueueThere = link =>
        link.There = () => link.Uniform(20e-6, 100e-6) + link.Exponential(0.005);

    [Fact]
    public void A_quiet_link_is_known_to_20_us_after_3_s() => Check("20..100 µs, from 3 s", Quiet, 60, 3, 60, 0.020);

    /// <summary>The mean of n exchanges cannot be known better than 8 ms/√(2n); the end of a line through them half as well.</summary>
    [Fact]
    public void Normal_jitter_averages_out() => Check("normal 20 ± 8 ms, from 60 s", Normal, 50, 60, 1800, 0.40);

    [Theory]
    [InlineData(20)]
    [InlineData(60)]
    public void What_was_learned_in_quiet_holds_through_jitter(int quiet)
    {
        var errors = new Errors();
        for (int seed = 1; seed <= 30; seed++)
        {
            var run = new Run(new ClockLink(seed));
            run.To(quiet);
            Normal(run.Link);
            run.To(quiet + 120, errors);
        }

        errors.Print($"normal 20 ± 8 ms after {quiet} s of quiet");
        Assert.InRange(errors.P99, 0, 0.1);
    }

    [Fact]
    public void Queueing_in_one_direction_does_not_pull() => Check("exponential 5 ms one way, from 60 s", QueueThere, 50, 60, 600, 0.20);

    [Fact]
    public void Queueing_in_both_directions() => Check(
        "exponential 5 ms both ways, from 60 s", link => link.There = link.Back = () => 0.001 + link.Exponential(0.005), 50, 60, 600, 0.25);

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    public void Lost_exchanges_are_only_fewer(double loss)
    {
        Check($"20..100 µs, {loss:P0} lost, from 6 s", link => link.Loss = loss, 30, 6, 120, 0.025);
        Check($"normal 20 ± 8 ms, {loss:P0} lost, from 60 s", link => Also(link, Normal).Loss = loss, 30, 60, 900, 0.70);
        Check($"exponential 5 ms one way, {loss:P0} lost, from 60 s", link => Also(link, QueueThere).Loss = loss, 30, 60, 600, 0.25);
    }

    [Fact]
    public void Jitter_of_200_ms_stays_sane() =>
        Check("uniform 0..200 ms, from 60 s", link => link.There = link.Back = () => link.Uniform(0, 0.2), 30, 60, 600, 5);

    [Fact]
    public void Stuck_packets_do_not_matter() => Check(
        "20..100 µs, 10 % stuck for 100 ms, from 60 s",
        link => link.There = link.Back = () => link.Uniform(20e-6, 100e-6) + (link.Chance(0.1) ? link.Exponential(0.1) : 0), 30, 60, 600, 0.4);

    [Fact]
    public void Clocks_600_ppm_apart()
    {
        Check("20..100 µs, clocks 600 ppm apart, from 6 s", link => (link.LocalPpm, link.PeerPpm) = (-300, 300), 20, 6, 120, 0.025);
        Check("normal 20 ± 8 ms, clocks 600 ppm apart, from 60 s", link => (Also(link, Normal).LocalPpm, link.PeerPpm) = (300, -300), 20, 60, 600, 0.60);
    }

    [Fact]
    public void A_route_that_becomes_longer_and_lopsided_both_ways_is_followed()
    {
        var errors = new Errors();
        for (int seed = 1; seed <= 20; seed++)
        {
            var link = new ClockLink(seed);
            var run = new Run(link);
            run.To(300);
            link.There = link.Back = () => 0.004 + link.Uniform(20e-6, 100e-6);
            run.To(360);
            link.There = link.Back = () => link.Uniform(20e-6, 100e-6);
            run.To(420);
            run.To(480, errors);
        }

        errors.Print("after changes of the route");
        Assert.InRange(errors.P99, 0, 0.05);
    }

    [Theory]
    [InlineData(5.0)]
    [InlineData(-3600.0)]
    [InlineData(0.5)]
    public void A_step_of_the_peers_clock_is_learned(double seconds)
    {
        for (int seed = 1; seed <= 20; seed++)
        {
            var link = new ClockLink(seed);
            var run = new Run(link);
            run.To(60);
            link.Shift = unchecked((ulong)(long)(seconds * 4294967296));
            run.To(68);
            var errors = new Errors();
            run.To(90, errors);
            Assert.Equal(1, run.Clock.Steps);
            Assert.InRange(errors.Max, 0, 0.1);
        }
    }

    [Fact]
    public void Rubbish_is_not_believed()
    {
        var link = new ClockLink(1);
        var run = new Run(link);
        run.To(10);
        long at = run.At, now = link.Local(at);
        ulong peer = link.Peer(at);
        ulong second = 1ul << 32;
        long accepted = run.Clock.Count;
        Assert.False(run.Clock.Add(now, peer, peer, now - 1000)); // before it was asked
        Assert.False(run.Clock.Add(now, peer + 1000, peer, now + 1_000_000)); // answered before it was received
        Assert.False(run.Clock.Add(now, peer, peer + (second / 100), now + 1_000_000)); // held longer than it took
        Assert.False(run.Clock.Add(now, peer, peer + (2 * second), now + (2 * Second) + 1_000_000)); // held for seconds
        Assert.False(run.Clock.Add(now, peer + (second / 2), peer + (second / 2), now + Second)); // a second on its way
        Assert.False(run.Clock.Add(now, 0, 0, now + 100_000));
        Assert.False(run.Clock.Add(now, ulong.MaxValue / 2, ulong.MaxValue / 2, now + 100_000));
        for (uint i = 1; i < 100; i++) Assert.False(run.Clock.Add(now, peer + (i * i * second), peer + (i * i * second), now + 100_000));
        Assert.Equal((accepted, 0), (run.Clock.Count, run.Clock.Steps));
        var errors = new Errors();
        run.To(20, errors);
        Assert.InRange(errors.Max, 0, 0.05);
    }

    [Fact]
    public void Rubbish_first_is_forgotten_by_four_true_exchanges()
    {
        var link = new ClockLink(2);
        var run = new Run(link);
        Assert.True(run.Clock.Add(link.Local(0), 42, 43, link.Local(100_000)));
        run.To(5);
        var errors = new Errors();
        run.To(10, errors);
        Assert.InRange(errors.Max, 0, 0.05);
    }

    [Fact]
    public void A_link_that_is_always_slow_is_used_in_the_end()
    {
        var link = new ClockLink(3) { There = () => 0.4, Back = () => 0.4 };
        var run = new Run(link);
        run.To(10);
        Assert.True(run.Clock.IsReady);
        Assert.InRange(run.Error, -2, 2);
        Assert.InRange(run.Clock.ErrorBound, 0.39, 0.41);
    }

    [Fact]
    public void The_wrap_of_2036_changes_nothing()
    {
        var link = new ClockLink(4);
        link.Shift = unchecked((0ul - (30ul << 32)) - link.Peer(0)); // 30 s before the wrap
        var run = new Run(link);
        run.To(6);
        var errors = new Errors();
        run.To(60, errors);
        Assert.True(link.Peer(60 * Second) < link.Peer(0));
        Assert.InRange(errors.Max, 0, 0.05);
        Assert.Equal(0, run.Clock.Steps);
    }

    [Fact]
    public void Both_directions_of_the_mapping_agree()
    {
        var link = new ClockLink(5);
        var run = new Run(link);
        run.To(20);
        for (long at = -100; at < 10_000; at += 77)
        {
            long local = link.Local(at * Second);
            Assert.InRange(run.Clock.ToLocal(run.Clock.ToPeer(local)), local - 3, local + 3);
        }
    }

    [Fact]
    public void The_pace_follows_the_error()
    {
        var quiet = new Run(new ClockLink(6));
        Assert.Equal(Second / 20, quiet.Clock.Interval(0));
        Assert.Equal(Second, quiet.Clock.Interval(60)); // nobody answers
        quiet.To(120);
        Assert.Equal(Second, quiet.Clock.Interval(0));
        Assert.InRange(quiet.Clock.Count, 180, 400);
        var link = new ClockLink(6);
        var noisy = new Run(Also(link, Normal));
        noisy.To(30);
        Assert.Equal(Second * 12 / 1000, noisy.Clock.Interval(0));
        Assert.InRange(noisy.Clock.Jitter, 0.008, 0.025);
        Assert.InRange(noisy.Clock.RatePpm, link.PeerPpm - link.LocalPpm - 60, link.PeerPpm - link.LocalPpm + 60);
    }

    [Fact]
    public void Its_own_figure_of_the_error_is_true()
    {
        var errors = new Errors();
        double own = 0;
        for (int seed = 1; seed <= 50; seed++)
        {
            var run = new Run(Also(new ClockLink(seed), Normal));
            run.To(120);
            errors.Add(run.Error * run.Error);
            own += run.Clock.StandardError * run.Clock.StandardError * 1e6 / 50;
        }

        Assert.InRange(own / (errors.Mean + 1e-9), 0.4, 2.5);
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        var run = new Run(new ClockLink(7));
        run.To(5);
        (long sent, ulong received, ulong peerSent, long arrived) = run.Link.Exchange(run.At)!.Value;
        Assert.Equal(0, Garbage.Of(() =>
        {
            for (int i = 0; i < 1000; i++) run.Clock.Add(sent, received, peerSent, arrived);
        }));
    }

    private static ClockLink Also(ClockLink link, Action<ClockLink> set)
    {
        set(link);
        return link;
    }

    private static void Check(string condition, Action<ClockLink> set, int seeds, double from, double to, double limit)
    {
        var errors = new Errors();
        for (int seed = 1; seed <= seeds; seed++)
        {
            var run = new Run(Also(new ClockLink(seed), set));
            run.To(from);
            run.To(to, errors);
        }

        errors.Print(condition);
        Assert.InRange(errors.P99, 0, limit);
    }

    /// <summary>An owner of an estimate who does as it says.</summary>
    private sealed class Run(ClockLink link)
    {
        public ClockLink Link => link;

        public ClockEstimate Clock { get; } = new(Second);

        public long At { get; private set; }

        /// <summary>Now, in ms.</summary>
        public double Error => (Clock.ToLocal(link.Peer(At)) - link.Local(At)) / 1e6;

        public void To(double seconds, Errors? errors = null)
        {
            while (At < seconds * Second)
            {
                if (link.Exchange(At) is { } reply) Clock.Add(reply.Sent, reply.PeerReceived, reply.PeerSent, reply.Arrived);
                At += Clock.Interval(0);
                errors?.Add(Error); // just before the next exchange, when it is largest
            }
        }
    }
}
