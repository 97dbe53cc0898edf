using System.Net;
using Raop.Audio;
using Raop.Metadata;

namespace Raop;

/// <summary>Something that happened at a receiver. Raised in order, from the receiver's own tasks: return soon, and do not throw.</summary>
/// <param name="Session">Number of the session, counted from 1; 0 where it is of none.</param>
public abstract record RaopReceiverEvent(int Session);

/// <summary>A sender was accepted and has said what it will send (ANNOUNCE and SETUP).</summary>
/// <param name="Session">Number of the session.</param>
/// <param name="Client">The sender's address.</param>
/// <param name="UserAgent">What the sender calls itself, or empty.</param>
/// <param name="Transport">TCP or UDP.</param>
/// <param name="Codec">"ALAC", "L16", "AAC" or "AAC-ELD".</param>
/// <param name="Encrypted">Whether packets are encrypted.</param>
/// <param name="FramesPerPacket">Frames of a full packet: 4096 in AirTunes v1, 352 in v2; 1024 of AAC, 480 or 512 of AAC-ELD.</param>
/// <param name="Format">What the sink gets.</param>
public sealed record RaopSessionStarted(
    int Session, IPEndPoint Client, string UserAgent, RaopTransport Transport, string Codec, bool Encrypted, int FramesPerPacket, PcmFormat Format)
    : RaopReceiverEvent(Session)
{
    /// <summary>The name that the sender's user gave it ("Anna's iPhone"), at most 128 characters, or null where it says none.</summary>
    public string? ClientName { get; init; }
}

/// <summary>The first frame went to the sink after a start, a flush or a dry spell.</summary>
/// <param name="Session">Number of the session.</param>
public sealed record RaopPlaying(int Session) : RaopReceiverEvent(Session);

/// <summary>The sender set the volume.</summary>
/// <param name="Session">Number of the session.</param>
/// <param name="Volume">As sent: 0 dB loudest, −30 softest, −144 muted.</param>
/// <param name="GainDb">What the samples are attenuated by, dB; negative infinity is silence.</param>
public sealed record RaopVolumeChanged(int Session, double Volume, double GainDb) : RaopReceiverEvent(Session);

/// <summary>
/// The sender told what it plays, or will play. Raised when it is told, and not again for the same; <see cref="TrackInfo.Artwork"/> is null, for
/// covers come by <see cref="RaopArtworkChanged"/>, mostly just after.
/// </summary>
/// <param name="Session">Number of the session.</param>
/// <param name="Track">What is known, nothing but nulls where the sender wiped it out. Strangers' text, without control characters.</param>
/// <param name="RtpTime">RTP time of the frame from which on it holds, which may be some seconds ahead; null when not told.</param>
public sealed record RaopTrackChanged(int Session, TrackInfo Track, uint? RtpTime) : RaopReceiverEvent(Session);

/// <summary>The sender sent a cover, or said that there is none. Not raised again for the same.</summary>
/// <param name="Session">Number of the session.</param>
/// <param name="Artwork">A JPEG or PNG by its first bytes, at most 8 MiB, not decoded: anyone's bytes. Null for none.</param>
/// <param name="RtpTime">RTP time of the frame from which on it holds, the same as of the text that it belongs to; null when not told.</param>
public sealed record RaopArtworkChanged(int Session, Artwork? Artwork, uint? RtpTime) : RaopReceiverEvent(Session);

/// <summary>The sender told where in the piece it is. Many tell it every 25 s, to be alive.</summary>
/// <param name="Session">Number of the session.</param>
/// <param name="Position">How much has been played when the frame at <paramref name="RtpTime"/> is heard; null when the sender does not know.</param>
/// <param name="Duration">How long the piece is; null for a station, or when the sender does not know.</param>
/// <param name="RtpTime">RTP time of the frame at that position; null when the sender does not know.</param>
public sealed record RaopProgressChanged(int Session, TimeSpan? Position, TimeSpan? Duration, uint? RtpTime) : RaopReceiverEvent(Session);

