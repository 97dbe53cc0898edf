using System.Net;
using System.Net.Sockets;

namespace Raop.Rtsp;

/// <summary>Request URIs as text: peers write IPv6 hosts with and without brackets, so no strict URI class may see them.</summary>
internal static class RtspUri
{
    /// <summary>The URI of a session: rtsp://, the sender's own address (IPv6 in brackets, without scope), and the session number.</summary>
    public static string Session(IPAddress local, string sessionId) => $"rtsp://{Host(local)}/{sessionId}";

    /// <summary>What follows the last slash of the path: the session number. Empty without a path; "*" for "*".</summary>
    public static string LastSegment(string uri)
    {
        ReadOnlySpan<char> path = PathOf(uri).TrimEnd('/');
        return path[(path.LastIndexOf('/') + 1)..].ToString();
    }

    /// <summary>The path with its leading slash, of "/feedback" as of "rtsp://host/feedback"; "/" when there is none; "*" for "*".</summary>
    public static string Path(string uri)
    {
        ReadOnlySpan<char> path = PathOf(uri);
        return path.IsEmpty ? "/" : path.ToString();
    }

    private static ReadOnlySpan<char> PathOf(ReadOnlySpan<char> uri)
    {
        int query = uri.IndexOfAny('?', '#');
        if (query >= 0) uri = uri[..query];
        int scheme = uri.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0) return uri;
        ReadOnlySpan<char> host = uri[(scheme + 3)..];
        int slash = host.IndexOf('/');
        return slash < 0 ? default : host[slash..];
    }

    private static string Host(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address.ToString();
        return $"[{new IPAddress(address.GetAddressBytes())}]"; // made anew without the scope, which means nothing elsewhere
    }
}
