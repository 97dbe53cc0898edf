using Raop.Rtsp;

namespace Raop.Sending;

/// <summary>What a channel has counted since the session began.</summary>
/// <param name="Packets">Audio packets that went out; resent ones count once.</param>
/// <param name="Bytes">Their bytes: framing, RTP header and payload.</param>
/// <param name="Resent">Packets sent again because the receiver asked.</param>
/// <param name="Starved">Times that audio came too late from the source to be heard without a gap.</param>
/// <param name="TimingSeen">Whether the receiver asks for our clock; null where it needs not or not yet.</param>
internal readonly record struct ChannelCounts(long Packets, long Bytes, long Resent, int Starved, bool? TimingSeen);

/// <summary>
/// Carries packets to the receiver and knows when each of their frames is heard: one kind for each transport. Frames are numbered as the
/// feed numbers them. All but <see cref="Counts"/> and <see cref="Heard"/> are called by the stream's loop alone.
/// </summary>
internal interface IAudioChannel : IAsyncDisposable
{
    /// <summary>Completes when the receiver has closed the channel or it broke; never where there is no connection.</summary>
    Task Closed { get; }

    /// <summary>From any thread.</summary>
    ChannelCounts Counts { get; }

    /// <summary>Frames sent or queued that may not have been heard: what a pause needs again.</summary>
    int KeepFrames { get; }

    /// <summary>After the last frame should have been heard: the receiver's own buffer, and doubt.</summary>
    TimeSpan Tail { get; }

    /// <summary>The next packet begins with this frame, and nothing before it is to be heard any more.</summary>
    void Start(long frame, long now);

    /// <summary>Ticks until <see cref="SendAsync"/> should get the packet that begins with this frame; 0 or less: now.</summary>
    long UntilDue(long frame, long now);

    /// <summary>Takes a packet, whose memory is free again as soon as the call returns; completes when there is room for the next.</summary>
    ValueTask SendAsync(in SourcePacket packet, long now);

    /// <summary>Forgets what is queued and not sent; <see cref="Start"/> comes next.</summary>
    /// <returns>Sequence number and RTP time of the next packet, for FLUSH.</returns>
    RtpInfoHeader Flush();

    /// <summary>Nothing follows for now; the channel stays open.</summary>
    void Rest();

    /// <summary>The first frame that has not been heard yet. From any thread.</summary>
    long Heard(long now);

    /// <summary>The frame at an RTP time that the receiver names, or null where it has none.</summary>
    long? FrameAt(uint rtpTime);

    /// <summary>Ticks from now until everything before this frame has been heard.</summary>
    long UntilHeard(long frame, long now);
}
