using System.Globalization;

namespace Raop.Metadata;

/// <summary>
/// Where in the piece the sender is: the value of the parameter "progress", three RTP times. They wrap at 32 bits; some senders write
/// numbers that do not wrap and are larger.
/// </summary>
/// <param name="Start">RTP time of the piece's first frame.</param>
/// <param name="Now">RTP time of the frame that is, or soon will be, heard.</param>
/// <param name="End">RTP time behind its last frame.</param>
internal readonly record struct TrackProgress(long Start, long Now, long End)
{
    public const string ParameterName = "progress";

    /// <summary>Beyond it, nothing is an RTP time, and 64 bits hold any difference.</summary>
    private const long Largest = 1_000_000_000_000_000;

    private bool Wraps => Fits(Start) && Fits(Now) && Fits(End);

    /// <summary>Three equal values, mostly 0, say that the sender does not know.</summary>
    public bool IsKnown => Start != Now || Now != End;

    /// <summary>Reads "start/now/end"; blanks and fractions of a frame do not matter.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TrackProgress progress)
    {
        progress = default;
        Span<Range> parts = stackalloc Range[4];
        if (text.Split(parts, '/') != 3) return false;
        if (!TryParseTime(text[parts[0]], out long start) || !TryParseTime(text[parts[1]], out long now) || !TryParseTime(text[parts[2]], out long end)) return false;
        progress = new TrackProgress(start, now, end);
        return true;
    }

    /// <summary>How much of the piece has been played; null when the sender does not know.</summary>
    /// <param name="sampleRate">Frames a second of the stream.</param>
    public TimeSpan? Position(int sampleRate)
    {
        if (!IsKnown) return null;
        long played = Wraps ? unchecked((uint)(Now - Start)) : Now - Start, length = Length;
        if (length > 0 && played >= 0 && played <= length) return Time(played, sampleRate);
        if (played < 0 || (Wraps && unchecked((int)played) < 0)) return TimeSpan.Zero; // its start lies ahead
        return Time(length > 0 ? length : played, sampleRate);
    }

    /// <summary>How long the piece is; null for a stream without end, or when the sender does not know.</summary>
    /// <inheritdoc cref="Position"/>
    public TimeSpan? Duration(int sampleRate) => IsKnown && Length > 0 ? Time(Length, sampleRate) : null;

    /// <summary>The parameter as SET_PARAMETER carries it.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{ParameterName}: {Start}/{Now}/{End}");

    private long Length => Wraps ? unchecked((uint)(End - Start)) : End - Start;

    private static bool Fits(long time) => time is >= 0 and <= uint.MaxValue;

    private static TimeSpan Time(long frames, int sampleRate) => TimeSpan.FromTicks((long)((Int128)frames * TimeSpan.TicksPerSecond / sampleRate));

    private static bool TryParseTime(ReadOnlySpan<char> text, out long time)
    {
        text = text.Trim();
        int point = text.IndexOf('.');
        if (point >= 0) text = text[(point + 1)..].ContainsAnyExceptInRange('0', '9') ? [] : text[..point];
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out time) && Math.Abs((double)time) <= Largest;
    }
}
