using System.Net;
using Raop.Audio;
using Raop.Rtp;
using Raop.Rtsp;
using Raop.Security;
using Raop.Timing;

namespace Raop.Sending;

/// <summary>A datagram that is to leave.</summary>
internal enum UdpSendKind
{
    /// <summary>To the receiver's audio port.</summary>
    Audio,

    /// <summary>To the receiver's control port.</summary>
    Sync,

    /// <summary>To whoever asked, from the control port.</summary>
    Resent,
}

/// <summary>What <see cref="UdpSendPlan.Poll"/> wants sent.</summary>
/// <param name="kind">Which way.</param>
/// <param name="bytes">The datagram, valid until the next call of the plan.</param>
/// <param name="to">Who asked for a resent packet; null for the rest.</param>
internal readonly ref struct UdpSend(UdpSendKind kind, ReadOnlySpan<byte> bytes, SocketAddress? to = null)
{
    public UdpSendKind Kind { get; } = kind;

    public ReadOnlySpan<byte> Bytes { get; } = bytes;

    public SocketAddress? To { get; } = to;
}

/// <summary>
/// AirTunes v2's sender without the sockets: which packet leaves when, which sync goes with it, which packets are sent again.
/// </summary>
/// <remarks>
/// One straight line ties RTP time to our clock for the whole session, and every sync lies on it: line frame n is due t0 + n / rate and
/// heard a fixed latency later. Packets wait in a ring until they are due and stay in it, complete and encrypted, to be sent again.
/// Line frames count from RECORD's RTP time, in 64 bits. No call allocates. One caller at a time.
/// </remarks>
internal sealed partial class UdpSendPlan
{
    /// <summary>Packets kept: those ahead and those that may be asked for again; 8 s of 352 frames.</summary>
    public const int Slots = 1024;

    /// <summary>Frames that receivers add to the latency that a sync says: 250 ms.</summary>
    public const int FixedLatency = 11_025;

    private const int Rate = 44_100;
    private const int MostAhead = Rate, EnoughAhead = Rate / 2; // frames queued ahead: the loop that fills the queue wakes twice a second
    private const int MostUnsent = Slots / 2, FewUnsent = Slots / 4; // packets, should they be short or late

    /// <summary>After the first sync, in ms; then one each second. A receiver without one does not know when to begin, and any may be lost.</summary>
    private static readonly int[] FirstSyncs = [100, 100, 200, 600];

    private readonly long _ticksPerSecond;
    private readonly long _early; // ticks that a packet may leave early, so that one wake serves some packets
    private readonly long _stall; // ticks by which a call is so late that the process must have stood still
    private readonly int _latency, _lateLimit; // frames
    private readonly ushort _firstSequence;
    private readonly uint _firstRtpTime, _ssrc;
    private readonly PacketCipher? _cipher;
    private readonly int _slotSize;
    private readonly byte[] _ring; // each slot: the prefix of a resent packet, RTP header, payload
    private readonly Slot[] _slots = new Slot[Slots];
    private readonly byte[] _sync = new byte[SyncPacket.Size];
    private readonly LineMap _map = new();

    private long _queued, _sent, _kept, _usefulFrom; // packets by their number in the session: next to queue, next to send, first kept, first not voided
    private long _nextLine; // line frame of the next packet to be queued
    private long _zero; // instant of line frame 0
    private long _asked = Pacer.Never;
    private long _nextSync;
    private int _syncs; // since the start
    private long _excused; // packets before this line frame are late because we stood still
    private bool _hasLine, _isPlaying, _firstSync, _marker;

    private struct Slot
    {
        public long Line;
        public int Frames;
        public int Length; // RTP header and payload
    }

