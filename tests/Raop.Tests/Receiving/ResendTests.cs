using Raop.Receiving;
using Raop.Rtp;

namespace Raop.Tests.Receiving;

/// <summary>What is asked for, and when. One tick is one millisecond; packet n has sequence 100 + n and is sent at 8 n.</summary>
public sealed class ResendTests
{
    private readonly PacketBuffer _buffer = new(framesPerPacket: 352, maxPayload: 8, ticksPerSecond: 1000);
    private readonly ResendRequest[] _requests = new ResendRequest[16];
    private long _due = long.MaxValue;

    [Fact]
    public void Nothing_is_asked_for_while_nothing_is_missing()
    {
        Assert.Equal(long.MaxValue, Poll(0, ""));
        Add(0, 0, 1, 2);
        Assert.Equal(long.MaxValue, Poll(50, ""));
    }

    [Fact]
    public void A_hole_is_asked_for_after_the_time_in_which_packets_swap_places()
    {
        Add(100, 0, 4, 7);
        Assert.Equal(110, Poll(100, ""));
        Assert.Equal(110, Poll(109, ""));
        Assert.Equal(210, Poll(110, "101+3 105+2"));
        Assert.Equal(210, Poll(111, ""));
        Add(150, 2);
        Assert.Equal((5L, 2L), (_buffer.RequestedPackets, _buffer.Requests));
        Poll(500, "101+1 103+1 105+2");
    }

    [Fact]
    public void A_packet_that_comes_by_itself_is_not_asked_for()
    {
        Add(100, 0, 2);
        Add(105, 1);
        Assert.Equal(long.MaxValue, Poll(120, ""));
        Assert.Equal(0, _buffer.Requests);
    }

    [Fact]
    public void Holes_wait_as_long_as_packets_were_late_before()
    {
        Add(100, 0, 2);
        Add(109, 1);
        for (int i = 0; i < 5; i++)
        {
            Add(200 + (i * 100), 4 + (2 * i));
            Add(240 + (i * 100), 3 + (2 * i)); // 40 ms late
        }

        Add(800, 20);
        Assert.Equal(845, Poll(800, ""));
    }

    [Fact]
    public void A_needless_request_makes_it_wait_longer()
    {
        Add(100, 0, 2);
        Poll(110, "101+1");
        Add(130, 1);
        Add(150, 1); // both came: the request was needless, the packet 30 ms late
        Add(200, 4);
        Assert.Equal(233, Poll(200, ""));
    }

    [Theory]
    [InlineData(8, 40)] // not sooner
    [InlineData(50, 100)]
    [InlineData(400, 250)] // not later
    public void Repeats_follow_the_measured_time_of_an_answer(int roundTrip, int repeat)
    {
        long now = 100;
        Add(now, 0);
        for (int i = 0; i < 60; i++)
        {
            Add(now, 2 + (2 * i));
            Poll(now + 10, $"{101 + (2 * i)}+1");
            Add(now + 10 + roundTrip, 1 + (2 * i));
            now += 500;
        }

        Add(now, 300);
        now += 10;
        long next = PollAny(now);
        Assert.InRange(next - now, Math.Min(repeat, Math.Max(40, roundTrip)), repeat);
    }

    [Fact]
    public void A_request_has_64_packets_and_a_poll_8_requests()
    {
        Add(0, 0, 201);
        Poll(10, "101+64 165+64 229+64 293+8");
        var many = new PacketBuffer(352, 8, 1000);
        for (int i = 0; i < 40; i += 2) many.Add(new RtpHeader(false, 96, (ushort)i, (uint)i * 352, 0), [1], 0);
        Assert.InRange(many.PollResends(20, _ => long.MaxValue, _requests, out int count), 21, 25);
        Assert.Equal(8, count);
        many.PollResends(25, _ => long.MaxValue, _requests.AsSpan(0, 3), out count);
        Assert.Equal(3, count);
        many.PollResends(30, _ => long.MaxValue, [], out count);
        Assert.Equal(0, count);
    }

    [Fact]
    public void Requests_go_across_the_wrap()
    {
        Add(0, 65_535 - 100 - 1, 65_535 - 100 + 3);
        Poll(10, "65535+3");
    }

    [Fact]
    public void Packets_asked_for_in_a_second_have_a_limit()
    {
        Add(0, 0, 900);
        long asked = 0;
        for (long now = 10; now < 1010; now++)
        {
            PollAny(now);
            Assert.True(_buffer.RequestedPackets - asked <= 256);
            asked = _buffer.RequestedPackets;
        }

        Assert.InRange(asked, 600, 256 + 400 + 1);
    }

    [Fact]
    public void What_cannot_come_in_time_is_not_asked_for()
    {
        Add(0, 0, 4);
        _due = 100;
        Assert.Equal(long.MaxValue, Poll(91, ""));
        Assert.Equal((3, 0L), (_buffer.Missing, _buffer.Requests));
    }

    [Fact]
    public void Short_of_time_it_asks_twice_as_often()
    {
        Add(0, 0, 4);
        _due = 250;
        Assert.Equal(60, Poll(10, "101+3"));
        Assert.Equal(110, Poll(60, "101+3"));
    }

    [Fact]
    public void A_sender_that_never_answers_is_asked_once_a_second_until_it_does()
    {
        long now = 0, silentFrom = 0;
        Add(0, 0);
        int place = 0;
        for (; now < 8000; now += 8)
        {
            if (++place % 20 != 0) Add(now, place);
            PollAny(now);
            if (now < 5000) silentFrom = _buffer.Requests;
        }

        Assert.InRange(_buffer.Requests - silentFrom, 2, 4);
        long before = _buffer.Requests;
        Add(now, 20); // an answer
        for (int i = 0; i < 12; i++) PollAny(now += 10);
        Assert.InRange(_buffer.Requests - before, 8, 96);
    }

    [Fact]
    public void An_outage_is_not_taken_for_a_sender_that_never_answers()
    {
        for (int i = 0; i < 100; i++) Add(i * 8, i);
        Add(800, 105);
        for (long now = 800; now < 4000; now += 10) PollAny(now); // nothing comes at all
        long before = _buffer.RequestedPackets;
        Add(4000, 500);
        PollAny(4010);
        Assert.True(_buffer.RequestedPackets - before > 200);
    }

    private void Add(long now, params int[] places)
    {
        foreach (int place in places) _buffer.Add(new RtpHeader(false, 96, (ushort)(100 + place), (uint)(place * 352), 0), [1], now);
    }

    private long PollAny(long now) => _buffer.PollResends(now, _ => _due, _requests, out _);

    private long Poll(long now, string expected)
    {
        long next = _buffer.PollResends(now, _ => _due, _requests, out int count);
        Assert.Equal(expected, string.Join(' ', _requests.Take(count).Select(request => $"{request.First}+{request.Count}")));
        Assert.All(_requests.Take(count), request => Assert.Equal(1, request.Sequence));
        return next;
    }
}
