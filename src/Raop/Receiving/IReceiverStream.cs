using Raop.Rtsp;

namespace Raop.Receiving;

/// <summary>How a session's audio comes and is played: AirTunes v1 over TCP, which has no clock, or v2 over UDP, which has one.</summary>
internal interface IReceiverStream
{
    /// <summary>The reply to SETUP: the ports that are open.</summary>
    TransportHeader Transport { get; }

    /// <summary>What came and where it went.</summary>
    RaopSessionCounts Counts { get; }

    /// <summary>Whether the sender may say nothing for a while: it has paused, over TCP.</summary>
    bool MayBeSilent { get; }

    /// <summary>Receives and plays until <see cref="End"/> and, when draining, the last frame. The ports are closed and the sink is free afterwards.</summary>
    /// <exception cref="Exception">The sink failed.</exception>
    Task RunAsync();

    /// <summary>RECORD: audio counts from here.</summary>
    void Record(RtpInfoHeader info);

    /// <summary>FLUSH: what was sent before must not be heard.</summary>
    /// <returns>Frames dropped here and now, and the RTP time of the first that has not been heard, where that is known.</returns>
    (long Frames, uint? RtpTime) Flush(RtpInfoHeader info);

    /// <summary>Sets the attenuation in dB.</summary>
    void SetGain(double db);

    /// <summary>No more will come.</summary>
    /// <param name="drain">Whether what was sent and not voided is still played; a later call may take that back.</param>
    void End(bool drain);
}
