using System.Text;

namespace Raop.Security;

/// <summary>Cuts WWW-Authenticate and Authorization into schemes and their parameters (RFC 2617 section 1.2), quoted or not.</summary>
internal static class AuthParameters
{
    private const int MaxParameters = 64;

    /// <summary>Every scheme of a header in order. Names of parameters compare without case; of repeated ones the first counts.</summary>
    public static List<(string Scheme, Dictionary<string, string> Parameters)> Parse(string header)
    {
        var schemes = new List<(string Scheme, Dictionary<string, string> Parameters)>();
        ReadOnlySpan<char> rest = header;
        int count = 0;
        while (!(rest = rest.TrimStart(" \t,")).IsEmpty && count++ < MaxParameters)
        {
            int end = rest.IndexOfAny(" \t,=");
            string token = (end < 0 ? rest : rest[..end]).ToString();
            rest = end < 0 ? default : rest[end..].TrimStart(" \t");
            if (rest.IsEmpty || rest[0] != '=')
            {
                schemes.Add((token, new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)));
                continue;
            }

            rest = rest[1..].TrimStart(" \t");
            string value = rest.StartsWith("\"") ? TakeQuoted(ref rest) : TakeToken(ref rest);
            if (schemes.Count > 0) schemes[^1].Parameters.TryAdd(token, value);
        }

        return schemes;
    }

    /// <summary>A value in quotes, with the backslashes that it needs.</summary>
    public static string Quote(string value) =>
        $"\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    private static string TakeToken(ref ReadOnlySpan<char> rest)
    {
        int end = rest.IndexOfAny(" \t,");
        string value = (end < 0 ? rest : rest[..end]).ToString();
        rest = end < 0 ? default : rest[end..];
        return value;
    }

    // A quote that never closes takes the rest: the digest decides anyway.
    private static string TakeQuoted(ref ReadOnlySpan<char> rest)
    {
        var value = new StringBuilder();
        int i = 1;
        for (; i < rest.Length && rest[i] != '"'; i++)
        {
            if (rest[i] == '\\' && i + 1 < rest.Length) i++;
            value.Append(rest[i]);
        }

        rest = rest[Math.Min(i + 1, rest.Length)..];
        return value.ToString();
    }
}
