using Raop.Receiving;
using Raop.Rtp;

namespace Raop.Tests.Receiving;

/// <summary>How much of a stream cannot be played over a bad link. Virtual time, one tick is a microsecond; every figure repeats exactly.</summary>
public sealed class ResendLinkTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(5, 0)]
    [InlineData(10, 0)]
    [InlineData(20, 20)]
    [InlineData(30, 20)]
    public void Loss_both_ways_is_refilled(int percent, int allowed)
    {
        ResendLink link = Run(new ResendLink(seed: percent) { LossDown = percent / 100.0, LossUp = percent / 100.0, Delay = 20_000, Jitter = 10_000 });
        Assert.InRange(link.Unfilled, 0, allowed);
        Assert.InRange(link.Buffer.RequestedPackets, 1, (long)(3.0 * percent / 100 * link.Packets));
    }

    [Theory]
    [InlineData(5, 50, 0)]
    [InlineData(20, 50, 20)]
    public void On_a_slow_link_too(int percent, int delay, int allowed)
    {
        ResendLink link = Run(new ResendLink(seed: 100 + percent)
        {
            LossDown = percent / 100.0, LossUp = percent / 100.0, Delay = delay * 1000, Jitter = 50_000, Duplicated = 0.02,
        });
        Assert.InRange(link.Unfilled, 0, allowed);
    }

    [Fact]
    public void Bursts_are_refilled()
    {
        ResendLink link = Run(new ResendLink(seed: 7) { LossDown = 0.05, LossUp = 0.05, Burst = 20, Delay = 5_000, Jitter = 5_000 });
        Assert.True(link.Buffer.LongestHole > 30, "no burst was long");
        Assert.Equal(0, link.Unfilled);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public void An_outage_of_a_second_and_a_half_is_not_heard(int percent)
    {
        ResendLink link = Run(new ResendLink(seed: 9)
        {
            LossDown = percent / 100.0, LossUp = percent / 100.0, Delay = 20_000, Jitter = 5_000, Outage = 1_500_000, Packets = 20_000,
        });
        Assert.InRange(link.Buffer.LongestHole, 180, 210);
        Assert.Equal(0, link.Unfilled);
        output.WriteLine($"whole again after {link.LongestRefill / 1000} ms");
        Assert.InRange(link.LongestRefill, 1, percent == 0 ? 150_000 : 400_000);
        if (percent == 0) Assert.InRange(link.Buffer.Requests, 1, link.Outages * 8);
    }

    [Fact]
    public void Jitter_alone_costs_few_requests()
    {
        ResendLink link = Run(new ResendLink(seed: 11) { Delay = 20_000, Jitter = 200_000 });
        Assert.True(link.Buffer.Filled > 50_000, "packets came in order");
        Assert.Equal(0, link.Unfilled);
        Assert.InRange(link.Buffer.RequestedPackets, 0, link.Packets / 100);
    }

    [Fact]
    public void Jitter_with_loss_and_copies_is_refilled()
    {
        ResendLink link = Run(new ResendLink(seed: 12) { LossDown = 0.05, LossUp = 0.05, Delay = 20_000, Jitter = 200_000, Duplicated = 0.05 });
        Assert.Equal(0, link.Unfilled);
    }

    [Fact]
    public void A_sender_that_never_answers_is_not_flooded()
    {
        ResendLink link = Run(new ResendLink(seed: 13) { LossDown = 0.05, LossUp = 1, Delay = 20_000, Packets = 20_000 });
        Assert.InRange(link.Buffer.Requests, 20, 400); // 160 s at one a second, and the first two seconds
    }

    [Fact]
    public void Without_a_clock_packets_are_asked_for_all_the_same()
    {
        ResendLink link = Run(new ResendLink(seed: 14) { LossDown = 0.05, LossUp = 0.05, Delay = 20_000, KnowsDue = false, Packets = 20_000 });
        Assert.Equal(0, link.Unfilled);
    }

    [Fact]
    public void Half_a_second_is_enough_for_a_little_loss()
    {
        ResendLink link = Run(new ResendLink(seed: 15) { LossDown = 0.02, LossUp = 0.02, Delay = 10_000, Jitter = 10_000, Latency = 500_000 });
        Assert.InRange(link.Unfilled, 0, 5);
    }

    private ResendLink Run(ResendLink link)
    {
        link.Run();
        PacketBuffer buffer = link.Buffer;
        output.WriteLine(
            $"seed {link.Seed}: unfilled {link.Unfilled} of {link.Packets}; requests {buffer.Requests}, packets asked {buffer.RequestedPackets}, lost {link.LostDown}, "
            + $"filled {buffer.Filled}, duplicates {buffer.Duplicates}, late {buffer.LateArrivals}, longest hole {buffer.LongestHole}");
        Assert.Equal(0, buffer.Restarts);
        return link;
    }
}

/// <summary>A sender, a bad network and a buffer that is played <see cref="Latency"/> after sending.</summary>
internal sealed class ResendLink(int seed)
{
    private const int Frames = 352, Rate = 44_100, Backlog = 1024;
    private const ushort FirstSequence = 60_000;
    private const uint FirstTime = uint.MaxValue - (1000 * Frames);
    private const long OutageEvery = 20_000_000;

    private readonly Random _random = new(seed);
    private readonly PriorityQueue<(bool Up, long Place, int Count), (long At, long Order)> _events = new();
    private readonly ResendRequest[] _requests = new ResendRequest[8];
    private long _order;
    private bool _badDown;
    private bool _badUp;
    private long _missingSince = -1;
    private long _sent;

