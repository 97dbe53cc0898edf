using System.Net;
using System.Security.Cryptography;
using Raop.Metadata;

namespace Raop.Cli;

/// <summary>Tells what happens at a receiver.</summary>
/// <param name="reporter">To whom.</param>
/// <param name="covers">Where covers are kept, or null.</param>
internal sealed class ReceiverReport(Reporter reporter, ArtworkFolder? covers = null)
{
    private TimeSpan? _saidDuration;
    private int _session; // the latest
    private long _since;
    private bool _coversFail;

    private readonly TaskCompletionSource<RaopSessionEnded> _firstEnd = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the first session is over.</summary>
    public Task<RaopSessionEnded> FirstEnd => _firstEnd.Task;

    /// <summary>When the session began that is under way, ticks; 0 when nobody plays.</summary>
    public long PlayingSince => Volatile.Read(ref _since);

    /// <param name="name">The receiver's.</param>
    /// <param name="at">Where.</param>
    /// <param name="isAlone">Whether no others are in this process; of several, the reporter says the name.</param>
    public void Listening(string name, IPEndPoint at, bool isAlone)
    {
        reporter.Tell(new ListeningEvent(name, at.Address.ToString(), at.Port), Events.Default.ListeningEvent);
        reporter.Say(isAlone ? $"{name} listens on {at}. Ctrl-C ends it." : $"listens on {at}");
    }

    /// <summary>Reports an event, and remembers the end.</summary>
    public void Tell(RaopReceiverEvent happened)
    {
        switch (happened)
        {
            case RaopSessionStarted e: Started(e); break;
            case RaopAdvertised e:
                reporter.Tell(new AdvertisedEvent(e.Name), Events.Default.AdvertisedEvent);
                reporter.Say($"Senders see it as {e.Name}");
                break;
            case RaopAdvertisingFailed e:
                reporter.WarnOnce("Senders do not see it by itself: ", e.Error);
                break;
            case RaopPlaying e:
                reporter.Tell(new PlayingEvent(e.Session), Events.Default.PlayingEvent);
                reporter.Say("Playing");
                break;
            case RaopVolumeChanged e:
                reporter.Tell(new VolumeEvent(e.Session, e.Volume, double.IsFinite(e.GainDb) ? e.GainDb : null), Events.Default.VolumeEvent);
                reporter.Say(double.IsFinite(e.GainDb) ? $"Volume {e.Volume:0.#} dB" : "Muted");
                break;
            case RaopTrackChanged e: TellTrack(e); break;
            case RaopArtworkChanged e: TellArtwork(e); break;
            case RaopProgressChanged e: TellProgress(e); break;
            case RaopFlushed e:
                reporter.Tell(new FlushEvent(e.Session, e.Frames), Events.Default.FlushEvent);
                reporter.Say("Flushed: a pause, a seek or a stop");
                break;
            case RaopSenderRefused e:
                reporter.Tell(new RefusedEvent(e.Client.ToString(), e.Status, Printable.Clean(e.Reason)), Events.Default.RefusedEvent);
                reporter.Say($"Refused {e.Client}: {e.Reason} ({e.Status})");
                break;
            case RaopSessionEnded e:
                Ended(e);
                _firstEnd.TrySetResult(e);
                break;
        }
    }

    private void Started(RaopSessionStarted e)
    {
        _session = e.Session;
        Volatile.Write(ref _since, reporter.Console.Time.GetTimestamp());
        reporter.Tell(
            new SessionEvent(
                e.Session, e.Client.ToString(), e.UserAgent, Printable.Kebab(e.Transport), e.Codec, e.Encrypted, e.FramesPerPacket,
                e.Format.SampleRate, e.Format.BitsPerSample, e.Format.Channels, e.ClientName),
            Events.Default.SessionEvent);
        _saidDuration = null;
        string[] who = [.. new[] { e.ClientName, e.UserAgent }.OfType<string>().Where(static text => text.Length > 0)];
        string name = who.Length > 0 ? $"{string.Join(", ", who)} at {e.Client}" : e.Client.ToString();
        reporter.Say($"Session {e.Session}: {name}, {Printable.Kebab(e.Transport)}, {e.Codec}, {(e.Encrypted ? "encrypted" : "in clear")}, {e.Format}");
    }

