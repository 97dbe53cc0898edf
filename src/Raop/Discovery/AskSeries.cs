namespace Raop.Discovery;

/// <summary>When a question is asked: first after 20 to 120 ms, so that hosts woken by one event do not all ask at once, then 1, 2, 4 … s later (RFC 6762 section 5.2).</summary>
/// <param name="second">Ticks of a second.</param>
internal sealed class AskSeries(long second)
{
    private const double Earliest = 0.020, Latest = 0.120;
    private const long LongestPause = 3600;

    private long _pause;

    /// <summary>When it is asked next.</summary>
    public long Due { get; private set; }

    /// <summary>How often it has been asked.</summary>
    public int Count { get; private set; }

    /// <summary>Begins anew.</summary>
    /// <param name="now">The time.</param>
    /// <param name="jitter">0 to 1.</param>
    public AskSeries Begin(long now, double jitter)
    {
        (_pause, Count) = (second, 0);
        Due = now + (long)((Earliest + (jitter * (Latest - Earliest))) * second);
        return this;
    }

    /// <summary>It has been asked, by us or by somebody else.</summary>
    public void CountAsked(long now)
    {
        Count++;
        Due = now + _pause;
        _pause = Math.Min(_pause * 2, LongestPause * second);
    }
}
