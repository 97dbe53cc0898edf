using Raop.Timing;

namespace Raop.Tests.Timing;

public sealed class NtpTimeTests
{
    private const long Nanoseconds = 1_000_000_000;

    [Fact]
    public void Offset_and_round_trip_of_a_captured_exchange()
    {
        const ulong Departure = 0x83c117ccafba9b32, Received = 0x83c117ccb012ceb6, Transmitted = 0x83c117ccb0141047, Arrival = 0x83c117ccb0a00000;
        long there = NtpTime.Ticks(Received, Departure, Nanoseconds), back = NtpTime.Ticks(Transmitted, Arrival, Nanoseconds);
        Assert.InRange((there + back) / 2, -394_709, -394_707);
        long trip = NtpTime.Ticks(Arrival, Departure, Nanoseconds) - NtpTime.Ticks(Transmitted, Received, Nanoseconds);
        Assert.InRange(trip, 3_481_103, 3_481_105);
    }

    [Theory]
    [InlineData(1049904499u, 0x83b08f1a867ad48cul)] // 100 packets of 352 after the anchor
    [InlineData(1049904499u + 11025, 0x83b08f1ac67ad48cul)] // with the fixed latency
    public void Playout_time_of_a_frame(uint frame, ulong expected)
    {
        const uint AnchorFrame = 1049869299;
        const ulong Anchor = 0x83b08f19ba24ea9b;
        ulong time = NtpTime.Add(Anchor, frame - AnchorFrame, 44_100); // ticks may be frames
        Assert.InRange(unchecked((long)(expected - time)), -1, 1);
    }

    [Theory]
    [InlineData(10_000_000)]
    [InlineData(1_000_000_000)]
    [InlineData(24_000_000)]
    public void Timestamps_begin_in_1970_and_keep_their_distances(long ticksPerSecond)
    {
        Assert.Equal(2_208_988_800ul << 32, NtpTime.FromTimestamp(0, ticksPerSecond));
        Assert.Equal((2_208_988_801ul << 32) + (1ul << 31), NtpTime.FromTimestamp(ticksPerSecond * 3 / 2, ticksPerSecond));
        long year = 31_557_600 * ticksPerSecond;
        foreach (long ticks in (long[])[1, 12_345, ticksPerSecond - 1, ticksPerSecond, year])
        {
            ulong time = NtpTime.FromTimestamp(987_654_321, ticksPerSecond);
            Assert.InRange(NtpTime.Ticks(NtpTime.Add(time, ticks, ticksPerSecond), time, ticksPerSecond), ticks - 1, ticks);
            Assert.InRange(NtpTime.Ticks(NtpTime.FromTimestamp(987_654_321 + ticks, ticksPerSecond), time, ticksPerSecond), ticks - 1, ticks + 1);
        }
    }

    [Fact]
    public void The_wrap_of_2036_is_a_second_like_others()
    {
        const ulong Last = 0xffffffff_80000000, First = 0x00000000_80000000;
        Assert.Equal(Nanoseconds, NtpTime.Ticks(First, Last, Nanoseconds));
        Assert.Equal(-Nanoseconds, NtpTime.Ticks(Last, First, Nanoseconds));
        Assert.Equal(First, NtpTime.Add(Last, Nanoseconds, Nanoseconds));
        Assert.Equal(Last, NtpTime.Add(First, -Nanoseconds, Nanoseconds));
    }
}
