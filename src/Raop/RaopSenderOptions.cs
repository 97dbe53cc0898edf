using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Raop;

/// <summary>Whether the audio is encrypted.</summary>
public enum RaopEncryption
{
    /// <summary>RSA, which every AirTunes v1 receiver takes; in clear for one that answers 406 to a key.</summary>
    Auto,

    /// <summary>In clear. The first AirPort Express refuses that.</summary>
    None,

    /// <summary>A fresh AES key for each stream, wrapped with the AirPort Express key.</summary>
    Rsa,
}

/// <summary>How a <see cref="RaopSender"/> talks to a receiver. Immutable; one instance may serve many senders.</summary>
public sealed record RaopSenderOptions
{
    /// <summary>The receiver's password, or null. Never logged.</summary>
    public string? Password { get; init; }

    /// <summary>Encryption. Default <see cref="RaopEncryption.Auto"/>.</summary>
    public RaopEncryption Encryption { get; init; } = RaopEncryption.Auto;

    /// <summary>Volume set before the first frame, dB: 0 loudest, −30 softest, −144 muted. Null leaves the receiver's own. Default 0.</summary>
    public double? Volume { get; init; } = 0;

    /// <summary>How far ahead of what is heard audio is sent, against a network that stutters. Default 2 s, range 0.25 s to 4 s.</summary>
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

    /// <summary>Limit for a connection to open. Default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Limit for a reply. Default 5 s; SETUP gets twice that.</summary>
    public TimeSpan ReplyTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What we call ourselves. The default is a name that old receivers know.</summary>
    public string UserAgent { get; init; } = "iTunes/7.6.2 (Windows; N;)";

    /// <summary>Clock for pacing and timeouts.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Where log lines go. Default: nowhere.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>The type's name alone: a record would print the password.</summary>
    public override string ToString() => nameof(RaopSenderOptions);
}
