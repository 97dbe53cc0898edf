using System.Net;

namespace Raop.Cli;

/// <summary>Tells what happens at a receiver.</summary>
internal sealed class ReceiverReport(Reporter reporter)
{
    private readonly TaskCompletionSource<RaopSessionEnded> _firstEnd = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the first session is over.</summary>
    public Task<RaopSessionEnded> FirstEnd => _firstEnd.Task;

    public void Listening(string name, IPEndPoint at)
    {
        reporter.Tell(new ListeningEvent(name, at.Address.ToString(), at.Port), Events.Default.ListeningEvent);
        reporter.Say($"{name} listens on {at}. Ctrl-C ends it.");
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
                reporter.Warn($"Senders do not see it by itself: {e.Error.Message} {e.Error.Remedy}");
                break;
            case RaopPlaying e:
                reporter.Tell(new PlayingEvent(e.Session), Events.Default.PlayingEvent);
                reporter.Say("Playing");
                break;
            case RaopVolumeChanged e:
                reporter.Tell(new VolumeEvent(e.Session, e.Volume, double.IsFinite(e.GainDb) ? e.GainDb : null), Events.Default.VolumeEvent);
                reporter.Say(double.IsFinite(e.GainDb) ? $"Volume {e.Volume:0.#} dB" : "Muted");
                break;
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
        reporter.Tell(
            new SessionEvent(
                e.Session, e.Client.ToString(), e.UserAgent, Printable.Kebab(e.Transport), e.Codec, e.Encrypted, e.FramesPerPacket,
                e.Format.SampleRate, e.Format.BitsPerSample, e.Format.Channels),
            Events.Default.SessionEvent);
        string name = e.UserAgent.Length > 0 ? $"{e.UserAgent} at {e.Client}" : e.Client.ToString();
        reporter.Say($"Session {e.Session}: {name}, {Printable.Kebab(e.Transport)}, {e.Codec}, {(e.Encrypted ? "encrypted" : "in clear")}, {e.Format}");
    }

    private void Ended(RaopSessionEnded e)
    {
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
