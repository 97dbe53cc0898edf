using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Raop.Metadata;

/// <summary>AirPlay volume: 0 is full, -30 the softest, -144 mute. The protocol calls it dB; receivers map it to what they have.</summary>
internal static class Volume
{
    public const double Full = 0, Softest = -30, Mute = -144;

    /// <summary>What a software volume spans: 16 bits, 96.3 dB.</summary>
    public const double SoftwareRangeDb = 96.3;

    /// <summary>
    /// Reads "volume: -11.123877" or the number alone. Above 0 is 0, -144 and below is mute, between -144 and -30 is -30 (the softest).
    /// False when it is no number, or has another name.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out double db)
    {
        db = 0;
        int colon = text.IndexOf(':');
        if (colon >= 0 && !text[..colon].Trim().Equals("volume", StringComparison.OrdinalIgnoreCase)) return false;
        const NumberStyles style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
        ReadOnlySpan<char> number = text[(colon + 1)..].Trim();
        if (number.IsEmpty || !char.IsAsciiDigit(number[^1]) || !double.TryParse(number, style, CultureInfo.InvariantCulture, out double value)) return false;
        db = Clamp(value);
        return true;
    }

    /// <summary>A volume that may be sent: -30 to 0, or -144.</summary>
    public static double Clamp(double db) => db <= Mute ? Mute : Math.Clamp(db, Softest, Full);

    /// <summary>The volume, if it is a number at all.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is NaN.</exception>
    public static double Number(double db, [CallerArgumentExpression(nameof(db))] string? name = null) =>
        double.IsNaN(db) ? throw new ArgumentOutOfRangeException(name, db, "A volume is a number.") : db;

    /// <summary>The number as senders write it: six decimals, a point in every locale, -144.000000 for mute.</summary>
    public static string Format(double db)
    {
        // -0.0000001 would print as -0.000000
        double rounded = Math.Round(Clamp(db), 6) + 0.0;
        return rounded.ToString("F6", CultureInfo.InvariantCulture);
    }

    /// <summary>The body of SET_PARAMETER, and of the answer to GET_PARAMETER.</summary>
    public static byte[] Body(double db) => Encoding.ASCII.GetBytes($"volume: {Format(db)}\r\n");

    /// <summary>A slider's position to volume: 100 is 0, the rest linear down to -30, 0 is mute.</summary>
    /// <param name="percent">0 to 100; what is outside counts as the nearer end.</param>
    public static double FromPercent(double percent) => percent > 0 ? Clamp(Softest + (0.3 * Math.Min(percent, 100))) : Mute;

    /// <summary>Volume to a slider's position, 0 to 100. Both mute and -30 are 0.</summary>
    public static double ToPercent(double db) => Math.Clamp((db - Softest) / 0.3, 0, 100);

    /// <summary>The gain that a receiver applies, in dB; negative infinity for mute.</summary>
    /// <param name="airplayVolume">-30 to 0, or -144.</param>
    /// <param name="profile">The curve.</param>
    /// <param name="rangeDb">Decibels between full and softest, positive; <see cref="VolumeProfile.DecibelAsIs"/> has no use for it.</param>
    /// <remarks>Formulas of shairport-sync's profiles; a table computed from its code is among the test vectors.</remarks>
    public static double ToGainDb(double airplayVolume, VolumeProfile profile, double rangeDb = SoftwareRangeDb)
    {
        double v = Clamp(airplayVolume);
        if (v <= Mute) return double.NegativeInfinity;
        double flat = rangeDb * v / 30;
        return profile switch
        {
            VolumeProfile.Standard => Math.Min(
                flat / 2, Math.Min(v <= -5 ? rangeDb * 0.75 * (v + 5) / 25 : 0, v <= -17 ? rangeDb * (v + 17) / 13 : 0)),
            VolumeProfile.Flat => flat,
            VolumeProfile.DaslTapered => v <= Softest ? -rangeDb : Math.Max(flat, 10 * Math.Log2(1 + (v / 30))),
            _ => v,
        };
    }

    /// <summary>The factor that a gain in dB stands for: 1 at 0 dB, 0 at negative infinity.</summary>
    public static double ToFactor(double gainDb) => Math.Pow(10, gainDb / 20);
}
