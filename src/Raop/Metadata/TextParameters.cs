using System.Text;

namespace Raop.Metadata;

/// <summary>Bodies of type text/parameters: lines of "name: value", or of names alone in GET_PARAMETER.</summary>
internal static class TextParameters
{
    /// <summary>Most parameters taken from one body; real ones have one to three.</summary>
    public const int MaxCount = 64;

    /// <summary>
    /// Names and values in order, blanks trimmed; a line without colon is a name with an empty value. Lines end in CRLF or LF, the last one
    /// with neither too (pyatv), and empty lines do not count (shairport-sync begins its answer with one).
    /// </summary>
    public static List<KeyValuePair<string, string>> Parse(ReadOnlySpan<byte> body)
    {
        var parameters = new List<KeyValuePair<string, string>>();
        foreach (ReadOnlySpan<char> line in Encoding.UTF8.GetString(body).AsSpan().EnumerateLines())
        {
            ReadOnlySpan<char> text = line.Trim();
            int colon = text.IndexOf(':');
            ReadOnlySpan<char> name = colon < 0 ? text : text[..colon].TrimEnd();
            if (name.IsEmpty) continue;
            parameters.Add(new(name.ToString(), colon < 0 ? "" : text[(colon + 1)..].TrimStart().ToString()));
            if (parameters.Count == MaxCount) break;
        }

        return parameters;
    }
}
