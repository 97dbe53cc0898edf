using System.Buffers;
using System.Globalization;
using System.Text;

namespace Raop.Rtsp;

/// <summary>Writes messages: CRLF, one blank after the colon, no folding (VLC and shairport-sync look for exactly ": ").</summary>
internal static class RtspWriter
{
    public static void Write(IBufferWriter<byte> output, string startLine, RtspHeaders headers, ReadOnlySpan<byte> body)
    {
        if (startLine.AsSpan().ContainsAny('\r', '\n', '\0')) throw new ArgumentException("A line break in the start line.", nameof(startLine));

        string length = body.Length.ToString(CultureInfo.InvariantCulture);
        bool lengthWritten = false;
        var head = new StringBuilder(256).Append(startLine).Append("\r\n");
        foreach ((string name, string value) in headers)
        {
            bool isLength = name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase);
            if (isLength && lengthWritten) continue;
            head.Append(name).Append(": ").Append(isLength ? length : value).Append("\r\n");
            lengthWritten |= isLength;
        }

        if (!lengthWritten && !body.IsEmpty) head.Append("Content-Length: ").Append(length).Append("\r\n");
        Encoding.UTF8.GetBytes(head.Append("\r\n").ToString(), output);
        output.Write(body);
    }
}
