using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Raop;

/// <summary>How a <see cref="RaopGroup"/> plays. Immutable; one instance may serve many groups.</summary>
public sealed record RaopGroupOptions
{
    /// <summary>
    /// Time from sending a frame to hearing it, for all. Default 2 s, range 0.1 s to 10 s; more where a speaker says that it needs more, or has to hear
    /// earlier than others. Settled when playing begins.
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

    /// <summary>Whether the user chose it: then what is known of a device does not change it.</summary>
    internal bool IsLatencySet { get; private init; }

    /// <summary>Over UDP: where speakers reach us, control and timing; null, the default, takes free ports. For firewalls.</summary>
    public RaopPortRange? UdpPorts { get; init; }

    /// <summary>The group's volume, dB: 0 loudest, −30 softest, −144 muted. Default 0.</summary>
    public double Volume
    {
        get;
        init => field = Metadata.Volume.Number(value);
    }

    /// <summary>Limit for a connection to open, for each address that is tried. Default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Limit for a reply. Default 5 s; SETUP gets twice that.</summary>
    public TimeSpan ReplyTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What we call ourselves. The default is a name that old receivers know.</summary>
    public string UserAgent { get; init; } = "iTunes/7.6.2 (Windows; N;)";

    /// <summary>Whether speakers may command the group by their keys: pause, next, volume. It is announced as _dacp._tcp. Default true.</summary>
    public bool RemoteControl { get; init; } = true;

    /// <summary>
    /// Asked before a lost speaker is tried again: where it is now, for a restarted one may listen on another port. Null, or an answer of null: where
    /// it was.
    /// </summary>
    public Func<RaopSpeaker, CancellationToken, ValueTask<RaopSpeaker?>>? FindAgain { get; init; }

    /// <summary>Clock for pacing and timeouts.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Where log lines go. Default: nowhere.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;
}

/// <summary>How one speaker of a <see cref="RaopGroup"/> plays.</summary>
public sealed record RaopMemberOptions
{
    /// <summary>The furthest that <see cref="Delay"/> may be from 0.</summary>
    public static readonly TimeSpan MostDelay = TimeSpan.FromMilliseconds(500);

    /// <summary>The speaker's password, or null. Never logged.</summary>
    public string? Password { get; init; }

    /// <summary>Encryption. Default <see cref="RaopEncryption.Auto"/>.</summary>
    public RaopEncryption Encryption { get; init; } = RaopEncryption.Auto;

    /// <summary>Whether <see cref="RaopEncryption.Auto"/> may use auth-setup. Default true.</summary>
    public bool AllowAuthSetup { get; init; } = true;

    /// <summary>How audio travels. Default <see cref="RaopTransport.Auto"/>. Over TCP it begins about with the others, and keeps no time.</summary>
    public RaopTransport Transport { get; init; } = RaopTransport.Auto;

    /// <summary>How audio is packed. Default <see cref="RaopCodec.Auto"/>.</summary>
    public RaopCodec Codec { get; init; } = RaopCodec.Auto;

    /// <summary>Its volume, dB: 0 loudest, −30 softest, −144 muted; its balance is as this is to the group's. Null: as loud as the group.</summary>
    public double? Volume
    {
        get;
        init => field = value is { } volume ? Metadata.Volume.Number(volume) : null;
    }

    /// <summary>Whether it begins muted.</summary>
    public bool Muted { get; init; }

    /// <summary>How much later than the others it is to be heard, −500 to 500 ms; negative: earlier.</summary>
    public TimeSpan Delay
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value.Duration(), MostDelay, nameof(Delay));
            field = value;
        }
    }

    /// <summary>Which part of the music it plays.</summary>
    public RaopChannel Channel { get; init; }

    /// <summary>Whether it is a member even if it cannot be reached at first: it is tried again and again.</summary>
    public bool KeepTrying { get; init; }

    /// <summary>The type's name alone: a record would print the password.</summary>
    public override string ToString() => nameof(RaopMemberOptions);
}
