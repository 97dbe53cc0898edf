using System.Net;
using Raop.Audio;
using Raop.Rtp;
using Raop.Rtsp;
using Raop.Timing;

namespace Raop.Sending;

/// <summary>A datagram that is to leave.</summary>
internal enum UdpSendKind
{
    /// <summary>To a receiver's audio port.</summary>
    Audio,

    /// <summary>To a receiver's control port.</summary>
    Sync,

    /// <summary>To whoever asked, or to the control port; from the control port.</summary>
    Resent,
}

/// <summary>What <see cref="UdpSendPlan.Poll"/> wants sent.</summary>
/// <param name="kind">Which way.</param>
/// <param name="member">Whose it is.</param>
/// <param name="bytes">The datagram, valid until the next <see cref="UdpSendPlan.Poll"/>.</param>
/// <param name="to">Where it goes; null for a control port that is not known.</param>
internal readonly ref struct UdpSend(UdpSendKind kind, PlanMember member, ReadOnlySpan<byte> bytes, SocketAddress? to)
{
    public UdpSendKind Kind { get; } = kind;

    public PlanMember Member { get; } = member;

    public ReadOnlySpan<byte> Bytes { get; } = bytes;

    public SocketAddress? To { get; } = to;
}

/// <summary>
/// AirTunes v2's sender without the sockets: which packet leaves when, which sync goes with it, which packets are sent again; for all receivers of
/// one line.
/// </summary>
/// <remarks>
/// One straight line ties RTP time to our clock for the whole session, and every sync lies on it: line frame n is due t0 + n / rate and
/// heard a fixed latency later. Packets wait in a ring until they are due and stay in it, complete and encrypted, to be sent again.
/// Line frames count from RECORD's RTP time, in 64 bits. No call for a packet allocates. One caller at a time.
/// </remarks>
internal sealed partial class UdpSendPlan : IDisposable
{
    /// <summary>Packets kept: those ahead and those that may be asked for again; 8 s of 352 frames.</summary>
    public const int Slots = 1024;

    /// <summary>Frames that receivers add to the latency that a sync says: 250 ms.</summary>
    public const int FixedLatency = 11_025;

    private const int Rate = 44_100;
    private const int MostAhead = Rate, EnoughAhead = Rate / 2; // frames queued ahead: the loop that fills the queue wakes twice a second
    private const int WakeEach = 32; // ms
    private const int MostUnsent = Slots / 2, FewUnsent = Slots / 4; // packets, should they be short or late

    /// <summary>After the first sync, in ms; then one each second. A receiver without one does not know when to begin, and any may be lost.</summary>
    private static readonly int[] FirstSyncs = [100, 100, 200, 600];

    private readonly long _ticksPerSecond;
    private readonly long _wake; // ticks from one wake to the next, and what a packet may leave early: one wake serves four packets
    private readonly long _stall; // ticks by which a call is so late that the process must have stood still
    private readonly ushort _firstSequence;
    private readonly uint _firstRtpTime, _ssrc;
    private readonly Slot[] _slots = new Slot[Slots];
    private readonly byte[] _sync = new byte[SyncPacket.Size];
    private readonly LineMap _map = new();

    private long _queued, _sent, _kept, _usefulFrom; // packets by their number in the session: next to queue, next to send, first kept, first not voided
    private long _nextLine; // line frame of the next packet to be queued
    private long _startLine; // of the first packet since the start
    private long _zero; // instant of line frame 0
    private long _asked = Pacer.Never;
    private long _excused; // packets before this line frame are late because we stood still
    private bool _hasLine, _isPlaying, _marker;
    private bool _atStart; // the first packet since the start has not left: it does so on time

    private struct Slot
    {
        public long Line;
        public int Frames;
    }

    /// <param name="ticksPerSecond">Of the clock.</param>
    /// <param name="latency">Frames from a packet's due time to its being heard, <see cref="FixedLatency"/> included.</param>
    /// <param name="next">Sequence number and RTP time of the first packet.</param>
    /// <param name="ssrc">The stream's number.</param>
    public UdpSendPlan(long ticksPerSecond, int latency, RtpInfoHeader next, uint ssrc)
    {
        (_ticksPerSecond, Latency, _ssrc) = (ticksPerSecond, latency, ssrc);
        (_firstSequence, _firstRtpTime) = (next.Seq ?? 0, next.RtpTime ?? 0);
        _wake = ticksPerSecond * WakeEach / 1000;
        _stall = ticksPerSecond / 4;
    }

