using System.Net;
using Raop.Discovery;
using Raop.Metadata;

namespace Raop;

/// <summary>
/// A speaker as the network announces it: what <see cref="RaopSender"/> and groups choose transport, codec and encryption by.
/// </summary>
public sealed record RaopSpeaker
{
    private const int UsualPort = 5000;

    /// <summary>The name that people gave it.</summary>
    public required string Name { get; init; }

    /// <summary>Where it listens, best first: IPv4, then IPv6, link-local addresses with their scope last. At least one.</summary>
    public required IReadOnlyList<EndPoint> EndPoints { get; init; }

    /// <summary>Its hardware address, 12 hex digits in upper case, by which it is known whatever its name; null when not announced.</summary>
    public string? DeviceId { get; init; }

    /// <summary>Its host name, "kitchen.local", or null.</summary>
    public string? HostName { get; init; }

    /// <summary>
    /// The TXT record of _raop._tcp. Keys in lower case; the first of two equal ones counts. Empty when none was seen, null for a
    /// record that nobody asked for: an address that the user wrote.
    /// </summary>
    public IReadOnlyDictionary<string, string>? Txt { get; init; }

    /// <summary>The model, "AirPort10,115"; null for the first AirPort Express and whoever says none (am).</summary>
    public string? Model => Value("am") is { Length: > 0 } model ? model : null;

    /// <summary>Version of its AirTunes server, "105.1"; null when not announced (vs).</summary>
    public string? ServerVersion => Value("vs");

    /// <summary>Transports that it takes (tp); TCP alone where a record says nothing, as that of the first AirPort Express.</summary>
    public IReadOnlyList<RaopTransport> Transports => SpeakerRecord.Transports(Txt);

    /// <summary>Numbers of codecs: 0 PCM, 1 ALAC, 2 AAC, 3 AAC-ELD (cn).</summary>
    public IReadOnlyList<int> Codecs => SpeakerRecord.Numbers(Value("cn"), [0, 1]);

    /// <summary>Numbers of encryption types: 0 none, 1 RSA, 3 FairPlay, 4 auth-setup, 5 FairPlay SAP (et).</summary>
    public IReadOnlyList<int> EncryptionTypes => SpeakerRecord.Numbers(Value("et"), [0]);

    /// <summary>What it shows of the music (md).</summary>
    public MetadataKinds Metadata => SpeakerRecord.Kinds(Value("md"));

    /// <summary>Whether it announces that it wants a password (pw, sf). One that does not may ask all the same.</summary>
    public bool RequiresPassword => SpeakerRecord.IsTrue(Value("pw")) || (StatusFlags & 0x80) != 0;

    /// <summary>Whether it says that somebody plays to it (sf).</summary>
    public bool IsBusy => (StatusFlags & 0x2_0000) != 0;

    /// <summary>Status flags (sf), 0 when not announced.</summary>
    public uint StatusFlags => (uint)SpeakerRecord.Hex(Value("sf"));

    /// <summary>Feature bits (ft), 0 when not announced.</summary>
    public ulong Features => SpeakerRecord.Features(Value("ft"));

    /// <summary>A value of the TXT record.</summary>
    /// <param name="key">In lower case.</param>
    /// <returns>The value, empty for a key without one, or null.</returns>
    public string? Value(string key) => Txt is not null && Txt.TryGetValue(key, out string? value) ? value : null;

    /// <summary>A speaker that no record is known of: what is not known is found out by asking it.</summary>
    /// <param name="endPoint">Its RTSP address, an <see cref="IPEndPoint"/> or a <see cref="DnsEndPoint"/>; port 0 stands for 5000, the usual one.</param>
    /// <returns>A speaker to connect to, called as its host or address.</returns>
    /// <exception cref="ArgumentException">Another kind of address.</exception>
    public static RaopSpeaker At(EndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        endPoint = endPoint switch
        {
            IPEndPoint { Port: 0 } ip => new IPEndPoint(ip.Address, UsualPort),
            DnsEndPoint { Port: 0 } host => new DnsEndPoint(host.Host, UsualPort, host.AddressFamily),
            IPEndPoint or DnsEndPoint => endPoint,
            _ => throw new ArgumentException("An IPEndPoint or a DnsEndPoint is needed.", nameof(endPoint)),
        };
        return new RaopSpeaker { Name = endPoint is DnsEndPoint name ? name.Host : $"{endPoint}", EndPoints = [endPoint] };
    }
}
