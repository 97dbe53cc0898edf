using Raop.Audio;
using Raop.Metadata;

namespace Raop;

/// <summary>What becomes of a speaker in a group.</summary>
public enum RaopMemberState
{
    /// <summary>A session is being opened.</summary>
    Connecting,

    /// <summary>It has a session; nothing plays, or it has not shown yet that it does.</summary>
    Ready,

    /// <summary>It plays, and has shown signs of life: it asks for our clock or for lost packets, or takes the data of its connection.</summary>
    Playing,

    /// <summary>Its session is lost; it is tried again after a while.</summary>
    Retrying,

    /// <summary>Its session is lost, and trying again would not help: a password is wrong, it refuses us.</summary>
    Failed,

    /// <summary>It was taken out of the group.</summary>
    Removed,
}

/// <summary>Something happened in a group.</summary>
public abstract record RaopGroupEvent
{
    private protected RaopGroupEvent()
    {
    }
}

/// <summary>A member's state is another, or there is more to say of it.</summary>
/// <param name="Member">Whose.</param>
/// <param name="State">Its state.</param>
/// <param name="Cause">What went wrong, if something did.</param>
/// <param name="Detail">More to say: "no sign of life, but connected".</param>
public sealed record RaopGroupMemberChanged(RaopGroupMember Member, RaopMemberState State, RaopException? Cause, string? Detail) : RaopGroupEvent;

/// <summary>The group plays, pauses, is idle, or is closed.</summary>
/// <param name="State">What it does now.</param>
public sealed record RaopGroupStateChanged(RaopSenderState State) : RaopGroupEvent;

/// <summary>Another piece is heard, or another is known of it than before.</summary>
/// <param name="Source">What is heard; null when nothing is any more.</param>
/// <param name="Info">What is known of it.</param>
public sealed record RaopGroupTrackChanged(IPcmSource? Source, TrackInfo? Info) : RaopGroupEvent;

/// <summary>The volume of the group or of a member is another.</summary>
/// <param name="Volume">The group's, dB: 0 loudest, −144 muted.</param>
/// <param name="Member">Whose volume or mute was set, or null: that of all.</param>
public sealed record RaopGroupVolumeChanged(double Volume, RaopGroupMember? Member) : RaopGroupEvent;

/// <summary>Where a group is, as far as it is heard.</summary>
/// <param name="State">What it is doing.</param>
/// <param name="Source">What is heard, or null.</param>
/// <param name="Position">How far into the source, as heard.</param>
/// <param name="Peak">Loudest sample of the last packet sent, 0 to 1.</param>
/// <param name="Starved">Times that the source was too late, so that a gap was heard.</param>
/// <param name="Latency">From sending a frame to hearing it.</param>
public readonly record struct RaopGroupStatus(
    RaopSenderState State, IPcmSource? Source, TimeSpan Position, float Peak, int Starved, TimeSpan Latency);

/// <summary>What one member has cost since its session began.</summary>
/// <param name="PacketsSent">Packets.</param>
/// <param name="BytesSent">Bytes of audio: framing, RTP header and payload.</param>
/// <param name="Resent">Packets sent again, because the speaker had lost them.</param>
/// <param name="Rejoined">Times that it was lost and came back, since it was added.</param>
/// <param name="Late">Over TCP: how much later than the others it began; null over UDP, which keeps time.</param>
public readonly record struct RaopMemberStatus(long PacketsSent, long BytesSent, long Resent, int Rejoined, TimeSpan? Late);