    public PacketBuffer Buffer { get; } = new(Frames, maxPayload: 16, ticksPerSecond: 1_000_000);

    public int Seed { get; } = seed;

    public int Packets { get; init; } = 100_000;

    public double LossDown { get; init; }

    public double LossUp { get; init; }

    /// <summary>Mean packets lost in a row; 0: each by itself.</summary>
    public int Burst { get; init; }

    public int Delay { get; init; }

    public int Jitter { get; init; }

    public double Duplicated { get; init; }

    /// <summary>Microseconds of nothing either way, every 20 s.</summary>
    public int Outage { get; init; }

    public int Latency { get; init; } = 2_000_000;

    public bool KnowsDue { get; init; } = true;

    public long Unfilled { get; private set; }

    public long LostDown { get; private set; }

    public int Outages { get; private set; }

    /// <summary>Longest time for which a hole of over 100 packets was not whole.</summary>
    public long LongestRefill { get; private set; }

    public void Run()
    {
        long zero = Buffer.FrameOf(FirstTime), poll = long.MaxValue, played = 0;
        Func<long, long> dueOf = frame => KnowsDue ? SentAt((frame - zero) / Frames) + Latency : long.MaxValue;
        Deliver(new(false, 0, 1), 0, certain: true);
        _sent = 1;
        while (played < Packets)
        {
            long send = _sent < Packets ? SentAt(_sent) : long.MaxValue, play = SentAt(played) + Latency;
            long arrive = _events.TryPeek(out _, out (long At, long Order) first) ? first.At : long.MaxValue;
            long now = Math.Min(Math.Min(send, play), Math.Min(arrive, poll));
            if (now == send) Deliver(new(false, _sent++, 1), now, certain: _sent == Packets);
            else if (now == arrive) Arrive(_events.Dequeue(), now);
            else if (now == play) Play(zero, played++);

            if (Buffer.Missing == 0) poll = long.MaxValue;
            else if (now == arrive || now == poll) poll = Poll(now, dueOf);
            Watch(now);
        }
    }

    private static long SentAt(long place) => place * Frames * 1_000_000 / Rate;

    private long Poll(long now, Func<long, long> dueOf)
    {
        long next = Buffer.PollResends(now, dueOf, _requests, out int count);
        Assert.True(next > now);
        foreach (ResendRequest request in _requests.AsSpan(0, count))
        {
            Assert.Equal(1, request.Sequence);
            Assert.InRange(request.Count, 1, 64);
            long place = _sent + (short)(request.First - (ushort)(FirstSequence + _sent));
            Deliver(new(true, place, request.Count), now, certain: false);
        }

        return next;
    }

    private void Arrive((bool Up, long Place, int Count) what, long now)
    {
        if (what.Up)
        {
            for (long place = what.Place; place < what.Place + what.Count; place++)
            {
                if (place < _sent && place >= _sent - Backlog) Deliver(new(false, place, 1), now, certain: false);
            }

            return;
        }

        var header = new RtpHeader(false, 96, (ushort)(FirstSequence + what.Place), (uint)(FirstTime + (what.Place * Frames)), 0);
        byte[] payload = new byte[16];
        BitConverter.TryWriteBytes(payload, what.Place);
        PacketArrival arrival = Buffer.Add(header, payload, now);
        Assert.True(arrival is PacketArrival.New or PacketArrival.Filled or PacketArrival.Duplicate or PacketArrival.Late, arrival.ToString());
    }

    private void Play(long zero, long place)
    {
        BufferHead head = Buffer.Head;
        if (head.Kind == HeadKind.Empty || head.Frame != zero + (place * Frames))
        {
            Assert.True(head.Kind == HeadKind.Empty || head.Frame > zero + (place * Frames));
            Unfilled++; // nothing after it has come either
            return;
        }

        if (head.Kind == HeadKind.Missing) Unfilled++;
        else Assert.Equal(place, BitConverter.ToInt64(Buffer.Payload));
        Buffer.Take();
    }

    private void Watch(long now)
    {
        if (_missingSince < 0 && Buffer.Missing > 100) _missingSince = now;
        if (_missingSince < 0 || Buffer.Missing > 0) return;
        LongestRefill = Math.Max(LongestRefill, now - _missingSince);
        _missingSince = -1;
    }

    private void Deliver((bool Up, long Place, int Count) what, long now, bool certain)
    {
        bool dark = Outage > 0 && now > OutageEvery && now % OutageEvery < Outage && now < SentAt(Packets) - OutageEvery;
        if (dark) Outages = (int)(now / OutageEvery);
        if (!certain && (dark || IsLost(what.Up)))
        {
            if (!what.Up) LostDown++;
            return;
        }

        int copies = _random.NextDouble() < Duplicated ? 2 : 1;
        for (int i = 0; i < copies; i++) _events.Enqueue(what, (now + Delay + _random.Next(Jitter + 1), _order++));
    }

    private bool IsLost(bool up)
    {
        double loss = up ? LossUp : LossDown;
        if (Burst == 0) return _random.NextDouble() < loss;
        ref bool bad = ref up ? ref _badUp : ref _badDown; // Gilbert: two states
        bad = bad ? _random.NextDouble() >= 1.0 / Burst : _random.NextDouble() < loss / (1 - loss) / Burst;
        return bad;
    }
}
