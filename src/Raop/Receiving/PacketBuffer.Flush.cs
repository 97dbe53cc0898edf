namespace Raop.Receiving;

/// <content>FLUSH: what was sent before it is void, whether it is here or still on its way.</content>
internal sealed partial class PacketBuffer
{
    /// <summary>More void packets in a row than can have been on their way, 3 s: the FLUSH named a time that the sender does not use.</summary>
    private const int MostVoided = 384;

    private (ushort Sequence, long Frame)? _flushedTo;
    private int _voidedInARow;
    private ushort _oldEnd; // after a FLUSH without a time: what was on its way then is known by its numbers
    private long _oldEndFrame;
    private long _oldUntil = long.MinValue;

    /// <summary>
    /// Frames before this were flushed, and so are packets that end before it; the player cuts the packet that contains it. Null when
    /// there is no FLUSH or play has passed it.
    /// </summary>
    public long? VoidBefore { get; private set; }

    /// <summary>Drops what a FLUSH voids and keeps the rest.</summary>
    /// <param name="sequence">Its sequence number, if it has one: the next packet that will be sent.</param>
    /// <param name="rtpTime">Its RTP time; null or 0 drops everything.</param>
    /// <returns>Packets dropped.</returns>
    /// <remarks>
    /// As shairport-sync does it: a time in the buffer cuts there; one later than everything drops all and voids packets from before it
    /// as they come; one that has been played is ignored. Older than the whole buffer is long: a new time line, which drops everything.
    /// </remarks>
    public int Flush(ushort? sequence, uint? rtpTime)
    {
        if (rtpTime is null or 0) return FlushAll();
        long to = FrameOf(rtpTime.Value);
        if (!_running)
        {
            VoidBy(sequence, to);
            return 0;
        }

        long position = _head == _end ? _expected ?? _endFrame : Head.Frame;
        if (to < position - ((long)_capacity * _framesPerPacket)) return FlushAll();
        if (to < position) return 0;

        int dropped = 0;
        while (_head < _end && EndOf(_head) <= to)
        {
            if (At(_head).State == SlotState.Present) dropped++;
            (_contiguous, _taken) = (false, true);
            Release(_head++);
        }

        if (_head == _end) _running = false;
        VoidBy(sequence, to);
        return dropped;
    }

    /// <summary>RECORD: the first packet will have these numbers, so that its loss is noticed. Nothing is voided, for not every sender keeps its word.</summary>
    public void Expect(ushort? sequence, uint? rtpTime)
    {
        if (_running || sequence is null || rtpTime is null) return;
        _flushedTo = (sequence.Value, FrameOf(rtpTime.Value));
    }

    private void VoidBy(ushort? sequence, long to)
    {
        VoidBefore = to;
        _voidedInARow = 0;
        _hasCandidate = false;
        _flushedTo = _running || sequence is null ? null : (sequence.Value, to);
    }

    private int FlushAll()
    {
        if (_running) (_oldEnd, _oldEndFrame, _oldUntil) = ((ushort)_end, _endFrame, LastPacketAt!.Value + (_ticksPerSecond / 2));
        (VoidBefore, _flushedTo, _running, _hasCandidate) = (null, null, false, false);
        return DropAll();
    }

    private int DropAll()
    {
        int dropped = 0;
        while (_head < _end)
        {
            if (At(_head).State == SlotState.Present) dropped++;
            Release(_head++);
        }

        return dropped;
    }

    private bool IsVoid(ushort number, long frame, long now)
    {
        if (frame + _framesPerPacket <= VoidBefore)
        {
            if (++_voidedInARow <= MostVoided) return true;
            VoidBefore = null;
        }

        if (_running || now >= _oldUntil) return false;
        int back = (short)(number - _oldEnd);
        return back < 0 && back >= -_capacity && frame - _oldEndFrame == (long)back * _framesPerPacket;
    }

    /// <summary>Where a place ends: where the next begins, unless a pause lies between.</summary>
    private long EndOf(long sequence)
    {
        long frame = At(sequence).Frame, end = frame + _framesPerPacket;
        long next = sequence + 1 < _end ? At(sequence + 1).Frame : end;
        return next > frame && next < end ? next : end;
    }
}
