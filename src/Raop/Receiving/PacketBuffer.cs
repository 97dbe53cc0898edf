using Raop.Rtp;

namespace Raop.Receiving;

/// <summary>What became of a packet that arrived.</summary>
internal enum PacketArrival
{
    /// <summary>Newer than all before, or before the first that was to be played.</summary>
    New,

    /// <summary>Was missing.</summary>
    Filled,

    /// <summary>Is there already.</summary>
    Duplicate,

    /// <summary>Its place has been played or given up.</summary>
    Late,

    /// <summary>From before a FLUSH.</summary>
    Void,

    /// <summary>The sender has jumped to other numbers: everything before was dropped, it begins with this packet or the one before.</summary>
    Restarted,

    /// <summary>Not audio, empty or too long; or far from the stream, and kept until a second one shows that the sender has jumped.</summary>
    Unusable,
}

internal enum HeadKind
{
    Empty,
    Packet,
    Missing,
}

/// <summary>The oldest packet, or hole, that has not been taken.</summary>
/// <param name="Kind">What is there.</param>
/// <param name="Sequence">Its sequence number in 64 bits, one line over all restarts; the wire's number is in the lower 16.</param>
/// <param name="Frame">64-bit RTP time of its first frame; of a missing one reckoned from its neighbours.</param>
/// <param name="Frames">How many frames until the next packet, at most a packet's; 0 is possible when a missing one has no room.</param>
/// <param name="FollowsJump">It does not begin a whole packet after the one before: after a pause, a short packet, a FLUSH or a restart.</param>
internal readonly record struct BufferHead(HeadKind Kind, long Sequence, long Frame, int Frames, bool FollowsJump);

/// <summary>
/// Packets of an AirTunes v2 stream between network and decoder: puts them in order, knows the holes, and says what to ask for again.
/// </summary>
/// <remarks>
/// Not thread-safe. Payload arrays are made when the buffer first gets that full, at most one more than it has places, and
/// are used again. Nothing here throws for what a peer sends, and no call takes more than a few passes over the places. The newest place
/// always holds a packet: what is missing after it nobody can know.
/// </remarks>
internal sealed partial class PacketBuffer
{
    private readonly int _framesPerPacket;
    private readonly int _maxPayload;
    private readonly int _capacity;
    private readonly Slot[] _slots;
    private readonly Stack<byte[]> _spare;
    private readonly ResendPolicy _policy;

    private bool _running; // false: the next packet may have any number
    private bool _taken; // since the beginning or the last restart: packets before the head have had their chance
    private long _head; // oldest not taken
    private long _end; // one after the newest
    private long _floor; // numbers below belong to what was flushed or left by a restart
    private long _endFrame; // where _end begins if it follows without a jump
    private long? _line; // RTP time near which others are unwrapped
    private long _lastFrame; // of what was taken last
    private long? _expected; // where the packet after it begins if there is no jump
    private bool _contiguous; // the head's number follows the one taken last

