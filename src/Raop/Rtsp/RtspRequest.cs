using System.Buffers;

namespace Raop.Rtsp;

/// <summary>A request.</summary>
/// <param name="Method">ANNOUNCE, SETUP and so on; methods have case.</param>
/// <param name="Uri">The text of the request line, verbatim: Digest needs it so, and iTunes writes IPv6 without brackets.</param>
/// <param name="Headers">Fields in order.</param>
/// <param name="Body">Content-Length bytes; may be empty.</param>
internal sealed record RtspRequest(string Method, string Uri, RtspHeaders Headers, ReadOnlyMemory<byte> Body = default)
{
    /// <summary>RTSP/1.0, HTTP/1.0 or HTTP/1.1; the answer bears the same.</summary>
    public string Protocol { get; init; } = RtspProtocol.Rtsp10;

    /// <summary>Whether there was a body that was too large to be kept: <see cref="Body"/> is empty then, and 413 the answer.</summary>
    public bool IsBodyDropped { get; init; }

    /// <summary>The number that pairs the answer with the request, as text, or null.</summary>
    public string? CSeq => Headers["CSeq"];

    /// <summary>Writes the message; Content-Length is put right, or added when there is a body.</summary>
    public void WriteTo(IBufferWriter<byte> output) => RtspWriter.Write(output, $"{Method} {Uri} {Protocol}", Headers, Body.Span);
}
