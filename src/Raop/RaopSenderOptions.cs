using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Raop;

/// <summary>Whether the audio is encrypted.</summary>
public enum RaopEncryption
{
    /// <summary>
    /// What the speaker's record and what is known of its kind call for; RSA where nothing is known. In clear for one that answers 406 to a key,
    /// after auth-setup for one that answers 403.
    /// </summary>
    Auto,

    /// <summary>In clear. The first AirPort Express refuses that.</summary>
    None,

    /// <summary>A fresh AES key for each stream, wrapped with the AirPort Express key.</summary>
    Rsa,

    /// <summary>In clear after POST /auth-setup, which the AirPort Express of 2012 and many AirPlay 2 speakers want.</summary>
    AuthSetup,
}

/// <summary>How audio travels.</summary>
public enum RaopTransport
{
    /// <summary>UDP, or TCP to a receiver that takes no UDP; TCP first where the speaker is known for it.</summary>
    Auto,

    /// <summary>AirTunes v1: one connection, no clock.</summary>
    Tcp,

    /// <summary>AirTunes v2, AirPlay 1: datagrams that are heard at an instant, lost ones sent again.</summary>
    Udp,
}

/// <summary>How audio is packed. Both are lossless.</summary>
public enum RaopCodec
{
    /// <summary>Apple Lossless.</summary>
    Auto,

    /// <summary>Apple Lossless, which every receiver takes.</summary>
    Alac,

    /// <summary>L16, samples as they are: 1.4 Mbit/s and no work for the receiver.</summary>
    Pcm,
}

/// <summary>How a <see cref="RaopSender"/> talks to a receiver. Immutable; one instance may serve many senders.</summary>
public sealed record RaopSenderOptions
{
    /// <summary>The receiver's password, or null. Never logged.</summary>
    public string? Password { get; init; }

    /// <summary>Encryption. Default <see cref="RaopEncryption.Auto"/>.</summary>
    public RaopEncryption Encryption { get; init; } = RaopEncryption.Auto;

    /// <summary>Whether <see cref="RaopEncryption.Auto"/> may use auth-setup. Default true; some receivers (Yamaha RX-V773) stay silent after it.</summary>
    public bool AllowAuthSetup { get; init; } = true;

    /// <summary>How audio travels. Default <see cref="RaopTransport.Auto"/>.</summary>
    public RaopTransport Transport { get; init; } = RaopTransport.Auto;

    /// <summary>How audio is packed. Default <see cref="RaopCodec.Auto"/>.</summary>
    public RaopCodec Codec { get; init; } = RaopCodec.Auto;

    /// <summary>
    /// Over UDP: time from sending a frame to hearing it. Default 2 s, range 0.1 s to 10 s; more where the receiver says that it needs more.
    /// Below 0.5 s lost packets are hardly sent again in time.
    /// </summary>
    public TimeSpan Latency
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.FromSeconds(0.1));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, TimeSpan.FromSeconds(10));
            field = value;
            IsLatencySet = true;
        }
    } = TimeSpan.FromSeconds(2);

    /// <summary>Whether somebody wants that latency; else a device known to need more gets it.</summary>
    internal bool IsLatencySet { get; private init; }

    /// <summary>Over UDP: where the receiver reaches us, control and timing; null, the default, takes free ports. For firewalls.</summary>
    public RaopPortRange? UdpPorts { get; init; }

    /// <summary>Volume set before the first frame, dB: 0 loudest, −30 softest, −144 muted. Null leaves the receiver's own. Default 0.</summary>
    public double? Volume
    {
        get;
        init => field = value is { } volume ? Metadata.Volume.Number(volume) : null;
    } = 0;

    /// <summary>Over TCP: how far ahead of what is heard audio is sent, against a network that stutters. Default 2 s, range 0.25 s to 4 s.</summary>
    public TimeSpan Lead
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.FromSeconds(0.25));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, TimeSpan.FromSeconds(4));
            field = value;
        }
    } = TimeSpan.FromSeconds(2);

    /// <summary>Limit for a connection to open, for each address that is tried. Default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Limit for a reply. Default 5 s; SETUP gets twice that.</summary>
    public TimeSpan ReplyTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether the receiver may command us by its keys: pause, next, volume. We are announced as _dacp._tcp then. Default true.</summary>
    public bool RemoteControl { get; init; } = true;

    /// <summary>What we call ourselves. The default is a name that old receivers know.</summary>
    public string UserAgent { get; init; } = "iTunes/7.6.2 (Windows; N;)";

    /// <summary>Clock for pacing and timeouts.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Where log lines go. Default: nowhere.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>The type's name alone: a record would print the password.</summary>
    public override string ToString() => nameof(RaopSenderOptions);
}
