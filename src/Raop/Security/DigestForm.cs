namespace Raop.Security;

/// <summary>How a digest is computed. The letters' case matters, as hex text is hashed again.</summary>
internal enum DigestForm
{
    /// <summary>RFC 2069 with upper-case hex throughout: the first AirPort Express, which sends no Server header.</summary>
    UpperHex,

    /// <summary>RFC 2069 with lower-case hex: everything since.</summary>
    LowerHex,

    /// <summary>RFC 2617 with qop=auth where the challenge offers it, lower-case hex; RFC 2069 where it does not.</summary>
    Rfc2617,
}
