using System.Net;
using Raop.Audio;
using Raop.Metadata;

namespace Raop;

/// <summary>What a sender learned of its receiver.</summary>
/// <param name="EndPoint">Its address.</param>
/// <param name="Server">Its Server header, or null: the first AirPort Express has none.</param>
/// <param name="AudioJackStatus">"connected; type=analog" and the like, or null.</param>
/// <param name="Encrypted">Whether the audio is encrypted.</param>
/// <param name="PasswordUsed">Whether it asked for the password.</param>
/// <param name="HoldsAirPortKey">
/// Whether its Apple-Response was right. Null when it gave none or was not asked. False deserves a warning: it is no AirPort Express and will
/// probably not be able to decrypt.
/// </param>
/// <param name="Transport">How audio travels: Tcp or Udp.</param>
/// <param name="Codec">How audio is packed: Alac or Pcm.</param>
/// <param name="Latency">From sending a frame to hearing it, the receiver's own need included; null over TCP, where nobody knows.</param>
public sealed record RaopReceiverInfo(
    IPEndPoint EndPoint, string? Server, string? AudioJackStatus, bool Encrypted, bool PasswordUsed, bool? HoldsAirPortKey,
    RaopTransport Transport, RaopCodec Codec, TimeSpan? Latency)
{
    /// <summary>Its model as announced, "AppleTV5,3"; null when none was seen.</summary>
    public string? Model { get; init; }

    /// <summary>What it may be told of the music without harm.</summary>
    public MetadataKinds Metadata { get; init; }
}

/// <summary>What a sender is doing.</summary>
public enum RaopSenderState
{
    /// <summary>Connected, nothing to play.</summary>
    Idle,

    /// <summary>Audio goes out.</summary>
    Playing,

    /// <summary>Silent, the session is kept.</summary>
    Paused,

    /// <summary>The session is over.</summary>
    Closed,
}

/// <summary>Where a sender is, as far as it is heard.</summary>
/// <param name="State">What it is doing.</param>
/// <param name="Source">What is heard, or null.</param>
/// <param name="Position">How far into the source, as heard.</param>
/// <param name="Peak">Loudest sample of the last packet sent, 0 to 1.</param>
/// <param name="PassThrough">Whether the source's own ALAC packets go out, without decoding and encoding.</param>
/// <param name="PacketsSent">Packets since the session began.</param>
/// <param name="BytesSent">Bytes of audio since the session began: framing, RTP header and payload.</param>
/// <param name="Resent">Packets sent again since the session began, because the receiver had lost them.</param>
/// <param name="Starved">Times that the source was too late, so that a gap was heard.</param>
/// <param name="TimingSeen">
/// Whether the receiver asks for our clock; null over TCP and in the first 3 s. False probably means a firewall that drops its packets.
/// </param>
public readonly record struct RaopSenderStatus(
    RaopSenderState State, IPcmSource? Source, TimeSpan Position, float Peak, bool PassThrough, long PacketsSent, long BytesSent,
    long Resent, int Starved, bool? TimingSeen);
