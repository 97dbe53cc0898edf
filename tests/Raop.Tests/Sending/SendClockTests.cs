using Raop.Sending;

namespace Raop.Tests.Sending;

/// <summary>Ticks of 1 µs.</summary>
public sealed class SendClockTests
{
    private readonly SendClock _clock = new(44_100, leadFrames: 88_200, ticksPerSecond: 1_000_000);

    [Fact]
    public void Packets_leave_the_lead_ahead_of_being_heard()
    {
        _clock.Start(0, 1000);
        Assert.True(_clock.UntilDue(0, 1000) <= 0);
        Assert.True(_clock.UntilDue(88_200, 1000) <= 0);
        Assert.Equal(1_000_000, _clock.UntilDue(88_200 + 44_100, 1000));
        Assert.Equal(0, _clock.UntilDue(88_200 + 44_100, 1_001_000));
    }

    [Fact]
    public void Deadlines_do_not_drift_in_a_thousand_hours()
    {
        _clock.Start(0, 0);
        long frame = 44_100L * 3600 * 1000;
        Assert.Equal((3600L * 1000 - 2) * 1_000_000, _clock.UntilDue(frame, 0));
        Assert.Equal(frame, _clock.Heard(3600L * 1000 * 1_000_000));
    }

    [Fact]
    public void A_starved_receiver_is_later_by_its_silence()
    {
        _clock.Start(0, 0);
        Assert.Equal(0, _clock.Accepted(4096, 50_000)); // in time: due to be heard at 92.9 ms
        Assert.Equal(1_000_000, _clock.Accepted(44_100, 2_000_000)); // should have been heard a second ago
        Assert.Equal(44_100, _clock.Heard(2_000_000));
        Assert.Equal(0, _clock.Accepted(44_100 + 4096, 2_050_000));
        Assert.Equal(1_000_000, _clock.UntilHeard(88_200, 2_000_000));
    }

    [Fact]
    public void A_new_start_forgets_the_silence()
    {
        _clock.Start(0, 0);
        _clock.Accepted(44_100, 5_000_000);
        _clock.Start(10_000, 6_000_000);
        Assert.Equal(10_000, _clock.Heard(6_000_000));
        Assert.Equal(10_000 + 44_100, _clock.Heard(7_000_000));
    }
}