/// <summary>The sender voided what had not been heard: a pause, a seek, a stop.</summary>
/// <param name="Session">Number of the session.</param>
/// <param name="Frames">Frames dropped here and now; packets still on their way are counted at the end.</param>
public sealed record RaopFlushed(int Session, long Frames) : RaopReceiverEvent(Session);

/// <summary>A session is over and everything that was to be heard has been.</summary>
/// <param name="Session">Number of the session.</param>
/// <param name="Cause">Why.</param>
/// <param name="Counts">What came and where it went.</param>
/// <param name="Detail">One sentence for people when something was wrong, or empty.</param>
public sealed record RaopSessionEnded(int Session, RaopEndCause Cause, RaopSessionCounts Counts, string Detail) : RaopReceiverEvent(Session);

/// <summary>A sender was turned away.</summary>
/// <param name="Client">The sender's address.</param>
/// <param name="Status">The RTSP status it got: 453 busy, 403 too many wrong passwords, 401 wrong password.</param>
/// <param name="Reason">One sentence for people.</param>
public sealed record RaopSenderRefused(IPEndPoint Client, int Status, string Reason) : RaopReceiverEvent(0);

/// <summary>Senders see the receiver by this name; told again when another one had to be taken.</summary>
/// <param name="Name">The name as announced: the one that was asked for, cut to what fits, "Name (2)" when another speaker has it.</param>
public sealed record RaopAdvertised(string Name) : RaopReceiverEvent(0);

/// <summary>The receiver cannot be announced; it plays for senders that know its address.</summary>
/// <param name="Error">Why, and what to do about it.</param>
public sealed record RaopAdvertisingFailed(RaopException Error) : RaopReceiverEvent(0);

/// <summary>Why a session ended.</summary>
public enum RaopEndCause
{
    /// <summary>The sender sent TEARDOWN.</summary>
    Teardown,

    /// <summary>The sender's connection closed without TEARDOWN.</summary>
    ConnectionClosed,

    /// <summary>Neither RTSP nor audio came for the session timeout.</summary>
    Timeout,

    /// <summary>Another sender took over.</summary>
    TakenOver,

    /// <summary>The sender broke the protocol.</summary>
    ProtocolViolation,

    /// <summary>The sink failed: disk full, device gone.</summary>
    OutputFailed,

    /// <summary>The receiver was stopped.</summary>
    Stopped,

    /// <summary>The decoder from outside did not start, died or hung.</summary>
    DecoderFailed,
}

/// <summary>Counts of one session.</summary>
/// <param name="Packets">Audio packets that arrived; copies count once.</param>
/// <param name="Bytes">Bytes of audio packets that arrived: RTP header and payload, without the 4 bytes of TCP framing before each.</param>
/// <param name="FramesWritten">Frames given to the sink.</param>
/// <param name="FramesFlushed">Frames dropped because the sender voided them.</param>
/// <param name="PacketsLost">Packets that never came in time; always 0 over TCP.</param>
/// <param name="PacketsConcealed">Packets that were lost or could not be decoded, and were replaced by what hides the hole.</param>
/// <param name="FramesChanged">Frames whose samples are not as they were sent: by volume, drift or concealment.</param>
/// <param name="Underruns">Times that playing stopped because nothing had come, and went on.</param>
/// <param name="PacketsAskedAgain">Packets that were asked for again, each time counted.</param>
/// <param name="PacketsRecovered">Packets that were missing and came in time.</param>
/// <param name="PacketsLate">Packets that came when their instant was past.</param>
/// <param name="Resyncs">Times that the instants jumped: a sound device or the estimate of the sender's clock was more than 50 ms off.</param>
public readonly record struct RaopSessionCounts(
    long Packets, long Bytes, long FramesWritten, long FramesFlushed, long PacketsLost, long PacketsConcealed, long FramesChanged, int Underruns,
    long PacketsAskedAgain, long PacketsRecovered, long PacketsLate, int Resyncs);
