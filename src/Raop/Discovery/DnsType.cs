namespace Raop.Discovery;

/// <summary>What a record says, or a question asks for (RFC 1035 section 3.2, RFC 3596, RFC 2782, RFC 4034).</summary>
internal enum DnsType : ushort
{
    /// <summary>No type.</summary>
    None = 0,
    A = 1,
    CName = 5,
    Ptr = 12,
    Txt = 16,
    Aaaa = 28,
    Srv = 33,
    Nsec = 47,

    /// <summary>In questions only: every type.</summary>
    Any = 255,
}