    /// <summary>Frames from a packet's due time to its being heard. To be changed only while nothing is to be heard.</summary>
    public int Latency { get; set; }

    /// <summary>Audio packets that have left.</summary>
    public long Packets => _sent;

    /// <summary>Their bytes, to all members: RTP header and payload.</summary>
    public long Bytes { get; private set; }

    /// <summary>Times that the source was so late that RTP time jumped.</summary>
    public int Starved { get; private set; }

    /// <summary>Whether nothing waits to leave: whoever queues must then have the plan polled.</summary>
    public bool IsIdle => _queued == _sent;

    /// <summary>Whether enough is queued; <see cref="HasRoom"/> says when more is wanted.</summary>
    public bool IsFull(long now) => _queued - _sent >= MostUnsent || Ahead(now) >= MostAhead;

    /// <summary>Whether more should be queued.</summary>
    public bool HasRoom(long now) => _queued - _sent <= FewUnsent && Ahead(now) <= EnoughAhead;

    /// <summary>The next packet begins with this frame. The line itself begins with the first start and is never broken.</summary>
    /// <param name="frame">As the feed counts.</param>
    /// <param name="due">When it leaves: now, or later.</param>
    public void Start(long frame, long due)
    {
        if (!_hasLine) (_hasLine, _zero) = (true, due);
        else _nextLine = Math.Max(_nextLine, LineAt(due));
        _map.Restart(_nextLine, frame);
        _excused = _startLine = _nextLine;
        _isPlaying = _marker = _atStart = true;
        _quietAt = long.MinValue;
        foreach (PlanMember member in _members) member.NeedsFirstSync = true;
    }

    /// <summary>Takes a packet. It leaves when it is due; one whose time has passed leaves at once, up to a limit from which on RTP time jumps.</summary>
    /// <returns>Ticks by which RTP time jumped; 0 in the usual case.</returns>
    public long Enqueue(in SourcePacket packet, long now)
    {
        if (_queued - _sent == Slots) throw new InvalidOperationException("The ring is full.");
        NoteStall(now);
        long line = LineAt(now), jump = 0;
        if (line - Math.Max(_nextLine, _excused) > Math.Min(Latency / 2, Rate) || line - _nextLine > (long)Slots * packet.Frames)
        {
            jump = Ticks(line - _nextLine);
            _nextLine = line;
            _map.Jump(line, packet.Frame);
            _marker = true;
            Starved++;
        }

        int index = (int)(_queued % Slots);
        var header = new RtpHeader(_marker, RtpHeader.Audio, SequenceOf(_queued), RtpTimeOf(_nextLine), _ssrc);
        foreach (EncodedRing ring in _rings) ring.Write(index, header, packet);
        _slots[index] = new Slot { Line = _nextLine, Frames = packet.Frames };
        _marker = false;
        _quietAt = long.MinValue;
        _queued++;
        _kept = Math.Max(_kept, _queued - Slots);
        _nextLine += packet.Frames;
        _map.End = packet.Frame + packet.Frames;
        return jump;
    }

    /// <summary>Forgets what is queued and voids what was sent; nothing leaves until the next start.</summary>
    /// <returns>Sequence number and RTP time after the last packet that has left.</returns>
    public RtpInfoHeader Flush()
    {
        if (_queued > _sent)
        {
            _nextLine = _slots[_sent % Slots].Line;
            _map.Cut(_nextLine);
        }

        _queued = _usefulFrom = _sent;
        foreach (EncodedRing ring in _rings) ring.From = Math.Min(ring.From, _sent);
        foreach (PlanMember member in _members) (member.First, member.Next) = (Math.Min(member.First, _sent), _sent);
        Rest();
        return new RtpInfoHeader(SequenceOf(_sent), RtpTimeOf(_nextLine));
    }

