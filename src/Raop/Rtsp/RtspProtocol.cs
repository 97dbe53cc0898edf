namespace Raop.Rtsp;

/// <summary>Protocol names that share the RTSP port: some senders write POST /auth-setup as HTTP/1.1.</summary>
internal static class RtspProtocol
{
    public const string Rtsp10 = "RTSP/1.0", Http10 = "HTTP/1.0", Http11 = "HTTP/1.1";

    /// <summary>The protocol's own spelling, or null when it is none of ours.</summary>
    public static string? Find(ReadOnlySpan<char> text)
    {
        if (text.Equals(Rtsp10, StringComparison.OrdinalIgnoreCase)) return Rtsp10;
        if (text.Equals(Http11, StringComparison.OrdinalIgnoreCase)) return Http11;
        return text.Equals(Http10, StringComparison.OrdinalIgnoreCase) ? Http10 : null;
    }
}
