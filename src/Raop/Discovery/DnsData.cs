using System.Net;
using System.Net.Sockets;

namespace Raop.Discovery;

/// <summary>What a record says of its name.</summary>
internal abstract record DnsData
{
    /// <summary>Room for a name and what stands beside it, bytes.</summary>
    private const int SmallSize = DnsName.MaxLength + 64;

    /// <summary>Uncompressed, as it is compared in a tie (RFC 6762 section 8.2).</summary>
    public byte[] ToBytes()
    {
        var writer = new DnsWriter(this is DnsText or DnsRaw ? DnsMessage.MaxSize : SmallSize, compresses: false);
        return writer.Bytes(this);
    }
}

/// <summary>A and AAAA. The address has no scope: a link-local one belongs to the link that the record came over.</summary>
internal sealed record DnsAddress(IPAddress Address) : DnsData
{
    public DnsType Type => Address.AddressFamily == AddressFamily.InterNetwork ? DnsType.A : DnsType.Aaaa;
}

/// <summary>PTR.</summary>
internal sealed record DnsPointer(DnsName Target) : DnsData;

/// <summary>SRV (RFC 2782).</summary>
internal sealed record DnsService(DnsName Target, int Port, int Priority = 0, int Weight = 0) : DnsData;

/// <summary>TXT: the strings with their length bytes.</summary>
internal sealed record DnsText(ReadOnlyMemory<byte> Strings) : DnsData
{
    /// <summary>The strings "key=value" (RFC 6763 section 6).</summary>
    public IReadOnlyDictionary<string, string> Values => field ??= DnsTxt.Parse(Strings.Span);

    public bool Equals(DnsText? other) => other is not null && Strings.Span.SequenceEqual(other.Strings.Span);

    public override int GetHashCode() => Hash(Strings.Span);

    internal static int Hash(ReadOnlySpan<byte> bytes)
    {
        var hash = new HashCode();
        hash.AddBytes(bytes);
        return hash.ToHashCode();
    }
}

/// <summary>NSEC: the types below 256 that the name has; it has no others (RFC 6762 section 6.1).</summary>
internal sealed record DnsNsec(DnsName Next, IReadOnlyList<DnsType> Types) : DnsData
{
    public bool Equals(DnsNsec? other) => other is not null && Next == other.Next && Types.SequenceEqual(other.Types);

    public override int GetHashCode() => HashCode.Combine(Next, Types.Count);
}

/// <summary>A type that is not looked into.</summary>
internal sealed record DnsRaw(ReadOnlyMemory<byte> Bytes) : DnsData
{
    public bool Equals(DnsRaw? other) => other is not null && Bytes.Span.SequenceEqual(other.Bytes.Span);

    public override int GetHashCode() => DnsText.Hash(Bytes.Span);
}