    /// <summary>No more syncs until the next start. What was asked for again is still sent.</summary>
    public void Rest() => _isPlaying = false;

    /// <summary>Sequence number and RTP time after the last packet that has left.</summary>
    public RtpInfoHeader After => new(SequenceOf(_sent), RtpTimeOf(_queued > _sent ? _slots[_sent % Slots].Line : _nextLine));

    /// <summary>Line frame of the next packet to be queued.</summary>
    public long NextLine => _nextLine;

    /// <summary>The line frame that is heard now.</summary>
    public long HeardLine(long now) => LineAt(now) - Latency;

    /// <summary>When a line frame is heard.</summary>
    public long InstantOf(long line) => DueOf(line + Latency);

    /// <summary>The first frame that has not been heard yet.</summary>
    public long Heard(long now) => _map.FrameAt(LineAt(now) - Latency);

    /// <summary>The frame at an RTP time of the last minute.</summary>
    public long FrameAt(uint rtpTime) => _map.FrameAt(_nextLine + (int)(rtpTime - RtpTimeOf(_nextLine)));

    /// <summary>The RTP time at which a frame stands.</summary>
    public uint RtpTimeAt(long frame) => RtpTimeOf(_map.LineOf(frame));

    /// <summary>Ticks from now until everything before this frame has been heard.</summary>
    public long UntilHeard(long frame, long now) => DueOf(_map.LineOf(frame) + Latency) - now;

    /// <summary>The next datagram that is to leave now. Call until there is none, then ask <see cref="Next"/>.</summary>
    public bool Poll(long now, out UdpSend send)
    {
        NoteStall(now);
        _asked = Pacer.Never;
        TakeMarkerBack();
        Release(now);
        return TakeDue(now, out send) || TakeAgain(now, out send);
    }

    /// <summary>When to poll again, or <see cref="Pacer.Never"/>.</summary>
    /// <remarks>Audio leaves at instants that are the same for all plans of a clock, so that one wake serves all streams of a process.</remarks>
    public long Next(long now)
    {
        long next = Pacer.Never;
        if (_isPlaying && _queued > _sent)
        {
            next = DueOf(_slots[_sent % Slots].Line);
            if (!_atStart) next -= next % _wake;
        }

        foreach (PlanMember member in _members)
        {
            if (!member.IsActive) continue;
            next = Math.Min(next, Math.Min(NextResend(member, now), NextRepeat(member)));
            if (_isPlaying && !member.NeedsFirstSync) next = Math.Min(next, member.NextSync);
            if (_isPlaying && member.Next < _sent) next = now;
        }

        return _asked = next;
    }

    public void Dispose() => _rings.ForEach(static ring => ring.Dispose());

    /// <summary>A process that stood still is late by itself: the line stays, what is due leaves at once.</summary>
    private void NoteStall(long now)
    {
        if (_asked != Pacer.Never && now - _asked > _stall) _excused = LineAt(now);
    }

    /// <summary>Packets whose time has come may leave, to whoever there is.</summary>
    private void Release(long now)
    {
        while (_isPlaying && _queued > _sent && DueOf(_slots[_sent % Slots].Line) - (_atStart ? 0 : _wake) <= now)
        {
            _sent++;
            _atStart = false;
        }
    }

    /// <summary>Frames queued ahead of the clock, or of a start that is to come.</summary>
    private long Ahead(long now) => _nextLine - Math.Max(LineAt(now), _startLine);

    private ushort SequenceOf(long packet) => unchecked((ushort)(_firstSequence + packet));

    private uint RtpTimeOf(long line) => unchecked(_firstRtpTime + (uint)line);

    private long LineAt(long now) => _hasLine ? (long)((Int128)(now - _zero) * Rate / _ticksPerSecond) : 0;

    // Rounded up, so that LineAt of it is the frame itself.
    private long DueOf(long line) => _zero + (long)((((Int128)line * _ticksPerSecond) + Rate - 1) / Rate);

    /// <summary>What a number of frames lasts.</summary>
    public static long TicksOf(long frames, long ticksPerSecond) => (long)((Int128)frames * ticksPerSecond / Rate);

    private long Ticks(long frames) => TicksOf(frames, _ticksPerSecond);
}
