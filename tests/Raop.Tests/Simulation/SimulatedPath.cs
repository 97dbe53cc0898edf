using System.Runtime.CompilerServices;

namespace Raop.Tests.Simulation;

/// <summary>How a path's extra delay is spread.</summary>
internal enum JitterShape
{
    /// <summary>Evenly from minus to plus the jitter.</summary>
    Uniform,

    /// <summary>Normally, the jitter being the standard deviation.</summary>
    Normal,
}

/// <summary>Losses that come together: a chain of two states, stepped for each datagram (Gilbert 1960, Elliott 1963).</summary>
/// <param name="GoodToBad">Probability that a burst begins.</param>
/// <param name="BadToGood">Probability that it ends; its mean length is one over this.</param>
/// <param name="LossInBad">Probability of a loss during a burst.</param>
/// <param name="LossInGood">Probability of a loss otherwise.</param>
internal sealed record BurstLoss(double GoodToBad, double BadToGood, double LossInBad = 1, double LossInGood = 0);

/// <summary>One way between two hosts. What is on it already keeps the conditions under which it left.</summary>
internal sealed class SimulatedPath(SimulatedWorld world, SimulatedHost from, SimulatedHost to, int seed)
{
    private const int HeaderBytes = 28;
    private static readonly long Resend = TimeSpan.FromMilliseconds(200).Ticks * 100; // TCP's least, RFC 6298 as Linux has it

    private readonly Random _random = new(seed);
    private readonly List<Action> _held = [];
    private bool _bad;
    private long _busyUntil, _lastArrival;

    public TimeSpan Delay { get; set; } = TimeSpan.FromMilliseconds(1);

    public TimeSpan Jitter { get; set; }

    public JitterShape JitterShape { get; set; }

    /// <summary>Whether a datagram that jitter made late holds back those behind it, as in a queue.</summary>
    public bool KeepsOrder { get; set; } = true;

    /// <summary>Probability that a datagram is lost, or that a stream's segment must be sent again.</summary>
    public double Loss { get; set; }

    public BurstLoss? Bursts { get; set; }

    /// <summary>Probability that a datagram is held back and overtaken.</summary>
    public double Reorder { get; set; }

    /// <summary>By how much at most an overtaken datagram is late.</summary>
    public TimeSpan ReorderBy { get; set; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Probability that a datagram arrives twice.</summary>
    public double Duplicate { get; set; }

    /// <summary>Bandwidth, 0 for without limit.</summary>
    public long BitsPerSecond { get; set; }

    /// <summary>What may wait for the bandwidth; datagrams beyond it are lost.</summary>
    public int QueueBytes { get; set; } = 256 * 1024;

    public bool IsUp
    {
        get;
        set
        {
            if (field == value) return;
            field = value;
            world.Record($"{from.Name}>{to.Name} is {(value ? "up" : "down")}");
            if (!value) return;
            Action[] held = [.. _held];
            _held.Clear();
            foreach (Action send in held) send();
        }
    } = true;

    public long Sent { get; private set; }

    public long Lost { get; private set; }

    /// <summary>Sends a datagram; <paramref name="arrive"/> is called for each copy that gets through.</summary>
    public void SendDatagram(int length, Action<object?> arrive, object state)
    {
        Sent++;
        if (!IsUp || IsLost() || IsTooMuch(length + HeaderBytes))
        {
            Lost++;
            world.Record($"{from.Name}>{to.Name} loses {length} bytes");
            return;
        }

        long departure = Departure(length + HeaderBytes);
        world.Schedule(DatagramArrival(departure), arrive, state);
        if (_random.NextDouble() < Duplicate) world.Schedule(DatagramArrival(departure), arrive, state);
    }

    /// <summary>Sends a stream's segment: late perhaps, never lost, never before the one before it, whose arrival is <paramref name="last"/>.</summary>
    public void SendSegment(int length, StrongBox<long> last, Action<object?> arrive, object state)
    {
        if (!IsUp)
        {
            _held.Add(() => SendSegment(length, last, arrive, state));
            return;
        }

        long late = 0;
        for (long wait = Resend; _random.NextDouble() < Loss && wait < Resend << 6; wait *= 2) late += wait;
        last.Value = Math.Max(last.Value, Departure(length + HeaderBytes) + Travel() + late);
        world.Schedule(last.Value, arrive, state);
    }

    private bool IsLost()
    {
        bool lost = _random.NextDouble() < Loss;
        if (Bursts is { } bursts)
        {
            _bad = _bad ? _random.NextDouble() >= bursts.BadToGood : _random.NextDouble() < bursts.GoodToBad;
            lost |= _random.NextDouble() < (_bad ? bursts.LossInBad : bursts.LossInGood);
        }

        return lost;
    }

    private bool IsTooMuch(int bytes) =>
        BitsPerSecond > 0 && (_busyUntil - world.Nanoseconds) * (double)BitsPerSecond / 8e9 + bytes > QueueBytes;

    private long Departure(int bytes)
    {
        if (BitsPerSecond == 0) return world.Nanoseconds;
        return _busyUntil = Math.Max(_busyUntil, world.Nanoseconds) + (bytes * 8_000_000_000L / BitsPerSecond);
    }

    private long DatagramArrival(long departure)
    {
        long arrival = departure + Travel();
        if (_random.NextDouble() < Reorder) return arrival + (long)(_random.NextDouble() * ReorderBy.Ticks * 100) + 1;
        return KeepsOrder ? _lastArrival = Math.Max(_lastArrival, arrival) : arrival;
    }

    private long Travel()
    {
        double jitter = Jitter == default ? 0 : Jitter.Ticks * 100.0 * (JitterShape == JitterShape.Normal ? Gauss() : (2 * _random.NextDouble()) - 1);
        return Math.Max(0, (Delay.Ticks * 100) + (long)jitter);
    }

    // Box and Muller's transform.
    private double Gauss() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
}
