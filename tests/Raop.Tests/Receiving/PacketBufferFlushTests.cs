using Raop.Receiving;
using Raop.Rtp;

namespace Raop.Tests.Receiving;

/// <summary>Every case of FLUSH. One tick is one millisecond; packet n has sequence 100 + n and begins at frame 10,000 + 352 n.</summary>
public sealed class PacketBufferFlushTests
{
    private readonly PacketBuffer _buffer = new(framesPerPacket: 352, maxPayload: 8, ticksPerSecond: 1000, capacity: 256);
    private long _now;

    [Theory]
    [InlineData(0, 3)] // at a packet's first frame
    [InlineData(1, 3)] // within it: it is kept and cut
    [InlineData(351, 3)]
    public void A_time_in_the_buffer_keeps_the_packet_that_contains_it(int frames, int kept)
    {
        Add(0, 1, 2, 3, 4, 5);
        Assert.Equal(3, _buffer.Flush(103, Time(3) + (uint)frames));
        Assert.Equal(kept, _buffer.Count);
        Assert.Equal(103, _buffer.Head.Sequence & 0xFFFF);
        Assert.Equal(_buffer.Head.Frame + frames, _buffer.VoidBefore);
        Assert.Equal("Void Duplicate New", Add(2, 3, 6));
        Assert.Equal(1, _buffer.Voided);
        _buffer.Take();
        Assert.Null(_buffer.VoidBefore);
        Assert.Equal(104, _buffer.Head.Sequence & 0xFFFF);
        Assert.False(_buffer.Head.FollowsJump);
    }

    [Fact]
    public void Holes_are_dropped_and_kept_as_packets_are()
    {
        Add(0, 3, 7);
        Assert.Equal(2, _buffer.Flush(105, Time(5)));
        Assert.Equal((HeadKind.Missing, 105L), (_buffer.Head.Kind, _buffer.Head.Sequence & 0xFFFF));
        Assert.Equal(_buffer.FrameOf(Time(5)), _buffer.Head.Frame);
        Assert.Equal(2, _buffer.Missing);
        Assert.Equal("Filled Void", Add(5, 4));
    }

    [Theory]
    [InlineData(6)] // next to be sent
    [InlineData(30)] // later
    [InlineData(1_000_000)] // hours later
    public void A_time_after_everything_drops_all_and_voids_what_still_comes(int next)
    {
        Add(0, 1, 2, 4, 5);
        _buffer.Take();
        Assert.Equal(4, _buffer.Flush((ushort)(100 + next), Time(next)));
        Assert.Equal(HeadKind.Empty, _buffer.Head.Kind);
        Assert.Equal("Void Void Void", Add(3, 5, next - 1));
        Assert.Equal("New New", Add(next, next + 1));
        Assert.Equal(_buffer.FrameOf(Time(next)), _buffer.Head.Frame);
        Assert.True(_buffer.Head.FollowsJump);
    }

    [Fact]
    public void The_next_packet_may_have_any_number()
    {
        Add(0, 1, 2);
        _buffer.Flush(null, Time(3));
        Assert.Equal(PacketArrival.New, _buffer.Add(new RtpHeader(true, 96, 50_000, Time(3), 0), [1], 0));
        Assert.Equal(PacketArrival.New, _buffer.Add(new RtpHeader(false, 96, 50_001, Time(4), 0), [1], 0));
        Assert.Equal(50_000, _buffer.Head.Sequence & 0xFFFF);
    }

    [Fact]
    public void The_first_packets_after_a_flush_can_be_missing_too()
    {
        Add(0, 1, 2);
        _buffer.Flush(103, Time(3));
        Assert.Equal("New", Add(5));
        Assert.Equal((HeadKind.Missing, 103L, 2), (_buffer.Head.Kind, _buffer.Head.Sequence & 0xFFFF, _buffer.Missing));
        Assert.Equal("Filled", Add(3));
    }

    [Fact]
    public void A_time_that_has_been_played_is_ignored()
    {
        Add(0, 1, 2, 3);
        _buffer.Take();
        _buffer.Take();
        Assert.Equal(0, _buffer.Flush(101, Time(1)));
        Assert.Equal(0, _buffer.Flush(102, Time(2) - 1));
        Assert.Equal(2, _buffer.Count);
        Assert.Null(_buffer.VoidBefore);
        Assert.Equal("New", Add(4));
    }

    [Fact]
    public void A_time_far_before_the_buffer_is_another_line_and_drops_everything()
    {
        Add(1000, 1001);
        Assert.Equal(2, _buffer.Flush(5, Time(100)));
        Assert.Null(_buffer.VoidBefore);
        Assert.Equal(PacketArrival.New, _buffer.Add(new RtpHeader(true, 96, 5, Time(100), 0), [1], _now + 1));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0u)]
    public void Without_a_time_everything_is_dropped(uint? time)
    {
        Add(0, 1, 2, 4);
        Assert.Equal(4, _buffer.Flush(102, time));
        Assert.Equal((0, 0), (_buffer.Count, _buffer.Missing));
        Assert.Null(_buffer.VoidBefore);
        Assert.Equal("Void Void", Add(3, 4)); // they were on their way
        Assert.Equal("New", Add(5));
    }

    [Fact]
    public void Without_a_time_the_same_numbers_may_come_again_after_half_a_second()
    {
        Add(0, 1, 2, 4);
        _buffer.Flush(null, null);
        _now += 500;
        Assert.Equal("New New", Add(0, 1));
    }

    [Fact]
    public void Without_a_time_other_times_under_old_numbers_are_heard() // libraop sends its backlog again with new times
    {
        Add(0, 1, 2, 4);
        _buffer.Flush(null, null);
        Assert.Equal(PacketArrival.New, _buffer.Add(new RtpHeader(true, 96, 102, Time(900), 0), [1], _now));
    }

    [Fact]
    public void Before_the_first_packet_it_says_where_to_begin()
    {
        Assert.Equal(0, _buffer.Flush(null, null));
        Assert.Equal(0, _buffer.Flush(102, Time(2)));
        Assert.Equal("Void Void New", Add(0, 1, 2));
    }

    [Fact]
    public void A_time_that_the_sender_does_not_use_silences_it_for_three_seconds_at_most()
    {
        Add(0);
        _buffer.Flush(101, Time(5_000_000));
        Assert.Equal(384, Enumerable.Range(1, 500).TakeWhile(i => Add(i) == "Void").Count());
        Assert.Null(_buffer.VoidBefore);
        Assert.Equal("New", Add(501));
    }

    [Fact]
    public void A_second_flush_takes_the_place_of_the_first()
    {
        Add(0, 1, 2);
        _buffer.Flush(110, Time(10));
        Assert.Equal(0, _buffer.Flush(105, Time(5)));
        Assert.Equal("Void New", Add(4, 5));
    }

    private static uint Time(int place) => (uint)(10_000 + (place * 352));

    private string Add(params int[] places) => string.Join(' ', places.Select(place =>
        _buffer.Add(new RtpHeader(false, 96, (ushort)(100 + place), Time(place), 0), [1, 2, (byte)place], _now += 8)));
}
