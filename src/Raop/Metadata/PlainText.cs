using System.Text;

namespace Raop.Metadata;

/// <summary>Text of strangers, made safe to print: no escape moves a cursor, no line end begins a line of a log.</summary>
internal static class PlainText
{
    /// <summary>The text with a blank for each control character, cut between two characters.</summary>
    /// <param name="text">Anyone's.</param>
    /// <param name="most">The longest that is wanted, in UTF-16 units.</param>
    public static string Of(string text, int most = int.MaxValue)
    {
        if (text.Length <= most && !text.Any(char.IsControl)) return text;
        var plain = new StringBuilder();
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (plain.Length + rune.Utf16SequenceLength > most) break;
            plain.Append(Rune.IsControl(rune) ? " " : rune.ToString());
        }

        return plain.ToString();
    }
}
