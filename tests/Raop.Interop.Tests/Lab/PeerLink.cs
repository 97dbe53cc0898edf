namespace Raop.Interop.Tests.Lab;

/// <summary>How a sender is told to reach a receiver.</summary>
/// <param name="Transport">tcp or udp.</param>
/// <param name="Encryption">none or RSA.</param>
/// <param name="Password">Null for none.</param>
internal sealed record PeerLink(string Transport, string Encryption, string? Password = null)
{
    /// <summary>AirTunes v1 as everybody does it: encrypted.</summary>
    public static PeerLink Tcp(string? password = null) => new("tcp", "RSA", password);

    public static PeerLink Udp(string encryption, string? password = null) => new("udp", encryption, password);
}
