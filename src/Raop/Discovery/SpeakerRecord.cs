using System.Globalization;
using Raop.Metadata;

namespace Raop.Discovery;

/// <summary>Reads the values of a _raop._tcp TXT record; odd ones count as absent.</summary>
internal static class SpeakerRecord
{
    private const int MostNumbers = 16;

    /// <summary>tp: absent means TCP alone in a record, and anything where there is no record.</summary>
    public static IReadOnlyList<RaopTransport> Transports(IReadOnlyDictionary<string, string>? txt)
    {
        if (txt is null || txt.Count == 0) return [RaopTransport.Udp, RaopTransport.Tcp];
        if (!txt.TryGetValue("tp", out string? said)) return [RaopTransport.Tcp];
        bool udp = said.Contains("UDP", StringComparison.OrdinalIgnoreCase), tcp = said.Contains("TCP", StringComparison.OrdinalIgnoreCase);
        return (udp, tcp) switch
        {
            (true, true) => [RaopTransport.Udp, RaopTransport.Tcp],
            (true, false) => [RaopTransport.Udp],
            _ => [RaopTransport.Tcp],
        };
    }

    /// <summary>A comma list of small numbers; what is no number is left out.</summary>
    public static IReadOnlyList<int> Numbers(string? text, int[] absent)
    {
        if (text is null) return absent;
        var numbers = new List<int>();
        foreach (string part in text.Split(',', MostNumbers + 1))
        {
            if (numbers.Count < MostNumbers && byte.TryParse(part.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out byte number)) numbers.Add(number);
        }

        return numbers.Count == 0 ? absent : numbers;
    }

    /// <summary>md.</summary>
    public static MetadataKinds Kinds(string? text)
    {
        MetadataKinds kinds = MetadataKinds.None;
        foreach (int number in Numbers(text, []))
        {
            kinds |= number switch
            {
                0 => MetadataKinds.Text,
                1 => MetadataKinds.Artwork,
                2 => MetadataKinds.Progress,
                _ => MetadataKinds.None,
            };
        }

        return kinds;
    }

    /// <summary>pw: true or 1.</summary>
    public static bool IsTrue(string? text) => text is "1" || string.Equals(text, "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>"0x44" or "44", 0 for anything else.</summary>
    public static ulong Hex(string? text)
    {
        ReadOnlySpan<char> digits = text.AsSpan().Trim();
        if (digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase)) digits = digits[2..];
        return ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong value) ? value : 0;
    }

    /// <summary>ft: one number of up to 64 bits, or the low and the high half, "0x5A7FFFF7,0x1E".</summary>
    public static ulong Features(string? text)
    {
        string[] halves = text?.Split(',', 2) ?? [];
        return halves.Length == 2 ? (Hex(halves[0]) & uint.MaxValue) | (Hex(halves[1]) << 32) : Hex(text);
    }
}
