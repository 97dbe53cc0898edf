using System.Diagnostics.CodeAnalysis;

namespace Raop.Discovery;

/// <summary>A DNS message (RFC 1035 section 4) as multicast DNS uses it (RFC 6762 section 18).</summary>
internal sealed class DnsMessage
{
    /// <summary>No message over multicast is longer, headers of IP and UDP left out (RFC 6762 section 17).</summary>
    public const int MaxSize = 9000 - 48;

    /// <summary>A message that no link cuts in pieces: Ethernet's 1500 less the headers of IPv6 and UDP.</summary>
    public const int UsualSize = 1500 - 48;

    public const int HeaderSize = 12;
    public const ushort Internet = 1, AnyClass = 255;
    public const ushort ResponseFlags = 0x8400; // QR and AA
    private const ushort ResponseBit = 0x8000, TruncatedBit = 0x0200, OpcodeBits = 0x7800, RcodeBits = 0x000F;

    /// <summary>Questions and records of a message; more, and it is refused whole.</summary>
    public const int MaxEntries = 512;

    public ushort Id { get; init; }

    public ushort Flags { get; init; }

    public bool IsResponse => (Flags & ResponseBit) != 0;

    /// <summary>TC: more known answers follow in another message.</summary>
    public bool IsTruncated => (Flags & TruncatedBit) != 0;

    /// <summary>Whether its opcode and response code are the ones of multicast DNS; others are to be ignored (RFC 6762 sections 18.3 and 18.11).</summary>
    public bool IsOrdinary => (Flags & (OpcodeBits | RcodeBits)) == 0;

    public IReadOnlyList<DnsQuestion> Questions { get; init; } = [];

    public IReadOnlyList<DnsRecord> Answers { get; init; } = [];

    public IReadOnlyList<DnsRecord> Authorities { get; init; } = [];

    public IReadOnlyList<DnsRecord> Additionals { get; init; } = [];

    /// <summary>Reads a message. Never throws; bytes after the last record are not looked at.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, [NotNullWhen(true)] out DnsMessage? message)
    {
        var reader = new DnsReader(datagram);
        return reader.TryReadMessage(out message);
    }

    /// <summary>The message as bytes, compressed.</summary>
    /// <exception cref="InvalidOperationException">It is longer than <see cref="MaxSize"/>.</exception>
    public byte[] ToArray()
    {
        var writer = new DnsWriter(MaxSize);
        writer.Begin(Id, Flags);
        bool whole = true;
        foreach (DnsQuestion question in Questions) whole &= writer.TryAdd(question);
        foreach (DnsRecord record in Answers) whole &= writer.TryAdd(DnsSection.Answer, record);
        foreach (DnsRecord record in Authorities) whole &= writer.TryAdd(DnsSection.Authority, record);
        foreach (DnsRecord record in Additionals) whole &= writer.TryAdd(DnsSection.Additional, record);
        return whole ? writer.Written.ToArray() : throw new InvalidOperationException("The message is too long.");
    }
}
