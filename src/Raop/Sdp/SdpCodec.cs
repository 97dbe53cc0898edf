namespace Raop.Sdp;

/// <summary>What the rtpmap line of an announcement names.</summary>
internal enum SdpCodec
{
    /// <summary>Something else.</summary>
    Unknown,

    /// <summary>Apple Lossless.</summary>
    AppleLossless,

    /// <summary>Big-endian 16-bit PCM.</summary>
    L16,

    /// <summary>AAC-LC.</summary>
    Aac,

    /// <summary>AAC-ELD, from mirroring iOS devices.</summary>
    AacEld,
}
