namespace Raop.Security;

/// <summary>Base64 as headers carry it: with padding or without, blanks anywhere.</summary>
internal static class Base64Text
{
    /// <summary>The bytes, or null when the text is no base64.</summary>
    public static byte[]? Decode(ReadOnlySpan<char> text)
    {
        string bare = text.ToString().Replace(" ", "", StringComparison.Ordinal).Replace("\t", "", StringComparison.Ordinal).TrimEnd('=');
        var bytes = new byte[(bare.Length + 3) / 4 * 3];
        return Convert.TryFromBase64String(bare.PadRight((bare.Length + 3) / 4 * 4, '='), bytes, out int written) ? bytes[..written] : null;
    }

    public static string Encode(ReadOnlySpan<byte> bytes, bool padded)
    {
        string text = Convert.ToBase64String(bytes);
        return padded ? text : text.TrimEnd('=');
    }
}
