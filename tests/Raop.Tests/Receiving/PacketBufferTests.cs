using System.Buffers.Binary;
using Raop.Receiving;
using Raop.Rtp;

namespace Raop.Tests.Receiving;

/// <summary>Order, holes and jumps. One tick is one millisecond; packets are named by their place on a line of 352 frames each.</summary>
public sealed class PacketBufferTests
{
    private const int Frames = 352;
    private readonly PacketBuffer _buffer = new(Frames, maxPayload: 64, ticksPerSecond: 1000, capacity: 256);
    private ushort _firstSequence = 1000;
    private uint _firstTime = 50_000;
    private long _now;

    [Fact]
    public void Empty_has_no_head()
    {
        Assert.Equal(default, _buffer.Head);
        Assert.True(_buffer.Payload.IsEmpty);
        Assert.Throws<InvalidOperationException>(_buffer.Take);
        Assert.Null(_buffer.LastPacketAt);
    }

    [Theory]
    [InlineData(1000, 50_000)]
    [InlineData(65_533, 50_000)] // the sequence wraps
    [InlineData(7, 4_294_966_596)] // RTP time wraps
    [InlineData(65_534, 4_294_966_944)] // both
    public void Packets_in_any_order_come_out_in_theirs(int sequence, uint time)
    {
        (_firstSequence, _firstTime) = ((ushort)sequence, time);
        long zero = _buffer.FrameOf(time);
        Assert.Equal("New New Filled Duplicate New Filled New", Add(0, 2, 1, 1, 5, 3, 6));
        Assert.Equal("0 1 2 3 ?4 5 6", Taken(zero));
        Assert.Equal((2, 0, 1L, 2L, 1L), (_buffer.LongestHole, _buffer.Missing, _buffer.Lost, _buffer.Filled, _buffer.Duplicates));
    }

    [Fact]
    public void A_packet_whose_place_was_taken_is_late()
    {
        Add(0, 1, 3);
        _buffer.Take();
        _buffer.Take();
        _buffer.Take(); // missing
        Assert.Equal("Late Late Duplicate", Add(1, 2, 3));
        Assert.Equal(2, _buffer.LateArrivals);
    }

    [Fact]
    public void Packets_before_the_first_that_came_are_heard_until_one_is_taken()
    {
        Assert.Equal("New New New", Add(3, 2, 0));
        Assert.Equal(1, _buffer.Missing);
        Assert.Equal(0 * Frames + _buffer.FrameOf(_firstTime), _buffer.Head.Frame);
        _buffer.Take();
        Assert.Equal("Late Filled", Add(-1, 1));
    }

    [Fact]
    public void A_long_stream_wraps_again_and_again()
    {
        (_firstSequence, _firstTime) = (65_000, uint.MaxValue - (40_000 * Frames));
        long first = _buffer.FrameOf(_firstTime), sequence = 0;
        for (int i = 0; i < 200_000; i++)
        {
            Assert.Equal("New", Add(i));
            BufferHead head = _buffer.Head;
            Assert.Equal((HeadKind.Packet, first + ((long)i * Frames), Frames, false), (head.Kind, head.Frame, head.Frames, head.FollowsJump));
            if (i > 0) Assert.Equal(sequence + 1, head.Sequence);
            Assert.Equal((ushort)(_firstSequence + i), (ushort)(sequence = head.Sequence));
            _buffer.Take();
        }
    }

    [Fact]
    public void What_is_no_audio_is_not_kept()
    {
        Assert.Equal(PacketArrival.Unusable, _buffer.Add(Header(0), [], 0));
        Assert.Equal(PacketArrival.Unusable, _buffer.Add(Header(0), [0x00, 0x68, 0x34, 0x00], 0)); // iOS: no data
        Assert.Equal(PacketArrival.Unusable, _buffer.Add(Header(0), new byte[65], 0));
        Assert.Equal(PacketArrival.Unusable, _buffer.Add(Header(0) with { PayloadType = 97 }, new byte[16], 0));
        Assert.Equal(0, _buffer.Received);
        Assert.Equal(PacketArrival.New, _buffer.Add(Header(0), [1], 0));
        Assert.Equal(PacketArrival.New, _buffer.Add(Header(1), new byte[64], 0));
    }

    [Fact]
    public void A_full_buffer_drops_the_oldest()
    {
        for (int i = 0; i < 300; i++) Add(i);
        Assert.Equal((256, 44L), (_buffer.Count, _buffer.Overflowed));
        Assert.Equal((ushort)(_firstSequence + 44), (ushort)_buffer.Head.Sequence);
        Assert.Equal("Late", Add(43));
    }

