using System.Net;
using System.Net.Sockets;

namespace Raop.Network;

/// <summary>Tells a peer's datagrams from others', by the address and whatever the port, without allocation.</summary>
internal readonly struct PeerAddress(IPAddress address)
{
    private readonly byte[] _bytes = (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).GetAddressBytes();

    /// <summary>Whether a datagram from there is the peer's.</summary>
    public bool Is(SocketAddress from)
    {
        int at = from.Family == AddressFamily.InterNetwork ? 4 : 8; // sockaddr_in: family, port, address; sockaddr_in6 has the flow in between
        return from.Size >= at + _bytes.Length && (_bytes.Length == 4) == (from.Family == AddressFamily.InterNetwork)
            && from.Buffer.Span.Slice(at, _bytes.Length).SequenceEqual(_bytes);
    }
}
