using System.Net;
using System.Net.Sockets;

namespace Raop.Network;

/// <summary>An interface that multicast goes over.</summary>
/// <param name="Index">The system's number for it, also the scope of link-local addresses.</param>
/// <param name="Name">"eth0".</param>
/// <param name="Addresses">Its addresses with the length of their networks' prefixes, in no order; those of families that multicast cannot use are left out.</param>
internal sealed record MulticastLink(int Index, string Name, IReadOnlyList<LinkAddress> Addresses)
{
    /// <summary>Whether multicast of this family goes over it.</summary>
    public bool Has(AddressFamily family) => Addresses.Any(address => address.Address.AddressFamily == family);

    /// <summary>Whether an address is of one of its networks: others are not on this link (RFC 6762 section 11).</summary>
    public bool IsLocal(IPAddress address) => address.IsIPv6LinkLocal || Addresses.Any(own => own.HasNetworkOf(address));

    /// <summary>Same link, same addresses.</summary>
    public bool Equals(MulticastLink? other) =>
        other is not null && Index == other.Index && Name == other.Name && Addresses.Count == other.Addresses.Count && Addresses.All(other.Addresses.Contains);

    public override int GetHashCode() => HashCode.Combine(Index, Name);
}

/// <summary>An address of an interface.</summary>
/// <param name="Address">Without a scope.</param>
/// <param name="PrefixLength">Bits that all addresses of its network share.</param>
internal readonly record struct LinkAddress(IPAddress Address, int PrefixLength)
{
    public bool HasNetworkOf(IPAddress address)
    {
        if (address.AddressFamily != Address.AddressFamily) return false;
        Span<byte> own = stackalloc byte[16], other = stackalloc byte[16];
        if (!Address.TryWriteBytes(own, out int length) || !address.TryWriteBytes(other, out _)) return false;
        int bits = Math.Clamp(PrefixLength, 0, length * 8), whole = bits / 8;
        if (!own[..whole].SequenceEqual(other[..whole])) return false;
        return bits % 8 == 0 || ((own[whole] ^ other[whole]) >> (8 - (bits % 8))) == 0;
    }
}
