namespace Raop;

/// <summary>How audio travels.</summary>
public enum RaopTransport
{
    /// <summary>UDP where the receiver takes it, else TCP.</summary>
    Auto,

    /// <summary>AirTunes v1: one TCP connection, no clock.</summary>
    Tcp,

    /// <summary>AirTunes v2: UDP, with a clock and with lost packets sent again.</summary>
    Udp,
}
