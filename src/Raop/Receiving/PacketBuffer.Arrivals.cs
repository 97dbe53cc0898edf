namespace Raop.Receiving;

/// <content>Where a packet belongs, by its number and its RTP time; and whether the sender has jumped.</content>
internal sealed partial class PacketBuffer
{
    /// <summary>Frames this many packets off where a packet's number says are still of the same line: short packets shift it.</summary>
    private const int Slack = 64;

    /// <summary>So many packets may be missing at the beginning, 2 s, when RECORD or FLUSH has said which is the first.</summary>
    private const int MostMissedAtStart = 256;

    /// <summary>A pause this long, in packets, may hide in a hole of at most <see cref="Slack"/> packets.</summary>
    private const int LongestPause = 2048;

    /// <summary>Numbers this close confirm each other's jump.</summary>
    private const int Continuation = 8;

    private bool _hasCandidate;
    private ushort _candidateSequence;
    private long _candidateFrame;
    private int _candidateLength;
    private byte[]? _candidatePayload;

    private PacketArrival AddAhead(long sequence, ushort number, long frame, ReadOnlySpan<byte> payload, long now)
    {
        long ahead = sequence - _end, off = frame - (_endFrame + (ahead * _framesPerPacket));
        bool follows = ahead == 0
            || (ahead <= Slack && off >= -(ahead + 1) * _framesPerPacket && off <= (long)LongestPause * _framesPerPacket)
            || (ahead < _capacity && IsNear(off));
        if (!follows) return Consider(number, frame, payload, now);
        Append(sequence, frame, payload, now);
        return PacketArrival.New;
    }

    private PacketArrival AddInside(long sequence, ushort number, long frame, ReadOnlySpan<byte> payload, long now)
    {
        ref Slot slot = ref At(sequence);
        if (slot.State == SlotState.Present)
        {
            if (slot.Frame != frame) return Consider(number, frame, payload, now);
            Duplicates++;
            if (slot.Asks > 0) _policy.AnsweredAgain(slot.Asks, slot.FilledAt - slot.NoticedAt, slot.FilledAt - slot.FirstAskedAt);
            slot.Asks = 0; // one lesson from each
            return PacketArrival.Duplicate;
        }

        if (!FitsHole(sequence, frame)) return Consider(number, frame, payload, now);
        Filled++;
        Missing--;
        slot.FilledAt = now;
        if (slot.Asks == 0) _policy.Reordered(now - slot.NoticedAt);
        else _policy.Answered(slot.Asks, now - slot.AskedAt);
        Store(ref slot, frame, payload);
        return PacketArrival.Filled;
    }

    private PacketArrival AddBehind(long sequence, ushort number, long frame, ReadOnlySpan<byte> payload, long now)
    {
        long position = _head == _end ? _endFrame : At(_head).Frame;
        bool near = IsNear(frame - (position - ((_head - sequence) * _framesPerPacket)));
        if (!_taken && near && sequence >= _floor && _end - sequence <= _capacity)
        {
            for (long s = _head - 1; s > sequence; s--) MarkMissing(s, position - ((_head - s) * _framesPerPacket), now);
            LongestHole = (int)Math.Max(LongestHole, _head - sequence - 1);
            _head = sequence;
            ref Slot slot = ref At(sequence);
            slot = new Slot { Sequence = sequence };
            Store(ref slot, frame, payload);
            return PacketArrival.New;
        }

        ref Slot old = ref At(sequence);
        bool late = old.State == SlotState.Taken && old.Sequence == sequence ? IsNear(frame - old.Frame) : near;
        if (!late) return Consider(number, frame, payload, now);
        LateArrivals++;
        return PacketArrival.Late;
    }

    private bool IsNear(long off) => Math.Abs(off) <= (long)Slack * _framesPerPacket;

    /// <summary>Whether a frame lies between those of the packets around a hole.</summary>
    private bool FitsHole(long sequence, long frame)
    {
        long before = sequence - 1, after = sequence + 1;
        while (before >= _head && At(before).State != SlotState.Present) before--;
        while (At(after).State != SlotState.Present) after++;
        long high = At(after).Frame;
        long low = before >= _head ? At(before).Frame
            : _contiguous ? _lastFrame
            : high - ((after - sequence + LongestPause) * _framesPerPacket);
        return low < high ? frame > low && frame < high : IsNear(frame - At(sequence).Frame);
    }

    /// <summary>
    /// A packet far from the stream: one alone may be a stray, two that continue each other are a sender that has jumped.
    /// </summary>
    private PacketArrival Consider(ushort number, long frame, ReadOnlySpan<byte> payload, long now)
    {
        if (_head == _end)
        {
            Restart(number, frame, payload, now);
            return PacketArrival.Restarted;
        }

        int step = (short)(number - _candidateSequence);
        long frames = frame - _candidateFrame;
        if (_hasCandidate && step is > 0 and <= Continuation && frames > 0 && frames <= (long)step * _framesPerPacket)
        {
            Restart(_candidateSequence, _candidateFrame, _candidatePayload.AsSpan(0, _candidateLength), now);
            Append(_head + step, frame, payload, now);
            return PacketArrival.Restarted;
        }

        if (_hasCandidate && step is < 0 and >= -Continuation && frames < 0 && frames >= (long)step * _framesPerPacket)
        {
            Restart(number, frame, payload, now);
            Append(_head - step, _candidateFrame, _candidatePayload.AsSpan(0, _candidateLength), now);
            return PacketArrival.Restarted;
        }

        (_hasCandidate, _candidateSequence, _candidateFrame, _candidateLength) = (true, number, frame, payload.Length);
        payload.CopyTo(_candidatePayload ??= new byte[_maxPayload]);
        return PacketArrival.Unusable;
    }

    private void Restart(ushort number, long frame, ReadOnlySpan<byte> payload, long now)
    {
        Restarts++;
        DropAll();
        StartAt(number, frame);
        Append(_end, frame, payload, now);
    }

    private PacketArrival Begin(ushort number, long frame, ReadOnlySpan<byte> payload, long now)
    {
        // The first packets after a FLUSH may be lost as any other: it says which they are.
        int skipped = _flushedTo is { } flush ? (ushort)(number - flush.Sequence) : 0;
        bool known = skipped is > 0 and <= MostMissedAtStart && frame - _flushedTo!.Value.Frame == (long)skipped * _framesPerPacket;
        if (known) StartAt(_flushedTo!.Value.Sequence, _flushedTo.Value.Frame);
        else StartAt(number, frame);
        Append(known ? _end + skipped : _end, frame, payload, now);
        return PacketArrival.New;
    }

    /// <summary>Empty, and the next packet has this number. On the line of 64 bits numbers only grow.</summary>
    private void StartAt(ushort number, long frame)
    {
        _floor = _end;
        _end = _floor == 0 ? 0x1_0000 + number : _end + (ushort)(number - (ushort)_end);
        (_head, _endFrame, _running, _taken, _contiguous, _hasCandidate, _flushedTo) = (_end, frame, true, false, false, false, null);
    }
}
