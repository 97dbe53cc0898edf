using Raop.Timing;

namespace Raop.Tests.Timing;

/// <summary>Two clocks and the ways between them, with a true time that neither knows. Ticks of 1 ns; every delay comes from the seed.</summary>
internal sealed class ClockLink
{
    public const long Second = 1_000_000_000;

    private const long LocalStart = 77 * Second, PeerStart = 1_234_567 * Second, Hold = 20_000; // the peer answers after 20 µs
    private readonly Random _random;

    public ClockLink(int seed)
    {
        _random = new Random(seed);
        LocalPpm = Uniform(-100, 100);
        PeerPpm = Uniform(-100, 100);
        There = Back = () => Uniform(20e-6, 100e-6);
    }

    public double LocalPpm { get; set; }

    public double PeerPpm { get; set; }

    /// <summary>Added to the peer's clock, in NTP units: where it begins, and its steps.</summary>
    public ulong Shift { get; set; }

    /// <summary>Draws the delay of a packet to the peer, in seconds.</summary>
    public Func<double> There { get; set; }

    /// <summary>Draws the delay of a packet from the peer, in seconds.</summary>
    public Func<double> Back { get; set; }

    /// <summary>Share of exchanges that are lost.</summary>
    public double Loss { get; set; }

    public double Uniform(double from, double to) => from + (_random.NextDouble() * (to - from));

    /// <summary>Normal, at least 0.1 ms.</summary>
    public double Normal(double mean, double deviation) =>
        Math.Max(1e-4, mean + (deviation * Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble())));

    public double Exponential(double mean) => -mean * Math.Log(1 - _random.NextDouble());

    public bool Chance(double share) => _random.NextDouble() < share;

    /// <summary>Local ticks at a true time in ns.</summary>
    public long Local(long at) => LocalStart + at + (long)(at * LocalPpm * 1e-6);

    /// <summary>The peer's clock at a true time in ns.</summary>
    public ulong Peer(long at) => unchecked(NtpTime.FromTimestamp(PeerStart + at + (long)(at * PeerPpm * 1e-6), Second) + Shift);

    /// <summary>An exchange whose request leaves at a true time, unless it is lost.</summary>
    public (long Sent, ulong PeerReceived, ulong PeerSent, long Arrived)? Exchange(long at)
    {
        long received = at + Ticks(There()), sent = received + Hold, arrived = sent + Ticks(Back());
        return Chance(Loss) ? null : (Local(at), Peer(received), Peer(sent), Local(arrived));
    }

    public static long Ticks(double seconds) => (long)(seconds * Second);
}
