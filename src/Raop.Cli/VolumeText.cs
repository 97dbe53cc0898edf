using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Raop.Cli;

/// <summary>Volume as users write it: <c>50%</c> or <c>50</c>, <c>-12dB</c> or <c>-12</c>, <c>mute</c>.</summary>
internal static class VolumeText
{
    /// <param name="text">What the user wrote.</param>
    /// <param name="db">AirPlay volume: 0 loudest, −30 softest, −144 muted.</param>
    /// <param name="problem">When it is none, a sentence for the user.</param>
    public static bool TryParse(string text, out double db, [NotNullWhen(false)] out string? problem)
    {
        problem = null;
        db = RaopVolume.Mute;
        string number = text.Trim();
        if (number.Equals("mute", StringComparison.OrdinalIgnoreCase)) return true;
        bool isDb = number.EndsWith("dB", StringComparison.OrdinalIgnoreCase), isPercent = number.EndsWith('%');
        number = isDb ? number[..^2].TrimEnd() : isPercent ? number[..^1].TrimEnd() : number;
        const NumberStyles style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
        if (!double.TryParse(number, style, CultureInfo.InvariantCulture, out double value) || !double.IsFinite(value))
        {
            problem = $"'{text}' is not a volume: write 0 to 100 (percent), -30dB to 0dB, or mute.";
        }
        else if (isDb || (!isPercent && number.StartsWith('-')))
        {
            if (value is < RaopVolume.Softest or > RaopVolume.Full) problem = $"'{text}' is out of range: -30dB is the softest, 0dB the loudest, mute is silence.";
            db = value + 0.0; // no -0
        }
        else
        {
            if (value is < 0 or > 100) problem = $"'{text}' is out of range: percent go from 0 to 100.";
            db = RaopVolume.FromPercent(value);
        }

        return problem is null;
    }
}
