namespace Raop.Sending;

/// <summary>
/// Ties frames to time: when a frame must leave and which one is heard. AirTunes v1 has no clock on the wire, so what is heard is
/// reckoned: the receiver plays at the nominal rate from the first packet on, later if it was starved.
/// </summary>
/// <remarks>Deadlines count from the start, so nothing drifts. After a stall what is due goes out at once, in order.</remarks>
internal sealed class SendClock(int rate, long leadFrames, long ticksPerSecond)
{
    private long _startTick;
    private long _startFrame;
    private long _starvedTicks;

    /// <summary>Frame <paramref name="frame"/> is the next to leave, and nothing before it is to be heard.</summary>
    public void Start(long frame, long now) => (_startFrame, _startTick, _starvedTicks) = (frame, now, 0);

    /// <summary>Ticks from now until the packet that begins with this frame should leave; 0 or less: now.</summary>
    public long UntilDue(long frame, long now) => _startTick + Ticks(frame - _startFrame - leadFrames) - now;

    /// <summary>The network took the packet that begins with this frame. If it should have been heard by then, the receiver was silent so long.</summary>
    /// <returns>Ticks of new silence, 0 in the usual case.</returns>
    public long Accepted(long frame, long now)
    {
        long late = now - (_startTick + _starvedTicks + Ticks(frame - _startFrame));
        if (late <= 0) return 0;
        _starvedTicks += late;
        return late;
    }

    /// <summary>The first frame that has not been heard yet.</summary>
    public long Heard(long now) =>
        _startFrame + Math.Max(0, (long)((Int128)(now - _startTick - _starvedTicks) * rate / ticksPerSecond));

    /// <summary>Ticks from now until everything before this frame has been heard.</summary>
    public long UntilHeard(long frame, long now) => _startTick + _starvedTicks + Ticks(frame - _startFrame) - now;

    private long Ticks(long frames) => (long)((Int128)frames * ticksPerSecond / rate);
}
