using Raop.Audio;
using Raop.Rtp;

namespace Raop.Receiving;

/// <summary>
/// Between network and play-out for codecs whose decoder works in its own time: gives it packets in order as soon as they are there, and keeps what
/// they become until it is due, under the same RTP times. What never comes stays a hole.
/// </summary>
/// <remarks>Plain: no process, clock or thread; one caller at a time. The decoder may answer inside of <see cref="IPacketDecoder.Write"/>.</remarks>
internal sealed class DecodeAhead
{
    /// <summary>Most packets that the decoder has not answered.</summary>
    public const int MaxOwed = 64;

    /// <summary>So many without an answer for <see cref="StallSeconds"/> are a decoder that hangs. Fewer may be packets that cannot be decoded, and a pause.</summary>
    private const int StallPackets = 16;

    private const int StallSeconds = 5;

    private readonly PacketBuffer _wire;
    private readonly StreamDecoder _stream;
    private readonly long _ticksPerSecond;
    private readonly int _pcmBytes;
    private readonly byte[] _packet;
    private readonly Owed[] _owed = new Owed[MaxOwed]; // a ring
    private int _first, _count;
    private long _nextId;
    private long _stallFrom; // while StallPackets and more are owed
    private long _lastMove; // a packet went in or came out

    /// <param name="wire">Packets as they come.</param>
    /// <param name="stream">What they are; decrypts them.</param>
    /// <param name="ticksPerSecond">Unit of every <c>now</c>.</param>
    /// <param name="capacity">Most packets that are kept decoded.</param>
    public DecodeAhead(PacketBuffer wire, StreamDecoder stream, long ticksPerSecond, int capacity)
    {
        (_wire, _stream, _ticksPerSecond) = (wire, stream, ticksPerSecond);
        _pcmBytes = stream.FramesPerPacket * stream.Format.BytesPerFrame;
        _packet = new byte[stream.MaxPayload];
        Decoded = new PacketBuffer(stream.FramesPerPacket, _pcmBytes, ticksPerSecond, capacity);
    }

    /// <summary>PCM, a packet in each place.</summary>
    public PacketBuffer Decoded { get; }

    /// <summary>The decoder while there is one.</summary>
    public IPacketDecoder? Decoder { get; set; }

    /// <summary>Set when the decoder hangs.</summary>
    public RaopException? Failure { get; private set; }

    /// <summary>Told the first bytes of the first packet that cannot be decoded.</summary>
    public Action<string>? Undecodable { get; set; }

    public long UndecodablePackets { get; private set; }

    /// <summary>Gives the decoder what has come.</summary>
    /// <param name="now">Ticks.</param>
    /// <param name="neededAt">When a frame is needed; <see cref="long.MaxValue"/> while the clock is not known.</param>
    /// <param name="margin">A missing packet is given up so long before it is needed, ticks.</param>
    /// <returns>When to call again; sooner when something comes, from the network or the decoder.</returns>
    public long Poll(long now, Func<long, long> neededAt, long margin)
    {
        if (Decoder is null || Failure is not null) return long.MaxValue;
        while (_wire.Head is { Kind: not HeadKind.Empty } head)
        {
            if (head.Kind == HeadKind.Packet)
            {
                if (_count == MaxOwed) break;
                Feed(head, now);
                continue;
            }

            long needed = neededAt(head.Frame);
            if (needed == long.MaxValue) return now + (_ticksPerSecond / 10);
            if (now < needed - margin) return Math.Min(needed - margin, CheckStall(now));
            _wire.Take();
        }

        return CheckStall(now);
    }

    /// <summary>The decoder's answer.</summary>
    /// <returns>Whether something is to be played.</returns>
    public bool OnDecoded(long id, ReadOnlySpan<byte> pcm, long now)
    {
        while (_count > 0 && _owed[_first].Id < id) Refuse(Pop()); // passed over: it could not be decoded
        if (_count == 0 || _owed[_first].Id != id) return false;
        Owed owed = Pop();
        (_stallFrom, _lastMove) = (now, now);
        if (owed.IsVoid) return false;
        if (pcm.Length != _pcmBytes)
        {
            Refuse(owed);
            return false;
        }

        Decoded.AlignTo(owed.Frame);
        var header = new RtpHeader(Marker: false, RtpHeader.Audio, unchecked((ushort)owed.Sequence), unchecked((uint)owed.Frame), 0);
        return Decoded.Add(header, pcm, now) is PacketArrival.New or PacketArrival.Restarted;
    }

    /// <summary>Voids what a FLUSH says, decoded and under way. The network's buffer has been told.</summary>
    /// <returns>Packets dropped.</returns>
    public int Flush(ushort? sequence, uint? rtpTime)
    {
        int dropped = 0;
        bool all = rtpTime is null or 0;
        if (!all) Decoded.AlignTo(_wire.FrameOf(rtpTime!.Value));
        long before = all ? long.MaxValue : _wire.FrameOf(rtpTime!.Value);
        for (int i = 0; i < _count; i++)
        {
            ref Owed owed = ref _owed[(_first + i) % MaxOwed];
            if (owed.IsVoid || owed.Frame + _stream.FramesPerPacket > before) continue;
            owed.IsVoid = true;
            dropped++;
        }

        return dropped + Decoded.Flush(sequence, rtpTime);
    }

    /// <summary>Whether more is going to be decoded of what has come. A last packet that cannot be decoded is waited for a second.</summary>
    public bool IsBusy(long now) =>
        Decoder is not null && Failure is null && (_wire.Count > 0 || (_count > 0 && now - _lastMove < _ticksPerSecond));

    private void Feed(in BufferHead head, long now)
    {
        ReadOnlySpan<byte> payload = _wire.Payload;
        Span<byte> packet = _packet.AsSpan(0, payload.Length);
        payload.CopyTo(packet);
        _wire.Take();
        _stream.Decrypt(packet);
        long id = _nextId++;
        _owed[(_first + _count++) % MaxOwed] = new Owed { Id = id, Sequence = head.Sequence, Frame = head.Frame, Head = Beginning(packet), HeadLength = Math.Min(4, packet.Length) };
        if (_count == StallPackets) _stallFrom = now;
        _lastMove = now;
        Decoder!.Write(id, packet);
    }

    private long CheckStall(long now)
    {
        if (_count < StallPackets) return long.MaxValue;
        long at = _stallFrom + (StallSeconds * _ticksPerSecond);
        if (now < at) return at;
        Failure = new RaopException(
            RaopError.UnsupportedFormat, $"The decoder for {_stream.Codec} has given nothing for {StallSeconds} s: it hangs, or the key or the codec is not what was announced.");
        return long.MaxValue;
    }

    private Owed Pop()
    {
        Owed owed = _owed[_first];
        (_first, _count) = ((_first + 1) % MaxOwed, _count - 1);
        return owed;
    }

    private void Refuse(in Owed owed)
    {
        if (owed.IsVoid || UndecodablePackets++ > 0) return;
        Undecodable?.Invoke(owed.Head.ToString("X8", null)[..(owed.HeadLength * 2)]);
    }

    private static uint Beginning(ReadOnlySpan<byte> packet)
    {
        uint head = 0;
        for (int i = 0; i < 4; i++) head = (head << 8) | (i < packet.Length ? packet[i] : 0u);
        return head;
    }

    private struct Owed
    {
        public long Id, Sequence, Frame;
        public uint Head;
        public int HeadLength;
        public bool IsVoid;
    }
}
