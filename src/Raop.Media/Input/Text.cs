using System.Text;
using System.Text.Unicode;

namespace Raop.Media.Input;

/// <summary>Text of unstated encoding, as tags and radio stations send it.</summary>
internal static class Text
{
    /// <summary>The most bytes that are looked at: what is longer is cut when it is cleaned anyhow.</summary>
    private const int MaxBytes = 64 * 1024;

    /// <summary>UTF-8 if it is that, else Latin-1; up to the first zero byte.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)0);
        if (end >= 0) bytes = bytes[..end];
        if (bytes.Length > MaxBytes)
        {
            int cut = MaxBytes;
            while (cut > MaxBytes - 4 && (bytes[cut] & 0xC0) == 0x80) cut--; // not inside a character
            bytes = bytes[..cut];
        }

        return (Utf8.IsValid(bytes) ? Encoding.UTF8 : Encoding.Latin1).GetString(bytes);
    }
}