    private void TellTrack(RaopTrackChanged e)
    {
        TrackInfo t = e.Track;
        reporter.Tell(
            new MetadataEvent(
                e.Session, t.Title, t.Artist, t.Album, t.AlbumArtist, t.Composer, t.Genre, Known(t.Year), Known(t.TrackNumber), Known(t.TrackCount),
                Known(t.DiscNumber), Known(t.DiscCount), t.Duration?.TotalSeconds, e.RtpTime),
            Events.Default.MetadataEvent);
        string[] parts = [.. new[] { t.Title, t.Artist, t.Album }.OfType<string>()];
        string length = t.Duration is { } duration ? $" ({TimeText.Format(duration)})" : "";
        reporter.Say(parts.Length > 0 ? $"Track: {string.Join(" · ", parts)}{length}" : "Track: nothing is known of it");
        _saidDuration = null;

        static int? Known(int number) => number == 0 ? null : number;
    }

    private void TellArtwork(RaopArtworkChanged e)
    {
        if (e.Artwork is not { } artwork)
        {
            reporter.Tell(new ArtworkEvent(e.Session, null, 0, null, null, e.RtpTime), Events.Default.ArtworkEvent);
            reporter.Say("Cover: none");
            return;
        }

        string? path = Keep(artwork);
        string digest = Convert.ToHexStringLower(SHA256.HashData(artwork.Bytes.Span));
        reporter.Tell(new ArtworkEvent(e.Session, artwork.MediaType, artwork.Bytes.Length, digest, path, e.RtpTime), Events.Default.ArtworkEvent);
        reporter.Say($"Cover: {artwork.MediaType}, {artwork.Bytes.Length} bytes{(path is null ? "" : $", {path}")}");
    }

    /// <summary>A folder that takes no more, a disk that is full, is said once; the music goes on.</summary>
    private string? Keep(Artwork artwork)
    {
        try
        {
            string? path = covers?.Keep(artwork);
            _coversFail = false;
            return path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!_coversFail) reporter.Warn("A cover is not kept: ", new RaopException(RaopError.OutputFailed, e.Message), "");
            _coversFail = true;
            return null;
        }
    }

    /// <summary>Machines get all of it, people the first after each track: many senders repeat it to be alive.</summary>
    private void TellProgress(RaopProgressChanged e)
    {
        reporter.Tell(new ProgressEvent(e.Session, e.Position?.TotalSeconds, e.Duration?.TotalSeconds, e.RtpTime), Events.Default.ProgressEvent);
        if (e.Duration is not { } duration || e.Position is not { } position || duration == _saidDuration) return;
        _saidDuration = duration;
        reporter.Say($"At {TimeText.Format(position)} of {TimeText.Format(duration)}");
    }

    private void Ended(RaopSessionEnded e)
    {
        if (e.Session == _session) Volatile.Write(ref _since, 0);
        RaopSessionCounts c = e.Counts;
        reporter.Tell(
            new EndedEvent(
                e.Session, Printable.Kebab(e.Cause), c.Packets, c.FramesWritten, c.FramesFlushed, c.PacketsLost, c.PacketsConcealed, c.Bytes,
                c.FramesChanged, c.Underruns, c.PacketsAskedAgain, c.PacketsRecovered, c.PacketsLate, c.Resyncs, e.Detail),
            Events.Default.EndedEvent);
        string wrong = string.Concat(
            c.PacketsLost > 0 ? $", {c.PacketsLost} packets lost" : "",
            c.PacketsConcealed > 0 ? $", {c.PacketsConcealed} packets concealed" : "",
            c.PacketsRecovered > 0 ? $", {c.PacketsRecovered} packets recovered" : "",
            c.FramesChanged > 0 ? $", {c.FramesChanged} frames changed" : "",
            c.Underruns > 0 ? $", {c.Underruns} underruns" : "");
        reporter.Say($"Session {e.Session} ended ({Printable.Kebab(e.Cause)}): {c.FramesWritten} frames in {c.Packets} packets{wrong}. {e.Detail}".TrimEnd());
    }
}
