namespace Raop.Receiving;

/// <summary>
/// Decides which packets of a TCP audio stream a FLUSH voids. The stream and the control connection are not in step, so
/// packets sent before the FLUSH may be read after it.
/// </summary>
/// <remarks>
/// PulseAudio and we write sequence numbers into each packet: exact. iTunes and VLC write none there, but iTunes counts one
/// sequence number a packet from RECORD to FLUSH (captured: 40701 to 40792 for 91 packets): count. VLC says seq=0 in both:
/// void what arrives until the stream pauses.
/// </remarks>
internal sealed class FlushFilter(long ticksPerSecond)
{
    /// <summary>A gap this long between packets ends what was in flight before a FLUSH.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(250);

    /// <summary>Without numbers to go by nothing is in flight for longer: a sender that does not pause is heard again.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private const int MaxInFlight = 1024;

    private ushort? _firstSequence;
    private long _received;
    private bool _flushing;
    private ushort? _sequence;
    private long _countTarget;
    private long _last;
    private long _flushed;

    /// <summary>RECORD said that the first packet has this sequence number.</summary>
    public void Record(ushort? sequence)
    {
        _firstSequence = sequence;
        _received = 0;
        _flushing = false;
    }

    /// <summary>FLUSH said that the next packet to be heard has this sequence number.</summary>
    public void Flush(ushort? sequence, long now)
    {
        _flushing = true;
        _sequence = sequence;
        _last = _flushed = now;
        _countTarget = -1;
        if (sequence is not { } next || _firstSequence is not { } first) return;
        long expected = (ushort)(next - first - _received); // packets on their way, modulo 2^16
        if (next == first && _received == 0) _flushing = false; // nothing was sent yet
        if (next != first && expected <= MaxInFlight) _countTarget = _received + expected;
    }

    /// <summary>Whether a packet that was read now is to be heard.</summary>
    /// <param name="sequence">The packet's own sequence number, or null when its header has none.</param>
    /// <param name="now">When it was read, in ticks.</param>
    public bool Accept(ushort? sequence, long now)
    {
        long index = _received++;
        if (!_flushing) return true;
        bool idle = now - _last > Idle.TotalSeconds * ticksPerSecond || now - _flushed > Longest.TotalSeconds * ticksPerSecond;
        _last = now;
        bool old = (sequence, _sequence, _countTarget) switch
        {
            ({ } own, { } next, _) => (short)(own - next) is < 0 and > -MaxInFlight,
            (_, _, >= 0)           => index < _countTarget && !idle,
            _                      => !idle,
        };
        _flushing = old;
        return !old;
    }
}
