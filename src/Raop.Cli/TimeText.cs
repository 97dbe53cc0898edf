using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Raop.Cli;

/// <summary>A place in a piece of music: <c>90</c>, <c>1:30</c>, <c>0:01:30.5</c>.</summary>
internal static class TimeText
{
    private const double LongestHours = 1000;

    public static bool TryParse(string text, out TimeSpan time, [NotNullWhen(false)] out string? problem)
    {
        time = default;
        problem = $"'{text}' is not a time: write seconds (90), 1:30 or 0:01:30.5.";
        string[] parts = text.Split(':');
        if (parts.Length > 3) return false;
        if (!double.TryParse(parts[^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds)) return false;
        double minutes = 0, hours = 0;
        if (parts.Length > 1 && !double.TryParse(parts[^2], NumberStyles.None, CultureInfo.InvariantCulture, out minutes)) return false;
        if (parts.Length > 2 && !double.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out hours)) return false;
        if ((parts.Length > 1 && seconds >= 60) || (parts.Length > 2 && minutes >= 60)) return false;
        double all = (hours * 3600) + (minutes * 60) + seconds;
        if (!(all <= LongestHours * 3600)) return false; // not a number neither
        time = TimeSpan.FromSeconds(all);
        problem = null;
        return true;
    }

    /// <summary>1:30, or 1:02:03 from an hour on.</summary>
    public static string Format(TimeSpan time)
    {
        long seconds = Math.Max(0, (long)time.TotalSeconds);
        return seconds >= 3600 ? $"{seconds / 3600}:{seconds / 60 % 60:00}:{seconds % 60:00}" : $"{seconds / 60}:{seconds % 60:00}";
    }
}
