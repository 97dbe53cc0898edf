using System.Buffers;

namespace Raop.Rtsp;

/// <summary>An answer.</summary>
/// <param name="StatusCode">100 to 999; 200 is success.</param>
/// <param name="Reason">For people; may be empty.</param>
/// <param name="Headers">Fields in order.</param>
/// <param name="Body">Content-Length bytes; may be empty.</param>
internal sealed record RtspResponse(int StatusCode, string Reason, RtspHeaders Headers, ReadOnlyMemory<byte> Body = default)
{
    /// <summary>RTSP/1.0, HTTP/1.0 or HTTP/1.1.</summary>
    public string Protocol { get; init; } = RtspProtocol.Rtsp10;

    /// <summary>The number of the request that this answers, as text, or null.</summary>
    public string? CSeq => Headers["CSeq"];

    /// <summary>An answer with the request's protocol and CSeq (none when it had none), and the status code's usual reason.</summary>
    public static RtspResponse To(RtspRequest request, int statusCode, ReadOnlyMemory<byte> body = default)
    {
        var headers = new RtspHeaders();
        if (request.CSeq is string cseq) headers.Add("CSeq", cseq);
        return new RtspResponse(statusCode, RtspStatus.Reason(statusCode), headers, body) { Protocol = request.Protocol };
    }

    /// <summary>Writes the message; Content-Length is put right, or added when there is a body.</summary>
    public void WriteTo(IBufferWriter<byte> output) => RtspWriter.Write(output, $"{Protocol} {StatusCode:D3} {Reason}", Headers, Body.Span);
}
