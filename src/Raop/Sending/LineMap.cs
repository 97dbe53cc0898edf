namespace Raop.Sending;

/// <summary>
/// Which frame of the feed stands where on the line of RTP time. One piece after each start, one more for each time that the source was
/// too late and RTP time jumped.
/// </summary>
internal sealed class LineMap
{
    private readonly List<(long Line, long Frame)> _pieces = new(8);

    /// <summary>The frame after the last one on the line.</summary>
    public long End { get; set; }

    /// <summary>Nothing before counts any more.</summary>
    public void Restart(long line, long frame)
    {
        _pieces.Clear();
        _pieces.Add((line, frame));
        End = frame;
    }

    /// <summary>From here on the frames stand later.</summary>
    public void Jump(long line, long frame)
    {
        if (_pieces.Count == 32) _pieces.RemoveAt(0); // heard long ago: a jump is as long as half the latency
        _pieces.Add((line, frame));
    }

    /// <summary>Nothing stands on the line from here on.</summary>
    public void Cut(long line)
    {
        while (_pieces.Count > 1 && _pieces[^1].Line >= line) _pieces.RemoveAt(_pieces.Count - 1);
        if (_pieces.Count > 0) End = Math.Min(End, Math.Max(_pieces[^1].Frame, _pieces[^1].Frame + line - _pieces[^1].Line));
    }

    /// <summary>The frame that stands at a place of the line; in a gap, the one after it.</summary>
    public long FrameAt(long line)
    {
        long end = End;
        for (int i = _pieces.Count - 1; i >= 0; i--)
        {
            (long start, long frame) = _pieces[i];
            if (line >= start) return Math.Min(end, frame + line - start);
            end = frame;
        }

        return end;
    }

    /// <summary>Where a frame stands; one that is not there yet stands after the last.</summary>
    public long LineOf(long frame)
    {
        for (int i = _pieces.Count - 1; i >= 0; i--)
        {
            if (frame >= _pieces[i].Frame || i == 0) return _pieces[i].Line + frame - _pieces[i].Frame;
        }

        return 0;
    }
}
