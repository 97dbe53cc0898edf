namespace Raop.Rtsp;

/// <summary>
/// Gathers a head byte by byte, so that no way of cutting the stream makes a difference. Keeps the lines with LF between them.
/// </summary>
/// <remarks>
/// A CR may be half of a CRLF whose LF is still on its way. The first line decides: if it ended in CR alone, every CR is a line's
/// end at once; otherwise a CR waits for the next byte.
/// </remarks>
internal sealed class RtspHeadCollector(int maxLength)
{
    private byte[] _lines = new byte[512];
    private int _length, _seen;
    private bool _lineHasText, _crPending, _crEndsLine, _firstLineDone;

    public enum Outcome
    {
        /// <summary>Taken; the head goes on.</summary>
        More,

        /// <summary>Taken; it was the head's last byte.</summary>
        Complete,

        /// <summary>Not taken: the head had ended before it.</summary>
        CompleteBefore,

        /// <summary>The head is longer than allowed.</summary>
        TooLong,

        /// <summary>A control character.</summary>
        BadByte,
    }

    /// <summary>The lines so far, each ended by LF, without the empty one that ends the head.</summary>
    public ReadOnlySpan<byte> Lines => _lines.AsSpan(0, _length);

    /// <summary>Whether no byte of a message has come; empty lines before it do not count.</summary>
    public bool IsEmpty => _length == 0;

    public void Reset() => (_length, _seen, _lineHasText, _crPending, _crEndsLine, _firstLineDone) = (0, 0, false, false, false, false);

    public Outcome Take(byte next)
    {
        if (_crPending)
        {
            _crPending = false;
            if (next == '\n')
            {
                return ++_seen > maxLength ? Outcome.TooLong : EndLine(Outcome.Complete);
            }

            _crEndsLine |= !_firstLineDone;
            if (EndLine(Outcome.CompleteBefore) == Outcome.CompleteBefore) return Outcome.CompleteBefore;
        }

        if (++_seen > maxLength) return Outcome.TooLong;
        switch (next)
        {
            case (byte)'\r' or (byte)'\n' when _length == 0:
                return Outcome.More; // an empty line before the message
            case (byte)'\r' when !_crEndsLine:
                _crPending = true;
                return Outcome.More;
            case (byte)'\r' or (byte)'\n':
                return EndLine(Outcome.Complete);
            case < (byte)' ' and not (byte)'\t' or 0x7F:
                return Outcome.BadByte;
            default:
                Append(next);
                _lineHasText = true;
                return Outcome.More;
        }
    }

    private Outcome EndLine(Outcome ifEmpty)
    {
        if (!_lineHasText) return ifEmpty;
        Append((byte)'\n');
        _lineHasText = false;
        _firstLineDone = true;
        return Outcome.More;
    }

    private void Append(byte value)
    {
        if (_length == _lines.Length) Array.Resize(ref _lines, _lines.Length * 2);
        _lines[_length++] = value;
    }
}
