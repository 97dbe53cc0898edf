using Raop.Audio;
using Raop.Metadata;

namespace Raop.Sending;

/// <summary>Tells receivers what a stream lets them hear.</summary>
internal static class NowPlaying
{
    /// <summary>Tells what is heard now, and where in it we are. Never fails: what a receiver makes of it is its own affair.</summary>
    /// <param name="teller">The receiver's.</param>
    /// <param name="stream">What plays.</param>
    /// <param name="audio">Knows the RTP time of frames.</param>
    /// <param name="onlyProgress">Whether it knows the piece already.</param>
    public static async Task TellAsync(MetadataTeller teller, SenderStream stream, IAudioChannel audio, bool onlyProgress)
    {
        (Track? track, long frame, long? length, long heard) = stream.Place;
        if (track is null) return;
        TrackInfo? info = track.Original.Info;
        uint now = audio.RtpTimeAt(heard), start = unchecked(now - (uint)frame);
        length ??= info?.Duration is { } duration ? PcmFormat.AirTunes.Frames(duration) : null;
        (uint from, uint to) = length is { } frames ? (start, unchecked(start + (uint)frames)) : (now, now);
        try
        {
            if (!onlyProgress) await teller.TellTrackAsync(info, start, CancellationToken.None).ConfigureAwait(false);
            await teller.TellProgressAsync(from, now, to, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is RaopException or OperationCanceledException or InvalidOperationException or IOException)
        {
            // The session ends, and says so itself.
        }
    }
}
