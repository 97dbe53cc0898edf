namespace Raop.Discovery;

/// <summary>A question (RFC 6762 section 18.12).</summary>
/// <param name="Name">Of what.</param>
/// <param name="Type">Which records; ANY for all.</param>
/// <param name="WantsUnicast">The QU bit: the answer may come by unicast.</param>
/// <param name="Class">1 is the Internet, 255 any.</param>
internal sealed record DnsQuestion(DnsName Name, DnsType Type, bool WantsUnicast = false, ushort Class = DnsMessage.Internet)
{
    /// <summary>Whether a record answers it.</summary>
    public bool Asks(DnsRecord record) =>
        (Type == record.Type || Type == DnsType.Any) && (Class == record.Class || Class == DnsMessage.AnyClass) && Name == record.Name;
}

/// <summary>A record (RFC 6762 section 18.13).</summary>
/// <param name="Name">Whose.</param>
/// <param name="Type">Its type.</param>
/// <param name="Ttl">How long it may be believed, in seconds; 0 takes it back.</param>
/// <param name="Data">What it says.</param>
/// <param name="IsUnique">The cache-flush bit: what it says replaces what was known.</param>
/// <param name="Class">1 is the Internet.</param>
internal sealed record DnsRecord(DnsName Name, DnsType Type, uint Ttl, DnsData Data, bool IsUnique = false, ushort Class = DnsMessage.Internet)
{
    /// <summary>Whether it says the same as another, whatever the lifetime.</summary>
    public bool SaysSame(DnsRecord other) => Type == other.Type && Class == other.Class && Name == other.Name && Data.Equals(other.Data);
}
