using System.Text;

namespace Raop.Media.Input.Tags;

/// <summary>Texts in ID3v2 frames: one byte says how they are encoded, zeros part them.</summary>
/// <remarks>ID3v2.4 structure, section 4. Encoding 0 is Latin-1, but many programs have put UTF-8 there: <see cref="Text.Decode"/> sees which.</remarks>
internal static class Id3Text
{
    private const int MaxValues = 64;
    private const byte Utf16WithMark = 1, Utf16BigEndian = 2, Utf8 = 3;

    /// <summary>Whether characters have two bytes.</summary>
    public static bool IsWide(byte encoding) => encoding is Utf16WithMark or Utf16BigEndian;

    /// <summary>The texts of a text frame; one in most.</summary>
    /// <param name="frame">The frame's content, the encoding first.</param>
    public static List<string> Values(ReadOnlySpan<byte> frame)
    {
        var values = new List<string>();
        if (frame.Length < 2 || frame[0] > Utf8) return values;
        byte encoding = frame[0];
        bool isBigEndian = encoding == Utf16BigEndian;
        ReadOnlySpan<byte> rest = frame[1..];
        while (!rest.IsEmpty && values.Count < MaxValues)
        {
            ReadOnlySpan<byte> text = TakeText(ref rest, IsWide(encoding));
            values.Add(IsWide(encoding) ? DecodeWide(text, ref isBigEndian) : Text.Decode(text));
        }

        return values;
    }

    /// <summary>The bytes up to the zero, one or two bytes wide, which is passed over, or all there are.</summary>
    public static ReadOnlySpan<byte> TakeText(ref ReadOnlySpan<byte> rest, bool isWide)
    {
        int end = 0, width = isWide ? 2 : 1;
        if (isWide)
        {
            while (end + 1 < rest.Length && (rest[end] | rest[end + 1]) != 0) end += 2;
        }
        else
        {
            end = rest.IndexOf((byte)0);
            if (end < 0) end = rest.Length;
        }

        ReadOnlySpan<byte> text = rest[..end];
        rest = rest[Math.Min(rest.Length, end + width)..];
        return text;
    }

    /// <summary>The mark FF FE or FE FF says the order, for later texts of the frame too; some programs leave it out and mean FF FE.</summary>
    private static string DecodeWide(ReadOnlySpan<byte> text, ref bool isBigEndian)
    {
        if (text.Length >= 2 && text[0] + text[1] == 0xFF + 0xFE && Math.Max(text[0], text[1]) == 0xFF)
        {
            isBigEndian = text[0] == 0xFE;
            text = text[2..];
        }

        text = text[..Math.Min(text.Length, 4 * MediaTags.MaxLength)];
        return (isBigEndian ? Encoding.BigEndianUnicode : Encoding.Unicode).GetString(text);
    }
}
