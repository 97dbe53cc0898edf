using Raop.Audio;
using Raop.Metadata;
using Raop.Remote;
using Raop.Sending;
using Raop.Timing;

namespace Raop;

/// <summary>Tells the receiver what plays, and does what it asks by its keys: DACP.</summary>
public sealed partial class RaopSender
{
    private static readonly TimeSpan LookEach = TimeSpan.FromMilliseconds(250);

    private readonly MetadataTeller _teller;
    private RemoteListener? _remote;
    private double _volume; // as last set, dB
    private double _unmuted = 100; // what it was before the keys muted it

    /// <summary>Tells what is heard, whenever it is something else.</summary>
    private async Task WatchAsync(SenderStream stream, CancellationToken cancellationToken)
    {
        (IPcmSource? Source, TrackInfo? Info) told = default;
        using var timer = new PeriodicTimer(LookEach, _options.TimeProvider); // it leaves no garbage
        try
        {
            do
            {
                IPcmSource? source = stream.Place.Track?.Original;
                if (source is not null && told != (source, source.Info))
                {
                    told = (source, source.Info);
                    _remote?.StatusChanged();
                    _ = NowPlaying.TellAsync(_teller, stream, _audio, onlyProgress: false);
                }
            }
            while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            // It is over.
        }
    }

    private async Task TellAfterAsync(Func<SenderStream, Task> change)
    {
        if (_stream is not { } stream) return;
        await change(stream).ConfigureAwait(false);
        _remote?.StatusChanged();
        if (stream.State == RaopSenderState.Playing) _ = NowPlaying.TellAsync(_teller, stream, _audio, onlyProgress: true);
    }

    private void Open(bool isOpen)
    {
        if (_remote is not { } remote) return;
        remote.IsOpen = isOpen;
        remote.StatusChanged();
    }

    private static RemoteActions Actions(Func<RaopSender> sender) => new()
    {
        Status = () => DacpStatus.Of(sender().Status.State, sender().Status.Source, sender().Status.Position, RaopVolume.ToPercent(sender().Volume)),
        PauseAsync = _ => sender().PauseAsync(),
        ResumeAsync = _ => sender().ResumeAsync(),
        SkipAsync = _ => sender().SkipAsync(),
        PreviousAsync = _ => sender().PreviousAsync(),
        StopAsync = _ => sender().PauseAsync(), // to end it is the application's affair; the speaker can go on from here
        SetGroupVolumeAsync = (percent, stop) => sender().SetVolumeAsync(RaopVolume.FromPercent(percent), stop),
        ToggleMuteAsync = _ => sender().ToggleMuteAsync(),
        SetMemberVolumeAsync = async (_, volume, stop) =>
        {
            await sender().SetVolumeAsync(volume, stop).ConfigureAwait(false);
            return true;
        },
        LeaveAsync = async (_, leaves, _) =>
        {
            if (leaves) await sender().PauseAsync().ConfigureAwait(false);
            return true;
        },
    };

    private Task ToggleMuteAsync()
    {
        double percent = RaopVolume.ToPercent(Volume);
        if (percent > 0) _unmuted = percent;
        return SetVolumeAsync(RaopVolume.FromPercent(percent > 0 ? 0 : _unmuted));
    }
}