    /// <param name="ticksPerSecond">Of the clock.</param>
    /// <param name="latency">Frames from a packet's due time to its being heard, <see cref="FixedLatency"/> included.</param>
    /// <param name="maxPayload">Bytes of the largest payload.</param>
    /// <param name="next">Sequence number and RTP time of the first packet, as RECORD said.</param>
    /// <param name="ssrc">The stream's number.</param>
    /// <param name="cipher">Encrypts payloads, or null; stays the caller's.</param>
    public UdpSendPlan(long ticksPerSecond, int latency, int maxPayload, RtpInfoHeader next, uint ssrc, PacketCipher? cipher)
    {
        (_ticksPerSecond, _latency, _ssrc, _cipher) = (ticksPerSecond, latency, ssrc, cipher);
        (_firstSequence, _firstRtpTime) = (next.Seq ?? 0, next.RtpTime ?? 0);
        _early = ticksPerSecond * 24 / 1000;
        _stall = ticksPerSecond / 4;
        _lateLimit = Math.Min(latency / 2, Rate);
        _slotSize = ResentPacket.PrefixSize + RtpHeader.Size + maxPayload;
        _ring = GC.AllocateUninitializedArray<byte>(_slotSize * Slots, pinned: true);
        for (int i = 0; i < _pending.Length; i++) _pending[i].To = new SocketAddress(System.Net.Sockets.AddressFamily.InterNetworkV6);
        _credit = MostCredit;
    }

    /// <summary>Audio packets that have left.</summary>
    public long Packets => _sent;

    /// <summary>Their bytes: RTP header and payload.</summary>
    public long Bytes { get; private set; }

    /// <summary>Times that the source was so late that RTP time jumped.</summary>
    public int Starved { get; private set; }

    /// <summary>Whether nothing waits to leave: whoever queues must then have the plan polled.</summary>
    public bool IsIdle => _queued == _sent;

    /// <summary>Whether enough is queued; <see cref="HasRoom"/> says when more is wanted.</summary>
    public bool IsFull(long now) => _queued - _sent >= MostUnsent || _nextLine - LineAt(now) >= MostAhead;

    /// <summary>Whether more should be queued.</summary>
    public bool HasRoom(long now) => _queued - _sent <= FewUnsent && _nextLine - LineAt(now) <= EnoughAhead;

    /// <summary>The next packet begins with this frame and is due now. The line itself begins with the first start and is never broken.</summary>
    public void Start(long frame, long now)
    {
        if (!_hasLine) (_hasLine, _zero) = (true, now);
        else _nextLine = Math.Max(_nextLine, LineAt(now));
        _map.Restart(_nextLine, frame);
        _excused = _nextLine;
        _isPlaying = _firstSync = _marker = true;
    }

    /// <summary>Takes a packet. It leaves when it is due; one whose time has passed leaves at once, up to a limit from which on RTP time jumps.</summary>
    /// <param name="payload">Its payload in clear.</param>
    /// <param name="frame">Its first frame, as the feed counts.</param>
    /// <param name="frames">How many.</param>
    /// <param name="now">The time.</param>
    /// <returns>Ticks by which RTP time jumped; 0 in the usual case.</returns>
    public long Enqueue(ReadOnlySpan<byte> payload, long frame, int frames, long now)
    {
        if (_queued - _sent == Slots) throw new InvalidOperationException("The ring is full.");
        NoteStall(now);
        long line = LineAt(now), jump = 0;
        if (line - Math.Max(_nextLine, _excused) > _lateLimit || line - _nextLine > (long)Slots * frames)
        {
            jump = Ticks(line - _nextLine);
            _nextLine = line;
            _map.Jump(line, frame);
            _marker = true;
            Starved++;
        }

        int index = (int)(_queued % Slots);
        Span<byte> slot = SlotAt(index)[..(ResentPacket.PrefixSize + RtpHeader.Size + payload.Length)];
        ushort sequence = SequenceOf(_queued);
        ResentPacket.WritePrefix(slot, sequence);
        Span<byte> packet = slot[ResentPacket.PrefixSize..];
        new RtpHeader(_marker, RtpHeader.Audio, sequence, RtpTimeOf(_nextLine), _ssrc).WriteTo(packet);
        payload.CopyTo(packet[RtpHeader.Size..]);
        _cipher?.Encrypt(packet[RtpHeader.Size..]);
        _slots[index] = new Slot { Line = _nextLine, Frames = frames, Length = packet.Length };
        _marker = false;
        _queued++;
        _kept = Math.Max(_kept, _queued - Slots);
        _nextLine += frames;
        _map.End = frame + frames;
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
        Rest();
        return new RtpInfoHeader(SequenceOf(_sent), RtpTimeOf(_nextLine));
    }