    /// <summary>An empty buffer that takes its first packet wherever it is.</summary>
    /// <param name="framesPerPacket">Frames of a whole packet, from 1.</param>
    /// <param name="maxPayload">Most bytes of a payload; longer ones are refused.</param>
    /// <param name="ticksPerSecond">Unit of every <c>now</c>.</param>
    /// <param name="capacity">Most packets, missing ones included, from 16 to 16,384; 1024 of 352 frames are 8.2 s.</param>
    public PacketBuffer(int framesPerPacket, int maxPayload, long ticksPerSecond, int capacity = 1024)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(framesPerPacket, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxPayload, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(ticksPerSecond, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 16);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, 16_384);
        (_framesPerPacket, _maxPayload, _capacity, _ticksPerSecond) = (framesPerPacket, maxPayload, capacity, ticksPerSecond);
        _slots = new Slot[capacity];
        _spare = new Stack<byte[]>(capacity);
        _policy = new ResendPolicy(ticksPerSecond);
    }

    private enum SlotState : byte
    {
        Unused,
        Missing,
        Present,
        Taken,
    }

    /// <summary>Whether the four bytes that are AAC-ELD's silence are a packet as any other.</summary>
    public bool HasSilence { get; init; }

    /// <summary>Usable packets that came, copies included.</summary>
    public long Received { get; private set; }

    /// <summary>Packets that came after one of a later number, by themselves or asked for.</summary>
    public long Filled { get; private set; }

    public long Duplicates { get; private set; }

    public long LateArrivals { get; private set; }

    /// <summary>Packets that came too late for a FLUSH to drop them from the buffer.</summary>
    public long Voided { get; private set; }

    /// <summary>Holes in the buffer now, in packets.</summary>
    public int Missing { get; private set; }

    /// <summary>Packets that were missing when their place was taken.</summary>
    public long Lost { get; private set; }

    /// <summary>Packets and holes dropped because nobody took them.</summary>
    public long Overflowed { get; private set; }

    public long Restarts { get; private set; }

    /// <summary>Most consecutive packets that were missing when a later one came.</summary>
    public int LongestHole { get; private set; }

    /// <summary>When the last usable packet came, in ticks; null before the first.</summary>
    public long? LastPacketAt { get; private set; }

    /// <summary>Packets and holes from the head to the newest packet.</summary>
    public int Count => (int)(_end - _head);

    public BufferHead Head
    {
        get
        {
            if (_head == _end) return default;
            ref Slot slot = ref At(_head);
            if (slot.State != SlotState.Present) return MissingHead();
            return new BufferHead(HeadKind.Packet, _head, slot.Frame, FramesOf(_head), _expected is { } expected && slot.Frame != expected);
        }
    }

    /// <summary>The head's bytes when it is a packet, else none. Valid until it is taken, flushed or dropped: until the next call of anything.</summary>
    public ReadOnlySpan<byte> Payload =>
        _head != _end && At(_head) is { State: SlotState.Present, Payload: { } payload, Length: int length } ? payload.AsSpan(0, length) : default;

    /// <summary>Puts a packet in its place, whether it came to the audio port or was sent again.</summary>
    /// <param name="header">Its header.</param>
    /// <param name="payload">What follows; copied.</param>
    /// <param name="now">When it came, in ticks.</param>
    public PacketArrival Add(in RtpHeader header, ReadOnlySpan<byte> payload, long now)
    {
        if (header.PayloadType != RtpHeader.Audio || payload.Length > _maxPayload || IsNoData(payload)) return PacketArrival.Unusable;
        long frame = FrameOf(header.Timestamp);
        Received++;
        LastPacketAt = now;
        _policy.Arrived(now);
        if (IsVoid(header.Sequence, frame, now))
        {
            Voided++;
            return PacketArrival.Void;
        }

        if (!_running) return Begin(header.Sequence, frame, payload, now);
        long sequence = _end + (short)(header.Sequence - (ushort)_end);
        return sequence >= _end ? AddAhead(sequence, header.Sequence, frame, payload, now)
            : sequence >= _head ? AddInside(sequence, header.Sequence, frame, payload, now)
            : AddBehind(sequence, header.Sequence, frame, payload, now);
    }

    /// <summary>Consumes the head, present or missing; copies of it that come later are late.</summary>
    /// <exception cref="InvalidOperationException">The buffer is empty.</exception>
    public void Take()
    {
        BufferHead head = Head;
        if (head.Kind == HeadKind.Empty) throw new InvalidOperationException("The buffer is empty.");
        if (head.Kind == HeadKind.Missing) Lost++;
        int frames = head.Kind == HeadKind.Missing ? head.Frames : _framesPerPacket;
        (_lastFrame, _expected, _contiguous, _taken) = (head.Frame, head.Frame + frames, true, true);
        Release(_head++).Frame = head.Frame;
        if (head.Frame + head.Frames > VoidBefore) VoidBefore = null;
    }

    /// <summary>RTP time on the buffer's line of 64 bits: the one nearest to the newest packet, or to the first that was asked about.</summary>
    public long FrameOf(uint rtpTime)
    {
        long line = _line ??= (1L << 32) + rtpTime;
        return line + (int)(rtpTime - (uint)line);
    }

    /// <summary>Goes on with the line of another buffer.</summary>
    /// <param name="frame">A 64-bit RTP time on it, near those that come.</param>
    public void AlignTo(long frame) => _line = frame;

    /// <summary>
    /// Payloads by which iOS says that it has nothing to say: none at all, or these four bytes (UxPlay), which are silence in AAC-ELD.
    /// </summary>
    private bool IsNoData(ReadOnlySpan<byte> payload) => payload.IsEmpty || (!HasSilence && payload.SequenceEqual<byte>([0x00, 0x68, 0x34, 0x00]));

    private void Append(long sequence, long frame, ReadOnlySpan<byte> payload, long now)
    {
        while (sequence - _head >= _capacity)
        {
            Overflowed++;
            (_lastFrame, _contiguous, _taken) = (At(_head).Frame, true, true);
            _expected = _lastFrame + _framesPerPacket;
            Release(_head++);
        }

        int hole = (int)(sequence - _end);
        for (int i = 0; i < hole; i++) MarkMissing(_end + i, _endFrame + ((long)i * _framesPerPacket), now);
        LongestHole = Math.Max(LongestHole, hole);
        ref Slot slot = ref At(sequence);
        slot = new Slot { Sequence = sequence };
        Store(ref slot, frame, payload);
        (_end, _endFrame, _line, _hasCandidate) = (sequence + 1, frame + _framesPerPacket, frame, false);
        _voidedInARow = 0;
    }

    private void MarkMissing(long sequence, long frame, long now)
    {
        At(sequence) = new Slot { Sequence = sequence, State = SlotState.Missing, Frame = frame, NoticedAt = now };
        Missing++;
    }

    private void Store(ref Slot slot, long frame, ReadOnlySpan<byte> payload)
    {
        byte[] bytes = _spare.TryPop(out byte[]? spare) ? spare : new byte[_maxPayload];
        payload.CopyTo(bytes);
        (slot.State, slot.Frame, slot.Payload, slot.Length) = (SlotState.Present, frame, bytes, payload.Length);
    }

    /// <summary>Empties a place; what was there stays known by its number.</summary>
    private ref Slot Release(long sequence)
    {
        ref Slot slot = ref At(sequence);
        if (slot.State == SlotState.Missing) Missing--;
        if (slot.Payload is { } payload) _spare.Push(payload);
        (slot.State, slot.Payload, slot.Asks) = (SlotState.Taken, null, 0);
        return ref slot;
    }

    private int FramesOf(long sequence)
    {
        long next = sequence + 1 < _end && At(sequence + 1).State == SlotState.Present ? At(sequence + 1).Frame - At(sequence).Frame : 0;
        return next > 0 && next < _framesPerPacket ? (int)next : _framesPerPacket;
    }

    private BufferHead MissingHead()
    {
        long after = _head + 1;
        while (At(after).State != SlotState.Present) after++;
        long next = At(after).Frame, start = next - ((after - _head) * _framesPerPacket);
        long frames = _framesPerPacket;
        if (_contiguous && _expected is { } expected && (start > expected || start <= _lastFrame))
        {
            if (start < expected) frames = Math.Clamp(next - expected, 0, frames); // a short packet is among the missing
            start = expected; // or else a pause, which is left to the packet after the hole
        }

        return new BufferHead(HeadKind.Missing, _head, start, (int)frames, FollowsJump: false);
    }

    private ref Slot At(long sequence) => ref _slots[(int)(sequence % _capacity)];

    private struct Slot
    {
        public long Sequence;
        public long Frame; // of a missing one: reckoned when it was noticed
        public long NoticedAt, FirstAskedAt, AskedAt, FilledAt;
        public byte[]? Payload;
        public int Length;
        public int Asks;
        public SlotState State;
    }
}
