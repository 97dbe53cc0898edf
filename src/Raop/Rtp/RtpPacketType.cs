namespace Raop.Rtp;

/// <summary>The second byte of AirTunes v2's datagrams, as they go on the wire: bit 7 is set on all but audio, and is not looked at when reading.</summary>
internal static class RtpPacketType
{
    /// <summary>Receiver asks for the sender's time; timing port, 32 bytes.</summary>
    public const byte TimingRequest = 0xD2;

    /// <summary>Its answer; timing port, 32 bytes.</summary>
    public const byte TimingReply = 0xD3;

    /// <summary>Which frame is heard now; control port, 20 bytes.</summary>
    public const byte Sync = 0xD4;

    /// <summary>Receiver asks for packets again; control port, 8 bytes.</summary>
    public const byte ResendRequest = 0xD5;

    /// <summary>An audio packet again, after 4 bytes; control port.</summary>
    public const byte Resent = 0xD6;
}
