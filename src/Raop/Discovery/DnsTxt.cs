using System.Text;

namespace Raop.Discovery;

/// <summary>The strings of a TXT record (RFC 6763 section 6).</summary>
internal static class DnsTxt
{
    private const int MostKeys = 128;

    /// <summary>Keys in lower case; the first of two equal ones counts. A key without "=" has an empty value; a string without a key is left out.</summary>
    public static IReadOnlyDictionary<string, string> Parse(ReadOnlySpan<byte> strings)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        while (!strings.IsEmpty && values.Count < MostKeys)
        {
            int length = Math.Min(strings[0], strings.Length - 1);
            ReadOnlySpan<byte> one = strings.Slice(1, length);
            strings = strings[(length + 1)..];
            int equals = one.IndexOf((byte)'=');
            ReadOnlySpan<byte> key = equals < 0 ? one : one[..equals];
            if (key.IsEmpty || key.ContainsAnyExceptInRange((byte)0x20, (byte)0x7E)) continue;
            values.TryAdd(Encoding.ASCII.GetString(key).ToLowerInvariant(), equals < 0 ? "" : Encoding.UTF8.GetString(one[(equals + 1)..]));
        }

        return values;
    }

    /// <summary>Puts strings together; none at all is one empty string.</summary>
    /// <exception cref="ArgumentException">One is longer than 255 bytes.</exception>
    public static byte[] Write(IReadOnlyList<string> strings)
    {
        if (strings.Count == 0) return [0];
        var bytes = new List<byte>();
        foreach (string one in strings)
        {
            byte[] text = Encoding.UTF8.GetBytes(one);
            if (text.Length > byte.MaxValue) throw new ArgumentException("A string of a TXT record has 255 bytes at most.", nameof(strings));
            bytes.Add((byte)text.Length);
            bytes.AddRange(text);
        }

        return [.. bytes];
    }
}
