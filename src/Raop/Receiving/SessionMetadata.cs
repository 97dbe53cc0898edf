using Raop.Metadata;
using Raop.Rtsp;

namespace Raop.Receiving;

/// <summary>What a sender tells of its music, in SET_PARAMETER: read, and raised when it is something new. Never ends a session.</summary>
/// <param name="raise">Gets the events.</param>
/// <param name="sampleRate">Frames a second of the stream: RTP times count them.</param>
internal sealed class SessionMetadata(Action<RaopReceiverEvent> raise, int sampleRate)
{
    /// <summary>Most bytes of text.</summary>
    public const int MaxText = 64 * 1024;

    private TrackInfo? _track;
    private Artwork? _artwork;
    private TrackProgress? _progress;

    /// <summary>Whether a body of this type is about the music, and comes here.</summary>
    public static bool Is(string mediaType) =>
        Same(mediaType, Dmap.MediaType) || mediaType.StartsWith("image/", StringComparison.OrdinalIgnoreCase);

    /// <summary>Takes a body for which <see cref="Is"/> is true.</summary>
    /// <param name="session">Number of the session.</param>
    /// <param name="mediaType">Its Content-Type, which may lie about pictures.</param>
    /// <param name="rtpTime">From when on it holds, or null.</param>
    /// <param name="body">Kept, where it is a picture.</param>
    /// <returns>The status to answer.</returns>
    public int Take(int session, string mediaType, uint? rtpTime, ReadOnlyMemory<byte> body)
    {
        if (Same(mediaType, Dmap.MediaType)) return TakeText(session, rtpTime, body.Span);
        if (body.Length > Artwork.MaxSize) return RtspStatus.BodyTooLarge;
        Artwork? artwork = Same(mediaType, "image/none") || body.IsEmpty ? null : new Artwork(body);
        if (artwork is { MediaType: null }) return RtspStatus.UnsupportedMediaType;
        if (Equals(artwork, _artwork)) return RtspStatus.Ok; // none at first
        _artwork = artwork;
        raise(new RaopArtworkChanged(session, artwork, rtpTime));
        return RtspStatus.Ok;
    }

    /// <summary>Takes the value of the parameter "progress".</summary>
    /// <param name="session">Number of the session.</param>
    /// <param name="value">What follows the colon.</param>
    /// <returns>Whether it can be read.</returns>
    public bool TakeProgress(int session, string value)
    {
        if (!TrackProgress.TryParse(value, out TrackProgress progress)) return false;
        if (progress == _progress) return true;
        _progress = progress;
        raise(new RaopProgressChanged(session, progress.Position(sampleRate), progress.Duration(sampleRate), progress.IsKnown ? unchecked((uint)progress.Now) : null));
        return true;
    }

    private int TakeText(int session, uint? rtpTime, ReadOnlySpan<byte> body)
    {
        if (body.Length > MaxText) return RtspStatus.BodyTooLarge;
        if (!Dmap.TryParse(body, out TrackInfo? track)) return RtspStatus.BadRequest;
        if (track == _track) return RtspStatus.Ok;
        _track = track;
        raise(new RaopTrackChanged(session, track, rtpTime));
        return RtspStatus.Ok;
    }

    private static bool Same(string a, string b) => a.Equals(b, StringComparison.OrdinalIgnoreCase);
}
