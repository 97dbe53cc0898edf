using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Raop.Audio;
using Raop.Metadata;

namespace Raop;

/// <summary>What a receiver does with a second sender while one plays.</summary>
public enum RaopTakeOver
{
    /// <summary>The newcomer gets 453 Not Enough Bandwidth, which senders show as "busy".</summary>
    Refuse,

    /// <summary>The running session ends and the newcomer plays.</summary>
    Take,
}

/// <summary>How a <see cref="RaopReceiver"/> behaves. Immutable; one instance may serve many receivers.</summary>
public sealed record RaopReceiverOptions
{
    /// <summary>The name that people see. Default "Raop".</summary>
    public string Name { get; init; } = "Raop";

    /// <summary>
    /// Whether the receiver makes itself known on the network, so that senders list it. Default true. On the addresses of <see cref="Listen"/> alone.
    /// </summary>
    public bool Advertise { get; init; } = true;

    /// <summary>Where to listen for RTSP. Default: every address, IPv4 and IPv6, port 5000, AirPort Express's own. Port 0 takes a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.IPv6Any, 5000);

    /// <summary>Port for audio over TCP. Default 0, any free one; senders are told which.</summary>
    public int AudioPort { get; init; }

    /// <summary>
    /// UDP ports to choose from, three a session, so at least three, for a firewall's sake. Default null: any free ones; senders are told which.
    /// </summary>
    public RaopPortRange? UdpPorts
    {
        get;
        init
        {
            if (value is not null) ArgumentOutOfRangeException.ThrowIfLessThan(value.Last - value.First, 2, nameof(value));
            field = value;
        }
    }

    /// <summary>The password that senders must know, or null. Never logged.</summary>
    public string? Password { get; init; }

    /// <summary>What happens to a second sender. Default: refused.</summary>
    public RaopTakeOver TakeOver { get; init; } = RaopTakeOver.Refuse;

    /// <summary>Six bytes that identify the receiver in the Apple-Response; null makes them from the name, the port and the machine.</summary>
    public ReadOnlyMemory<byte>? HardwareAddress { get; init; }

    /// <summary>The Server header, or null to send none as the first AirPort Express did. Default "AirTunes/105.1", which senders know.</summary>
    public string? Server { get; init; } = "AirTunes/105.1";

    /// <summary>How volume becomes attenuation. Default: decibels as they are.</summary>
    public VolumeProfile VolumeProfile { get; init; } = VolumeProfile.DecibelAsIs;

    /// <summary>
    /// Audio to gather before playing starts over TCP, against a network that stutters. Default 0.5 s, range 0 to 4 s. Over UDP the sender says
    /// when each frame is due.
    /// </summary>
    public TimeSpan StartBuffer
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, TimeSpan.FromSeconds(4));
            field = value;
        }
    } = TimeSpan.FromSeconds(0.5);

    /// <summary>
    /// A session from which nothing has come for so long is ended. Default 30 s; at least 1 s. Over TCP, where a paused sender may say nothing, a
    /// pause may last four times as long.
    /// </summary>
    public TimeSpan SessionTimeout
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.FromSeconds(1));
            field = value;
        }
    } = TimeSpan.FromSeconds(30);

    /// <summary>A connection that says nothing, or ANNOUNCE without SETUP, is given up after this. Default 10 s; at least 1 s.</summary>
    public TimeSpan HandshakeTimeout
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.FromSeconds(1));
            field = value;
        }
    } = TimeSpan.FromSeconds(10);

    /// <summary>RTSP connections at a time; more are closed at once, and so is the ninth of one address. Default 32, at least 1.</summary>
    public int MaxConnections
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = 32;

    /// <summary>
    /// Decoders for AAC-LC and AAC-ELD, over UDP. Default null, none: senders that announce them get 415 Unsupported Media Type. Package Raop.Media
    /// has some.
    /// </summary>
    public IPacketDecoderFactory? Decoders { get; init; }

    /// <summary>Clock for pacing and timeouts.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Where log lines go. Default: nowhere.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>The type's name alone: a record would print the password.</summary>
    public override string ToString() => nameof(RaopReceiverOptions);
}