    /// <summary>No more syncs until the next start. What was asked for again is still sent.</summary>
    public void Rest() => _isPlaying = _firstSync = false;

    /// <summary>The first frame that has not been heard yet.</summary>
    public long Heard(long now) => _map.FrameAt(LineAt(now) - _latency);

    /// <summary>The frame at an RTP time of the last minute.</summary>
    public long FrameAt(uint rtpTime) => _map.FrameAt(_nextLine + (int)(rtpTime - RtpTimeOf(_nextLine)));

    /// <summary>Ticks from now until everything before this frame has been heard.</summary>
    public long UntilHeard(long frame, long now) => DueOf(_map.LineOf(frame) + _latency) - now;

    /// <summary>The next datagram that is to leave now. Call until there is none, then ask <see cref="Next"/>.</summary>
    public bool Poll(long now, out UdpSend send)
    {
        NoteStall(now);
        _asked = Pacer.Never;
        send = default;
        if (_isPlaying)
        {
            bool isWaiting = _queued > _sent;
            long line = isWaiting ? _slots[_sent % Slots].Line : 0;
            bool isDue = isWaiting && DueOf(line) - (_firstSync ? 0 : _early) <= now;
            if (_firstSync ? isDue : now >= _nextSync)
            {
                send = Sync(line, now);
                return true;
            }

            if (isDue && !_firstSync)
            {
                send = Audio();
                return true;
            }
        }

        return TakeRepeat(now, out send) || TakeResend(now, out send);
    }

    /// <summary>When to poll again, or <see cref="Pacer.Never"/>.</summary>
    public long Next(long now)
    {
        long next = Math.Min(NextResend(now), NextRepeat);
        if (_isPlaying)
        {
            if (_queued > _sent) next = Math.Min(next, DueOf(_slots[_sent % Slots].Line));
            if (!_firstSync) next = Math.Min(next, _nextSync);
        }

        return _asked = next;
    }

    /// <summary>A process that stood still is late by itself: the line stays, what is due leaves at once.</summary>
    private void NoteStall(long now)
    {
        if (_asked != Pacer.Never && now - _asked > _stall) _excused = LineAt(now);
    }

    private UdpSend Audio()
    {
        int index = (int)(_sent++ % Slots), length = _slots[index].Length;
        Bytes += length;
        _repeats = 0;
        return new UdpSend(UdpSendKind.Audio, SlotAt(index).Slice(ResentPacket.PrefixSize, length));
    }

    /// <summary>A point of the line: that of now or, in the first sync, of the packet that follows it at once.</summary>
    private UdpSend Sync(long head, long now)
    {
        long line = LineAt(now);
        bool first = _firstSync;
        if (first)
        {
            if (line - head < 352) line = head; // one receiver (Eufy Genie) compares it with RECORD's
            (_nextSync, _syncs) = (now, 0);
        }

        _firstSync = false;
        long step = _syncs < FirstSyncs.Length ? _ticksPerSecond * FirstSyncs[_syncs++] / 1000 : _ticksPerSecond;
        _nextSync += step * (1 + ((now - _nextSync) / step)); // what a stall left out stays left out
        uint next = RtpTimeOf(line);
        ulong time = NtpTime.FromTimestamp(DueOf(line), _ticksPerSecond);
        new SyncPacket(first, SyncPacket.UsualFlags, next - (uint)(_latency - FixedLatency), time, next).WriteTo(_sync);
        return new UdpSend(UdpSendKind.Sync, _sync);
    }

    private Span<byte> SlotAt(int index) => _ring.AsSpan(index * _slotSize, _slotSize);

    private ushort SequenceOf(long packet) => unchecked((ushort)(_firstSequence + packet));

    private uint RtpTimeOf(long line) => unchecked(_firstRtpTime + (uint)line);

    private long LineAt(long now) => _hasLine ? (long)((Int128)(now - _zero) * Rate / _ticksPerSecond) : 0;

    // Rounded up, so that LineAt of it is the frame itself.
    private long DueOf(long line) => _zero + (long)((((Int128)line * _ticksPerSecond) + Rate - 1) / Rate);

    private long Ticks(long frames) => (long)((Int128)frames * _ticksPerSecond / Rate);
}
