using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Raop.Audio;

namespace Raop.Cli;

/// <summary>The format of PCM without a header: <c>44100:16:2</c>.</summary>
internal static class RawFormatText
{
    /// <summary>The option that states it.</summary>
    public static Option<PcmFormat?> Option() => new("--raw-format")
    {
        HelpName = "RATE:BITS:CHANNELS", Description = "Format of PCM without a header (standard input, .raw, .pcm), as in 44100:16:2",
        CustomParser = static result => Parsed.Value<PcmFormat>(result, TryParse),
    };

    public static bool TryParse(string text, out PcmFormat format, [NotNullWhen(false)] out string? problem)
    {
        format = default;
        problem = null;
        string[] parts = text.Split(':');
        if (parts.Length != 3 || !IsNumber(parts[0], out int rate) || !IsNumber(parts[1], out int bits) || !IsNumber(parts[2], out int channels))
            problem = $"'{text}' is not a format: write RATE:BITS:CHANNELS, as in 44100:16:2.";
        else if (rate is < 1000 or > 768_000) problem = $"'{text}': the rate must be 1000 to 768000.";
        else if (bits is not (16 or 24 or 32)) problem = $"'{text}': the bits must be 16, 24 or 32.";
        else if (channels is not (1 or 2)) problem = $"'{text}': the channels must be 1 or 2.";
        else format = new PcmFormat(rate, bits, channels);
        return problem is null;
    }

    private static bool IsNumber(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
