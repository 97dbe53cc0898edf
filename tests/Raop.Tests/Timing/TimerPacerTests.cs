using Raop.Tests.Simulation;
using Raop.Timing;

namespace Raop.Tests.Timing;

public sealed class TimerPacerTests
{
    private readonly SimulatedWorld _world = new();
    private readonly SimulatedHost _host;
    private readonly TimerPacer _pacer;
    private readonly List<long> _calls = [];

    public TimerPacerTests()
    {
        _host = _world.AddHost("host", "10.0.0.1");
        _pacer = new TimerPacer(_host.Clock);
    }

    private long Start => 1_000_000_000_007L; // where the first host's clock begins, ns

    [Fact]
    public void Steps_are_called_soon_and_then_when_they_ask()
    {
        _pacer.Start(now =>
        {
            _calls.Add(now - Start);
            return now + 10_000_000;
        });
        _world.RunFor(TimeSpan.FromMilliseconds(35));
        Assert.Equal([0, 10_000_000, 20_000_000, 30_000_000], _calls);
    }

    [Fact]
    public void A_step_is_never_early_even_between_the_timers_ticks()
    {
        _host.Clock.RatePpm = 80;
        long asked = 0;
        _pacer.Start(now =>
        {
            Assert.InRange(now, asked, asked + (asked == 0 ? Start : 200));
            _calls.Add(now);
            return asked = now + 7_981_859; // not a multiple of 100 ns
        });
        _world.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(126, _calls.Count);
    }

    [Fact]
    public void A_step_that_waits_for_a_wake_is_called_by_it_alone()
    {
        PacedStep step = _pacer.Start(now =>
        {
            _calls.Add(now - Start);
            return Pacer.Never;
        });
        _world.RunFor(TimeSpan.FromHours(1));
        Assert.Single(_calls);
        _world.At(TimeSpan.FromHours(1.5), step.Wake);
        _world.RunFor(TimeSpan.FromHours(1));
        Assert.Equal([0, 5_400_000_000_000], _calls);
    }

    [Fact]
    public void A_wake_from_within_a_step_stands()
    {
        PacedStep? step = null;
        step = _pacer.Start(now =>
        {
            _calls.Add(now - Start);
            if (_calls.Count == 1) step!.Wake();
            return Pacer.Never;
        });
        _world.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal([0, 0], _calls);
    }

    [Fact]
    public void A_wake_takes_the_place_of_what_was_asked()
    {
        PacedStep step = _pacer.Start(now =>
        {
            _calls.Add(now - Start);
            return now + 1_000_000_000;
        });
        _world.At(TimeSpan.FromSeconds(0.5), step.Wake);
        _world.RunFor(TimeSpan.FromSeconds(2));
        Assert.Equal([0, 500_000_000, 1_500_000_000], _calls);
    }

    [Theory]
    [InlineData(100L * 24 * 3600 * 1_000_000_000)]
    [InlineData(long.MaxValue - 1 - 1_000_000_000_007L)]
    public void A_wait_of_months_is_kept(long wait)
    {
        _pacer.Start(now =>
        {
            _calls.Add(now - Start);
            return _calls.Count == 1 ? now + wait : Pacer.Never;
        });
        _world.RunFor(TimeSpan.FromDays(99));
        Assert.Single(_calls);
        _world.RunFor(TimeSpan.FromDays(2));
        Assert.Equal(wait < long.MaxValue / 2 ? [0, wait] : [0], _calls);
    }

    [Fact]
    public void No_call_comes_after_disposal_from_outside_or_inside()
    {
        PacedStep outside = _pacer.Start(now => now + 10_000_000);
        PacedStep? inside = null;
        inside = _pacer.Start(now =>
        {
            _calls.Add(now - Start);
            if (_calls.Count == 2) inside!.Dispose();
            return now + 10_000_000;
        });
        _world.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal([0, 10_000_000], _calls);
        outside.Dispose();
        outside.Dispose();
        outside.Wake();
        inside.Wake();
        _world.RunUntilIdle(TimeSpan.FromHours(1));
        Assert.Equal(2, _calls.Count);
    }

    [Fact]
    public void Disposing_the_pacer_from_within_a_step_ends_all()
    {
        _pacer.Start(now => now + 10_000_000);
        _pacer.Start(now =>
        {
            _calls.Add(now - Start);
            if (_calls.Count == 3) _pacer.Dispose();
            return now + 10_000_000;
        });
        _world.RunUntilIdle(TimeSpan.FromSeconds(1));
        Assert.Equal(3, _calls.Count);
    }
}
