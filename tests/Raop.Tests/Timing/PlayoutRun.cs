using Raop.Timing;

namespace Raop.Tests.Timing;

/// <summary>A sender whose frames lie on a line of its clock, a receiver that plays them, and the link between.</summary>
internal sealed class PlayoutRun(int seed)
{
    private const long Second = ClockLink.Second;
    private const int Rate = 44_100;
    private const long FirstFrame = 3_000_000_000; // nearly 2^32: frames are 64-bit

    private readonly Queue<(long At, ulong Ntp, long Frame)> _held = []; // syncs that others overtake
    private long _exchange, _sync, _measure;

    public ClockLink Link { get; } = new(seed);

    public PlayoutClock Clock { get; } = new(Second, Rate);

    /// <summary>How much longer than nominal the sender's frames take, in ppm of true time.</summary>
    public double LinePpm { get; set; }

    /// <summary>All frames are heard so many ns later.</summary>
    public long LineShift { get; set; }

    /// <summary>How late a sync packet is stamped, in seconds.</summary>
    public Func<double> Late { get; set; } = () => 0;

    public double SyncLoss { get; set; }

    /// <summary>Share of syncs that arrive 2.5 s late.</summary>
    public double Reordered { get; set; }

    public bool HasExchanges { get; set; } = true;

    public bool HasSyncs { get; set; } = true;

    /// <summary>Of exchanges, or 0 for what the clock asks for.</summary>
    public long ExchangeInterval { get; set; }

    public long SyncInterval { get; set; } = Second;

    /// <summary>Of the player.</summary>
    public long Pace { get; set; } = Second / 100;

    public long At { get; private set; }

    public long Now => Link.Local(At);

    /// <summary>How late the frame of this instant is due, in ms.</summary>
    public double Error
    {
        get
        {
            long frame = FrameAt(At);
            return (Clock.DueAt(frame) - Link.Local(TimeOf(frame))) / 1e6;
        }
    }

    public void To(double seconds, Errors? errors = null)
    {
        for (; At < seconds * Second; At += Pace)
        {
            if (_exchange <= At) Exchange();
            if (_sync <= At)
            {
                if (HasSyncs) SendSync();
                _sync = At + SyncInterval;
            }

            while (_held.TryPeek(out (long At, ulong, long) held) && held.At <= At) Deliver(_held.Dequeue());
            Clock.Advance(Now);
            if (At >= 2 * Second) Clock.Lock();
            if (errors is null || At < _measure) continue;
            errors.Add(Error);
            _measure = At + (Second / 4);
        }
    }

    public void SendSync()
    {
        long frame = FrameAt(At), stamped = TimeOf(frame) + ClockLink.Ticks(Late());
        if (Link.Chance(SyncLoss)) return;
        bool isHeld = Reordered > 0 && Link.Chance(Reordered);
        (long At, ulong, long) packet = (stamped + ClockLink.Ticks(Link.There()), Link.Peer(stamped), frame);
        if (isHeld) _held.Enqueue(packet with { At = At + (5 * Second / 2) });
        else Deliver(packet);
    }

    private void Deliver((long At, ulong Ntp, long Frame) packet) => Clock.AddSync(packet.Ntp, packet.Frame, Link.Local(packet.At));

    private void Exchange()
    {
        if (HasExchanges && Link.Exchange(At) is { } reply) Clock.AddExchange(reply.Sent, reply.PeerReceived, reply.PeerSent, reply.Arrived);
        _exchange = At + (ExchangeInterval > 0 ? ExchangeInterval : Clock.Peer.Interval(0));
    }

    private long FrameAt(long at) => FirstFrame + (long)Math.Floor((at - LineShift) / Length);

    /// <summary>True time at which a frame is heard, ns.</summary>
    private long TimeOf(long frame) => LineShift + (long)Math.Round((frame - FirstFrame) * Length);

    private double Length => (1 + (LinePpm * 1e-6)) * Second / Rate;
}
