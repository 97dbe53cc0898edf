using System.Globalization;
using System.Text;
using Spectre.Console.Rendering;

namespace Raop.Cli;

/// <summary>Text of strangers (tags, headers, station names) made safe for a terminal.</summary>
internal static class Printable
{
    /// <summary>Control and formatting characters become blanks: no title moves the cursor or turns the line around.</summary>
    public static string Clean(string text)
    {
        bool isClean = true;
        var clean = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            isClean &= !IsUnsafe(rune);
            clean.Append(IsUnsafe(rune) ? " " : rune.ToString());
        }

        return isClean ? clean.ToString() : clean.ToString().Trim();
    }

    /// <summary>Columns that a text takes on a terminal: a Chinese letter takes two.</summary>
    public static int Cells(string text) => new Segment(text).CellCount();

    /// <summary>An enumeration's name as codes are written: <c>NotRaopReceiver</c> is <c>not-raop-receiver</c>.</summary>
    public static string Kebab(Enum value)
    {
        var kebab = new StringBuilder();
        foreach (char c in value.ToString())
        {
            if (char.IsAsciiLetterUpper(c) && kebab.Length > 0) kebab.Append('-');
            kebab.Append(char.ToLowerInvariant(c));
        }

        return kebab.ToString();
    }

    private static bool IsUnsafe(Rune rune) =>
        Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
