using Raop.Audio;

namespace Raop.Receiving;

/// <summary>
/// Reads a gapless run of PCM out of the packet buffer: decodes, cuts what a FLUSH voided, hides what never came, fills with silence where the
/// sender's line has a gap. Plain; the caller says which frame it wants next by reading.
/// </summary>
internal sealed class FrameReader
{
    /// <summary>A gap in the sender's line up to this is silence; beyond it another line begins.</summary>
    private const int LongestGapSeconds = 10;

    private readonly StreamDecoder _decoder;
    private readonly PacketBuffer _buffer;
    private readonly PcmFormat _format;
    private readonly Concealer _concealer;
    private readonly byte[] _payload;
    private readonly byte[] _pcm;
    private int _at; // bytes of _pcm that have been read
    private int _end;
    private long _undecodable;

    public FrameReader(StreamDecoder decoder, PacketBuffer buffer)
    {
        (_decoder, _buffer, _format) = (decoder, buffer, decoder.Format);
        _concealer = new Concealer(_format);
        _payload = new byte[decoder.MaxPayload];
        _pcm = new byte[decoder.MaxPcm(decoder.MaxPayload)];
    }

    /// <summary>64-bit RTP time of the next frame that <see cref="Read"/> gives.</summary>
    public long Frame { get; private set; }

    /// <summary>Frames decoded and not read.</summary>
    public int Ready => (_end - _at) / _format.BytesPerFrame;

    /// <summary>The sender's line goes on so far away that reading must begin anew there.</summary>
    public bool IsAtNewLine { get; private set; }

    public long PacketsLost { get; private set; }

    public long PacketsConcealed { get; private set; }

    /// <summary>Frames that are not as they were sent: made up, or blended into what was.</summary>
    public long FramesChanged { get; private set; }

    /// <summary>Told the first bytes of the first packet that cannot be decoded.</summary>
    public Action<string>? Undecodable { get; set; }

    /// <summary>Goes to a frame, after a start or a FLUSH.</summary>
    /// <param name="frame">64-bit RTP time.</param>
    /// <param name="continues">Whether what was read before is followed by this, as far as the ear knows.</param>
    public void MoveTo(long frame, bool continues)
    {
        bool jumps = frame != Frame;
        (Frame, IsAtNewLine, _at, _end) = (frame, false, 0, 0);
        if (!continues) _concealer.Reset();
        else if (jumps) _concealer.Conceal(_pcm.AsSpan(0, _format.BytesPerFrame)); // what follows is blended in
    }

    /// <summary>Fills as much as there is.</summary>
    /// <param name="frames">PCM, whole frames.</param>
    /// <returns>Bytes; fewer than asked when nothing more has come.</returns>
    public int Read(Span<byte> frames)
    {
        int filled = 0;
        while (filled < frames.Length && (_at < _end || Load()))
        {
            int bytes = Math.Min(_end - _at, frames.Length - filled);
            _pcm.AsSpan(_at, bytes).CopyTo(frames[filled..]);
            _at += bytes;
            filled += bytes;
            Frame += bytes / _format.BytesPerFrame;
        }

        return filled;
    }

    /// <summary>Fills with what might have come, which soon is silence.</summary>
    public void Conceal(Span<byte> frames)
    {
        _concealer.Conceal(frames);
        int count = frames.Length / _format.BytesPerFrame;
        Frame += count;
        FramesChanged += count;
    }

    /// <summary>Drops what is decoded and not read.</summary>
    /// <returns>Frames.</returns>
    public int Drop()
    {
        int dropped = Ready;
        (_at, _end) = (0, 0);
        return dropped;
    }

    /// <summary>Decodes or makes up the next frames.</summary>
    /// <returns>False when nothing has come yet.</returns>
    private bool Load()
    {
        (_at, _end) = (0, 0);
        while (_at == _end)
        {
            BufferHead head = _buffer.Head;
            if (head.Kind == HeadKind.Empty) return false;
            long gap = head.Frame - Frame;
            if (gap > (long)_format.SampleRate * LongestGapSeconds)
            {
                IsAtNewLine = true;
                return false;
            }

            if (gap > 0) MakeUp((int)Math.Min(gap, _decoder.FramesPerPacket));
            else if (head.Kind == HeadKind.Packet) Decode(head);
            else Skip(head);
        }

        return true;
    }

    private void Decode(in BufferHead head)
    {
        ReadOnlySpan<byte> payload = _buffer.Payload;
        payload.CopyTo(_payload);
        int length = payload.Length;
        _buffer.Take();
        int frames = _decoder.Decode(_payload.AsSpan(0, length), _pcm);
        if (frames < 0)
        {
            if (_undecodable++ == 0) Undecodable?.Invoke(Convert.ToHexString(_payload.AsSpan(0, Math.Min(4, length))));
            PacketsConcealed++;
            MakeUp((int)Math.Clamp(head.Frame + _decoder.FramesPerPacket - Frame, 0, _decoder.FramesPerPacket));
            return;
        }

        // What the past or a FLUSH has taken of this packet is cut off.
        long begin = Math.Max(Frame, Math.Min(_buffer.VoidBefore ?? Frame, head.Frame + frames));
        int cut = (int)Math.Clamp(begin - head.Frame, 0, frames);
        if (cut == frames) return;
        Frame = begin;
        _at = cut * _format.BytesPerFrame;
        _end = frames * _format.BytesPerFrame;
        FramesChanged += _concealer.Pass(_pcm.AsSpan(_at, _end - _at));
    }

    /// <summary>The packet at the head never came.</summary>
    private void Skip(in BufferHead head)
    {
        _buffer.Take();
        PacketsLost++;
        long left = head.Frame + head.Frames - Frame;
        if (left <= 0) return; // an outage has filled its place
        PacketsConcealed++;
        MakeUp((int)Math.Min(left, _decoder.FramesPerPacket));
    }

    private void MakeUp(int frames)
    {
        (_at, _end) = (0, frames * _format.BytesPerFrame);
        _concealer.Conceal(_pcm.AsSpan(0, _end));
        FramesChanged += frames;
    }
}
