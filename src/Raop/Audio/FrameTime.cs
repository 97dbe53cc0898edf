namespace Raop.Audio;

/// <summary>When frames are to be heard. A sink that cannot keep time itself may ignore it: the receiver brings frames in time.</summary>
/// <param name="RtpTime">The first frame's RTP time in frames, as the sender counts, or null where there is none (AirTunes v1).</param>
/// <param name="Due">When the first frame is to be heard, in ticks of the receiver's TimeProvider; null: right after the frames before.</param>
public readonly record struct FrameTime(uint? RtpTime, long? Due);
