using System.Text;
using Microsoft.Extensions.Logging;
using Raop.Metadata;
using Raop.Rtsp;

namespace Raop.Sending;

/// <summary>
/// Tells one receiver what plays: text, then the cover, then progress, each only if it takes that kind. It may well refuse: a kind that
/// was answered with an error, or not at all, is not sent again. Nothing here ends a session; that the connection is lost, the session sees itself.
/// </summary>
/// <param name="client">The control connection of an open session.</param>
/// <param name="uri">The session's URI.</param>
/// <param name="kinds">What the receiver takes.</param>
/// <param name="log">Where refusals are told, each kind once.</param>
internal sealed class MetadataTeller(RtspClient client, string uri, MetadataKinds kinds, ILogger log)
{
    private int _kinds = (int)kinds;
    private bool _noneIsRefused;
    private int _tracks;

    /// <summary>What the receiver still takes, as far as we know.</summary>
    public MetadataKinds Kinds => (MetadataKinds)Volatile.Read(ref _kinds);

    /// <summary>Tells what plays. Of a call that a later one overtakes, the cover is left out.</summary>
    /// <param name="track">The piece, or null for none: what was shown is wiped out. A cover that is no JPEG or PNG or larger than 8 MiB counts as none.</param>
    /// <param name="rtpTime">RTP time of its first frame.</param>
    /// <param name="cancellationToken">Stops the wait; what was begun is still sent.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> fired.</exception>
    public async ValueTask TellTrackAsync(TrackInfo? track, uint rtpTime, CancellationToken cancellationToken)
    {
        if (track is null && _tracks == 0) return; // nothing to wipe out
        int number = Interlocked.Increment(ref _tracks);
        Artwork? cover = Cover(track);
        if (Takes(MetadataKinds.Text))
        {
            byte[] text = Dmap.Write(track, coverFollows: cover is not null && Takes(MetadataKinds.Artwork));
            await SendAsync(MetadataKinds.Text, Dmap.MediaType, text, rtpTime, cancellationToken).ConfigureAwait(false);
        }

        if (!Takes(MetadataKinds.Artwork) || number != Volatile.Read(ref _tracks)) return;
        if (cover is not null)
        {
            await SendAsync(MetadataKinds.Artwork, cover.MediaType!, cover.Bytes, rtpTime, cancellationToken).ConfigureAwait(false);
        }
        else if (!_noneIsRefused)
        {
            // Who does not know this type may still show covers.
            _noneIsRefused = !await TrySendAsync("image/none", default, rtpTime, MetadataKinds.None, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Tells where in the piece we are: after a start, a seek or a pause, and every 25 s or so to be alive.</summary>
    /// <param name="start">RTP time of the piece's first frame.</param>
    /// <param name="now">RTP time of the frame that is heard next.</param>
    /// <param name="end">RTP time behind its last frame; three equal numbers where nothing is known.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> fired.</exception>
    public async ValueTask TellProgressAsync(uint start, uint now, uint end, CancellationToken cancellationToken)
    {
        if (!Takes(MetadataKinds.Progress)) return;
        byte[] line = Encoding.ASCII.GetBytes(new TrackProgress(start, now, end) + "\r\n");
        await SendAsync(MetadataKinds.Progress, "text/parameters", line, now, cancellationToken).ConfigureAwait(false);
    }

    private Artwork? Cover(TrackInfo? track)
    {
        if (track?.Artwork is not { } cover || cover.Bytes.IsEmpty) return null;
        if (cover is { MediaType: not null, Bytes.Length: <= Artwork.MaxSize }) return cover;
        if (Takes(MetadataKinds.Artwork)) log.CoverLeftOut(cover.Bytes.Length);
        return null;
    }

    private bool Takes(MetadataKinds kind) => (Kinds & kind) != MetadataKinds.None;

    private async ValueTask SendAsync(MetadataKinds kind, string mediaType, ReadOnlyMemory<byte> body, uint rtpTime, CancellationToken cancellationToken)
    {
        if (await TrySendAsync(mediaType, body, rtpTime, kind, cancellationToken).ConfigureAwait(false)) return;
        Interlocked.And(ref _kinds, (int)~kind);
    }

    /// <returns>False when it must not be sent again.</returns>
    private async ValueTask<bool> TrySendAsync(
        string mediaType, ReadOnlyMemory<byte> body, uint rtpTime, MetadataKinds kind, CancellationToken cancellationToken)
    {
        var headers = new RtspHeaders { { "RTP-Info", new RtpInfoHeader(null, rtpTime).ToString() }, { "Content-Type", mediaType } };
        if (body.IsEmpty) headers.Add("Content-Length", "0");
        try
        {
            RtspResponse reply = await client.SendAsync(new RtspRequest("SET_PARAMETER", uri, headers, body), cancellationToken).ConfigureAwait(false);
            if (reply.StatusCode < 400) return true;
            if (Takes(kind)) log.MetadataRefused(mediaType, $"{reply.StatusCode} {reply.Reason}");
            return false;
        }
        catch (Exception e) when (e is RaopException or InvalidOperationException or IOException) // the second: it is closed under our hands
        {
            if (client.Closed.IsCompleted || e is not RaopException { Error: not RaopError.ConnectionLost }) return true; // the session's affair
            if (Takes(kind)) log.MetadataRefused(mediaType, e.Message);
            return false;
        }
    }
}
