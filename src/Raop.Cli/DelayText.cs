using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Raop.Cli;

/// <summary>How much later a speaker is to be heard: <c>20ms</c>, <c>+20</c>, <c>-15ms</c>, <c>0.02s</c>.</summary>
internal static class DelayText
{
    public static bool TryParse(string text, out TimeSpan delay, [NotNullWhen(false)] out string? problem)
    {
        delay = default;
        string number = text.Trim();
        bool isMilliseconds = number.EndsWith("ms", StringComparison.OrdinalIgnoreCase), isSeconds = !isMilliseconds && number.EndsWith('s');
        number = isMilliseconds ? number[..^2].TrimEnd() : isSeconds ? number[..^1].TrimEnd() : number;
        const NumberStyles style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
        problem = $"'{text}' is not a delay: write -500ms to +500ms, as in +20ms.";
        if (!double.TryParse(number, style, CultureInfo.InvariantCulture, out double value) || !double.IsFinite(value)) return false;
        double milliseconds = isSeconds ? value * 1000 : value;
        if (Math.Abs(milliseconds) > RaopMemberOptions.MostDelay.TotalMilliseconds) return false;
        delay = TimeSpan.FromMilliseconds(milliseconds);
        problem = null;
        return true;
    }
}