    [Theory]
    [InlineData(20_000)]
    [InlineData(-20_000)]
    [InlineData(300)]
    [InlineData(-300)]
    [InlineData(3)]
    public void One_stray_packet_does_not_disturb_a_stream(int far)
    {
        Add(0, 1, 2, 3, 4);
        Assert.Equal(PacketArrival.Unusable, _buffer.Add(Header(far) with { Timestamp = 3_000_000_000 }, [1, 2], _now));
        Assert.Equal("New", Add(5));
        Assert.Equal(PacketArrival.Unusable, _buffer.Add(Header(far) with { Timestamp = 3_000_000_000 }, [1, 2], _now));
        Assert.Equal("New", Add(6));
        Assert.Equal("0 1 2 3 4 5 6", Taken(_buffer.FrameOf(_firstTime)));
        Assert.Equal(0, _buffer.Restarts);
    }

    [Theory]
    [InlineData(20_000, 1)]
    [InlineData(-20_000, 1)]
    [InlineData(-20_000, 3)]
    [InlineData(-20_000, -1)] // the two came in the wrong order
    [InlineData(-3, 1)] // where there are packets already
    [InlineData(100, 1)]
    public void Two_packets_that_continue_each_other_are_a_new_start(int far, int step)
    {
        Add(0, 1, 2, 3, 4);
        long old = _buffer.Head.Sequence;
        (_firstSequence, _firstTime) = ((ushort)(_firstSequence + far), 3_000_000_000);
        Assert.Equal("Unusable Restarted New", Add(0, step, 4));
        Assert.Equal(1, _buffer.Restarts);
        BufferHead head = _buffer.Head;
        Assert.Equal((ushort)(_firstSequence + Math.Min(step, 0)), (ushort)head.Sequence);
        Assert.True(head.Sequence > old); // a line of its own, and it only grows
        Assert.Equal(_buffer.FrameOf((uint)(_firstTime + (Math.Min(step, 0) * Frames))), head.Frame);
        Assert.Equal((byte)Math.Min(step, 0), _buffer.Payload[0]);
    }

    [Fact]
    public void A_jump_into_an_empty_buffer_is_a_new_start_at_once()
    {
        Add(0);
        _buffer.Take();
        (_firstSequence, _firstTime) = (40_000, 3_000_000_000);
        Assert.Equal("Restarted New", Add(0, 1));
        Assert.True(_buffer.Head.FollowsJump);
    }

    [Fact]
    public void Late_copies_do_not_restart_an_empty_buffer()
    {
        Add(Enumerable.Range(0, 200).ToArray());
        for (int i = 0; i < 200; i++) _buffer.Take();
        Assert.Equal("Late Late Late Late", Add(199, 0, 1, -100));
    }

    [Fact]
    public void An_outage_longer_than_the_buffer_is_a_new_start()
    {
        Add(0, 1);
        Assert.Equal("Unusable Restarted", Add(400, 401));
        Assert.Equal("New", Add(402));
        Assert.Equal(0, _buffer.Missing);
    }

    [Fact]
    public void A_pause_shows_in_the_packet_after_it()
    {
        Add(0, 1);
        _firstTime += 100_000; // the sender's line went on, its numbers too
        Add(2, 3);
        Assert.Equal(["0 352 False", "352 352 False", "100704 352 True", "101056 352 False"], Heads(50_000));
    }

    [Fact]
    public void A_short_packet_shows_in_the_frames_until_the_next()
    {
        Add(0, 1);
        _firstTime -= 252; // the second had 100 frames
        Add(2, 3);
        Assert.Equal(["0 352 False", "352 100 False", "452 352 True", "804 352 False"], Heads(50_000));
    }

    [Fact]
    public void A_hole_takes_its_frames_from_its_neighbours()
    {
        Add(0);
        _firstTime -= 252; // a short one among the missing
        Add(3);
        _firstTime += 1000; // a pause among the missing
        Add(6);
        Assert.Equal(
            ["0 352 False", "100 352 False", "452 352 False", "804 352 False", "1156 352 False", "1508 352 False", "2860 352 True"], Heads(50_000));
    }

