using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Raop.Cli;

/// <summary>When the first sound is to be heard: <c>+5</c> s from now, <c>20:15</c>, <c>20:15:00</c>, or an ISO instant.</summary>
internal static class StartAtText
{
    private const double LongestWait = 7 * 24 * 3600; // s
    private static readonly string[] Clocks = ["H:mm", "H:mm:ss", "H:mm:ss.FFF"];
    private static readonly string[] Instants = ["yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    /// <param name="text">What the user wrote.</param>
    /// <param name="time">The clock; its zone is that of times without one.</param>
    /// <param name="instant">When. A time of day is the nearest one, which may be over.</param>
    /// <param name="problem">When it is no time, a sentence for the user.</param>
    public static bool TryParse(string text, TimeProvider time, out DateTimeOffset instant, [NotNullWhen(false)] out string? problem)
    {
        problem = null;
        CultureInfo culture = CultureInfo.InvariantCulture;
        instant = time.GetLocalNow();
        if (text.StartsWith('+') && double.TryParse(text[1..], NumberStyles.AllowDecimalPoint, culture, out double seconds) && seconds <= LongestWait)
        {
            instant += TimeSpan.FromSeconds(seconds);
            return true;
        }

        if (TimeOnly.TryParseExact(text, Clocks, culture, DateTimeStyles.None, out TimeOnly clock))
        {
            DateTimeOffset now = instant;
            instant = Enumerable.Range(-1, 3).Select(day => Local(now.Date.AddDays(day) + clock.ToTimeSpan(), time)).MinBy(one => (one - now).Duration());
            return true;
        }

        if (DateTime.TryParseExact(text, Instants, culture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AllowWhiteSpaces, out DateTime date))
        {
            instant = date.Kind == DateTimeKind.Utc ? new DateTimeOffset(date) : Local(date, time);
            return true;
        }

        problem = $"'{text}' is not a time to begin at: write +5 (seconds from now), 20:15:00, or 2026-01-31T20:15:00Z.";
        return false;
    }

    /// <summary>Refuses what cannot be kept.</summary>
    /// <exception cref="UsageException">It is too early, or too far away.</exception>
    public static void Check(DateTimeOffset instant, TimeSpan latency, TimeProvider time)
    {
        if ((instant - time.GetUtcNow()).TotalSeconds > LongestWait) throw new UsageException("--start-at is more than 7 days away.", "Begin on that day, with --start-at and the time.");
        if (instant - time.GetUtcNow() >= latency) return;
        string heard = TimeZoneInfo.ConvertTime(instant, time.LocalTimeZone).ToString("HH:mm:ss.FFF", CultureInfo.InvariantCulture);
        throw new UsageException(
            string.Create(CultureInfo.InvariantCulture, $"--start-at {heard} is too early: what is sent is heard {latency.TotalSeconds:0.##} s later, and speakers have to be connected before."),
            string.Create(CultureInfo.InvariantCulture, $"--start-at +{Math.Ceiling(latency.TotalSeconds) + 3:0}, or less with a smaller --latency"));
    }

    private static DateTimeOffset Local(DateTime date, TimeProvider time)
    {
        date = DateTime.SpecifyKind(date, DateTimeKind.Unspecified);
        return new DateTimeOffset(date, time.LocalTimeZone.GetUtcOffset(date));
    }
}
