using Alac;
using Raop.Audio;

namespace Raop.Sending;

/// <summary>One source of a play list.</summary>
/// <param name="Original">What the user gave.</param>
/// <param name="Pcm">The same as 44,100 Hz, 16 bit, stereo.</param>
/// <param name="Packets">The same as ALAC packets, when they fit the session's parameters.</param>
internal sealed record Track(IPcmSource Original, IPcmSource Pcm, IAlacPacketSource? Packets)
{
    /// <param name="source">What the user gave.</param>
    /// <param name="session">The session's parameters, or null where packets are not ALAC.</param>
    public static Track Open(IPcmSource source, AlacConfig? session)
    {
        var packets = source as IAlacPacketSource;
        return new Track(source, PcmConverter.ToAirTunes(source), packets is not null && session is not null && Fits(packets.Config, session) ? packets : null);
    }

    /// <summary>A receiver decodes with the parameters of the ANNOUNCE: they must be the file's.</summary>
    private static bool Fits(AlacConfig file, AlacConfig session) =>
        (file.FrameLength, file.BitDepth, file.Channels, file.SampleRate, file.RiceHistoryMultiplier, file.RiceInitialHistory, file.RiceLimit)
        == (session.FrameLength, session.BitDepth, session.Channels, session.SampleRate, session.RiceHistoryMultiplier, session.RiceInitialHistory, session.RiceLimit);
}
