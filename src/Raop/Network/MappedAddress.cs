using System.Net;
using System.Net.Sockets;

namespace Raop.Network;

/// <summary>IPv4 addresses inside IPv6 ones, ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2), without an allocation.</summary>
/// <remarks>
/// sockaddr_in is family, port, IPv4 address; sockaddr_in6 is family, port, flow, IPv6 address, scope, everywhere; how the family
/// is written differs, so a SocketAddress is made once for each and only the rest is copied.
/// </remarks>
internal static class MappedAddress
{
    private const int Port = 2, PortLength = 2, V4Address = 4, V4Length = 4, V6Address = 8, V6Size = 28;
    private static ReadOnlySpan<byte> Prefix => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF];

    /// <summary>Writes an IPv4 address into <paramref name="v6"/>, which is made for IPv6, and returns that.</summary>
    public static SocketAddress Map(SocketAddress v4, SocketAddress v6)
    {
        Span<byte> to = v6.Buffer.Span[..V6Size];
        ReadOnlySpan<byte> from = v4.Buffer.Span;
        to[Port..].Clear();
        from.Slice(Port, PortLength).CopyTo(to[Port..]);
        Prefix.CopyTo(to[V6Address..]);
        from.Slice(V4Address, V4Length).CopyTo(to[(V6Address + Prefix.Length)..]);
        return v6;
    }

    /// <summary>Takes the IPv4 address out of <paramref name="v6"/> into <paramref name="v4"/>, which is made for IPv4; false if there is none.</summary>
    public static bool TryUnmap(SocketAddress v6, SocketAddress v4)
    {
        ReadOnlySpan<byte> from = v6.Buffer.Span;
        if (!from.Slice(V6Address, Prefix.Length).SequenceEqual(Prefix)) return false;
        Span<byte> to = v4.Buffer.Span;
        from.Slice(Port, PortLength).CopyTo(to[Port..]);
        from.Slice(V6Address + Prefix.Length, V4Length).CopyTo(to[V4Address..]);
        return true;
    }
}
