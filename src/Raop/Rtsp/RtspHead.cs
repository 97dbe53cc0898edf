using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Raop.Rtsp;

/// <summary>The parsed start line and headers of a message; of a request the first two are set, of an answer the next two.</summary>
internal sealed record RtspHead(string Method, string Uri, int StatusCode, string Reason, string Protocol, RtspHeaders Headers)
{
    /// <summary>Parses lines that end in LF. Without a head the status tells what to answer, the text why.</summary>
    public static (RtspHead? Head, int Status, string Why) ParseRequest(ReadOnlySpan<byte> lines)
    {
        string text = Decode(lines);
        ReadOnlySpan<char> rest = text;
        ReadOnlySpan<char> start = TakeLine(ref rest);
        int first = start.IndexOfAny(' ', '\t'), last = start.LastIndexOfAny(' ', '\t');
        if (first <= 0 || first == last) return (null, RtspStatus.BadRequest, $"'{Shorten(start)}' is no RTSP request line.");

        ReadOnlySpan<char> uri = start[first..last].Trim(); // node-airtunes2 writes none into TEARDOWN
        if (uri.ContainsAny(' ', '\t') || !RtspHeaders.IsName(start[..first])) return (null, RtspStatus.BadRequest, $"'{Shorten(start)}' is no RTSP request line.");
        ReadOnlySpan<char> version = start[(last + 1)..];
        if (RtspProtocol.Find(version) is not string protocol)
        {
            bool known = version.StartsWith("RTSP/", StringComparison.OrdinalIgnoreCase) || version.StartsWith("HTTP/", StringComparison.OrdinalIgnoreCase);
            return (null, known ? RtspStatus.VersionNotSupported : RtspStatus.BadRequest, $"'{Shorten(version)}' is no version of RTSP known here.");
        }

        if (ParseHeaders(rest, out string why) is not RtspHeaders headers) return (null, RtspStatus.BadRequest, why);
        if (headers["Transfer-Encoding"] is string coding && !coding.Trim().Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            return (null, RtspStatus.NotImplemented, "Transfer-Encoding is not part of RTSP.");
        }

        return (new RtspHead(start[..first].ToString(), uri.ToString(), 0, "", protocol, headers), 0, "");
    }

    /// <summary>Parses lines that end in LF. The status is of no use to whoever reads answers.</summary>
    public static (RtspHead? Head, int Status, string Why) ParseResponse(ReadOnlySpan<byte> lines)
    {
        string text = Decode(lines);
        ReadOnlySpan<char> rest = text;
        ReadOnlySpan<char> start = TakeLine(ref rest);
        int blank = start.IndexOfAny(' ', '\t');
        if (blank < 0 || RtspProtocol.Find(start[..blank]) is not string protocol)
        {
            return (null, RtspStatus.BadRequest, $"'{Shorten(start)}' is no RTSP status line.");
        }

        ReadOnlySpan<char> code = start[blank..].Trim();
        ReadOnlySpan<char> reason = code.Length > 3 ? code[3..] : default;
        bool separated = reason.IsEmpty || reason[0] is ' ' or '\t';
        if (code.Length < 3 || !separated || !int.TryParse(code[..3], NumberStyles.None, CultureInfo.InvariantCulture, out int status) || status < 100)
        {
            return (null, RtspStatus.BadRequest, $"'{Shorten(start)}' has no status code.");
        }

        if (ParseHeaders(rest, out string why) is not RtspHeaders headers) return (null, RtspStatus.BadRequest, why);
        return (new RtspHead("", "", status, reason.Trim().ToString(), protocol, headers), 0, "");
    }

    private static RtspHeaders? ParseHeaders(ReadOnlySpan<char> rest, out string why)
    {
        why = "";
        var headers = new RtspHeaders();
        while (!rest.IsEmpty)
        {
            ReadOnlySpan<char> line = TakeLine(ref rest);
            int colon = line.IndexOf(':');
            ReadOnlySpan<char> name = colon < 0 ? default : line[..colon].TrimEnd(" \t");
            if (!RtspHeaders.IsName(name))
            {
                why = $"'{Shorten(line)}' is no header.";
                return null;
            }

            string value = line[(colon + 1)..].Trim(" \t").ToString();
            headers.Add(name.ToString(), IsFolded(rest) ? Unfold(value, ref rest) : value);
        }

        return headers;
    }

    private static bool IsFolded(ReadOnlySpan<char> rest) => !rest.IsEmpty && rest[0] is ' ' or '\t';

    private static string Unfold(string value, ref ReadOnlySpan<char> rest)
    {
        var whole = new StringBuilder(value);
        while (IsFolded(rest))
        {
            ReadOnlySpan<char> more = TakeLine(ref rest).Trim(" \t");
            if (whole.Length > 0 && !more.IsEmpty) whole.Append(' ');
            whole.Append(more);
        }

        return whole.ToString();
    }

    private static ReadOnlySpan<char> TakeLine(ref ReadOnlySpan<char> rest)
    {
        int end = rest.IndexOf('\n');
        ReadOnlySpan<char> line = rest[..end];
        rest = rest[(end + 1)..];
        return line;
    }

    // Device names are UTF-8; what is not is kept byte for byte as Latin-1 rather than refused.
    private static string Decode(ReadOnlySpan<byte> lines) => (Utf8.IsValid(lines) ? Encoding.UTF8 : Encoding.Latin1).GetString(lines);

    private static string Shorten(ReadOnlySpan<char> text) => text.Length <= 60 ? text.ToString() : string.Concat(text[..60], "…");
}
