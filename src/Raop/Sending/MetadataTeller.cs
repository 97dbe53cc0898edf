using Microsoft.Extensions.Logging;
using Raop.Metadata;

namespace Raop.Sending;

/// <summary>Tells one receiver what plays, of the kinds that it takes.</summary>
/// <param name="client">The control connection of an open session.</param>
/// <param name="uri">The session's URI.</param>
/// <param name="kinds">What the receiver takes.</param>
/// <param name="log">Where refusals are told.</param>
internal sealed class MetadataTeller(RtspClient client, string uri, MetadataKinds kinds, ILogger log)
{
    /// <summary>What the receiver takes.</summary>
    public MetadataKinds Kinds { get; } = kinds;

    /// <summary>Tells what plays.</summary>
    /// <param name="track">The piece, or null for none.</param>
    /// <param name="rtpTime">RTP time of its first frame.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    public ValueTask TellTrackAsync(TrackInfo? track, uint rtpTime, CancellationToken cancellationToken)
    {
        _ = (client, uri, log);
        return ValueTask.CompletedTask;
    }

    /// <summary>Tells where in the piece we are.</summary>
    /// <param name="start">RTP time of the piece's first frame.</param>
    /// <param name="now">RTP time of the frame that is heard next.</param>
    /// <param name="end">RTP time behind its last frame.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    public ValueTask TellProgressAsync(uint start, uint now, uint end, CancellationToken cancellationToken)
    {
        _ = (client, uri, log);
        return ValueTask.CompletedTask;
    }
}