    [Fact]
    public void RTP_times_unwrap_near_the_newest_packet_and_before_the_first()
    {
        var buffer = new PacketBuffer(Frames, 64, 1000);
        long zero = buffer.FrameOf(uint.MaxValue - 99);
        Assert.Equal(zero + 200, buffer.FrameOf(100));
        Assert.Equal(zero - 100, buffer.FrameOf(uint.MaxValue - 199));
        buffer.Add(new RtpHeader(true, 96, 1, 100, 0), [1], 0);
        Assert.Equal(zero + 200, buffer.Head.Frame);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Hostile_packets_do_no_more_than_fill_the_buffer(int seed)
    {
        var random = new Random(seed);
        byte[] payload = new byte[80];
        var requests = new ResendRequest[8];
        for (int i = 0; i < 100_000; i++)
        {
            // Half of them near the last, so that every path is met.
            ushort sequence = random.Next(2) == 0 ? (ushort)random.Next() : (ushort)(_buffer.Head.Sequence + random.Next(-20, 300));
            uint time = random.Next(2) == 0 ? (uint)random.NextInt64() : (uint)(_buffer.Head.Frame + random.Next(-20_000, 100_000));
            long now = random.Next(10) == 0 ? random.NextInt64(1L << 40) : i;
            _buffer.Add(new RtpHeader(random.Next(2) == 0, 96, sequence, time, 0), payload.AsSpan(0, random.Next(80)), now);
            BufferHead head = _buffer.Head;
            Assert.InRange(_buffer.Count, 0, 256);
            Assert.InRange(_buffer.Missing, 0, _buffer.Count);
            Assert.InRange(head.Frames, 0, Frames);
            Assert.Equal(_buffer.Count == 0, head.Kind == HeadKind.Empty);
            Assert.Equal(head.Kind == HeadKind.Packet, !_buffer.Payload.IsEmpty);
            if (random.Next(3) == 0 && _buffer.Count > 0) _buffer.Take();
            if (random.Next(50) == 0) _buffer.Flush((ushort)random.Next(), random.Next(9) == 0 ? null : (uint)random.NextInt64());
            if (random.Next(4) == 0)
            {
                _buffer.PollResends(now, _ => random.NextInt64(long.MaxValue), requests, out int count);
                Assert.All(requests[..count], request => Assert.InRange(request.Count, 1, 64));
            }
        }
    }

    [Fact]
    public void Nothing_is_allocated_for_a_packet()
    {
        var requests = new ResendRequest[8];
        Func<long, long> due = static _ => long.MaxValue;
        byte[] payload = new byte[60];
        int done = 0;
        Assert.Equal(0, Garbage.Of(() =>
        {
            Run(done, done + 3000);
            done += 3000;
        }));
        Assert.True(_buffer.Requests > 100);
        Assert.True(_buffer.Restarts > 0);

        void Run(int from, int to)
        {
            for (int i = from; i < to; i++)
            {
                if (i % 900 == 0) _buffer.Flush((ushort)(1000 + i), (uint)(i * Frames));
                if (i % 700 is 0 or 1) _buffer.Add(new RtpHeader(false, 96, (ushort)(30_000 + i), (uint)(i * Frames) + 2_000_000_000, 0), payload, i * 8);
                if (i % 7 != 3) _buffer.Add(Header(i), payload, i * 8);
                if (i % 5 == 0) _buffer.Add(Header(i - 9), payload, i * 8);
                _buffer.PollResends(i * 8, due, requests, out _);
                while (_buffer.Count > 100) _buffer.Take();
            }
        }
    }

    private RtpHeader Header(int place) => new(false, 96, (ushort)(_firstSequence + place), (uint)(_firstTime + ((long)place * Frames)), 0);

    private string Add(params int[] places) => string.Join(' ', places.Select(place =>
    {
        byte[] payload = new byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(payload, place);
        payload[7] = 1;
        return _buffer.Add(Header(place), payload, _now += 8);
    }));

    /// <summary>Takes everything: places by their payloads, which the frames must match; a ? before missing ones.</summary>
    private string Taken(long zero)
    {
        List<string> taken = [];
        for (; _buffer.Head is { Kind: not HeadKind.Empty } head; _buffer.Take())
        {
            long place = (head.Frame - zero) / Frames;
            Assert.Equal(zero + (place * Frames), head.Frame);
            Assert.Equal((ushort)(_firstSequence + place), (ushort)head.Sequence);
            if (head.Kind == HeadKind.Packet) Assert.Equal(place, BinaryPrimitives.ReadInt32LittleEndian(_buffer.Payload));
            taken.Add(head.Kind == HeadKind.Packet ? $"{place}" : $"?{place}");
        }

        return string.Join(' ', taken);
    }

    private List<string> Heads(uint zero)
    {
        List<string> heads = [];
        for (; _buffer.Head is { Kind: not HeadKind.Empty } head; _buffer.Take())
        {
            heads.Add($"{head.Frame - _buffer.FrameOf(zero)} {head.Frames} {head.FollowsJump}");
        }

        return heads;
    }
}
