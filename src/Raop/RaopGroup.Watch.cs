using Raop.Audio;
using Raop.Metadata;
using Raop.Sending;
using Raop.Timing;

namespace Raop;

/// <summary>Looks, while it plays, for signs of life and for what is heard; tells members and the user.</summary>
public sealed partial class RaopGroup
{
    private static readonly TimeSpan LookEach = TimeSpan.FromMilliseconds(250);

    /// <summary>A member that asks for nothing for so long is said to be silent.</summary>
    private static readonly TimeSpan LifePatience = TimeSpan.FromSeconds(3);

    private RaopSenderState _toldState = RaopSenderState.Idle;
    private IPcmSource? _toldSource;
    private TrackInfo? _toldInfo;

    private async Task WatchAsync(SenderStream stream, CancellationToken cancellationToken)
    {
        long before = _channel.Counts.Packets, since = 0; // when the first packet of this music left, about
        using var timer = new PeriodicTimer(LookEach, _time); // it leaves no garbage
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
            {
                if (since == 0 && _channel.Counts.Packets > before) since = _time.GetTimestamp();
                foreach (RaopGroupMember member in _members) LookAt(member, since);
                LookAtTrack(stream);
            }
        }
        catch (OperationCanceledException)
        {
            // It is over.
        }
    }

    /// <param name="member">Whom.</param>
    /// <param name="since">When the music began to be sent, in ticks; 0 as long as it has not.</param>
    private void LookAt(RaopGroupMember member, long since)
    {
        MemberCondition seen = member.Condition; // it may be lost at this moment
        if (since == 0 || member.Place is not { } place || seen.State is not (RaopMemberState.Ready or RaopMemberState.Playing)) return;
        if (place.IsAlive)
        {
            Set(member, MemberCondition.Playing, seen);
        }
        else if (seen.Detail is null && _time.GetElapsedTime(Math.Max(since, place.Since)) > LifePatience)
        {
            _log.NoSignOfLife(member.Speaker.Name);
            Set(member, new MemberCondition(RaopMemberState.Ready, Detail: "no sign of life, but connected"), seen);
        }
    }

    private void LookAtTrack(SenderStream stream)
    {
        IPcmSource? source = stream.Place.Track?.Original;
        TrackInfo? info = source?.Info;
        lock (_lock)
        {
            if (source == _toldSource && info == _toldInfo) return;
            (_toldSource, _toldInfo) = (source, info);
        }

        Raise(new RaopGroupTrackChanged(source, info));
        foreach (RaopGroupMember member in _members) Tell(member, stream);
    }

    /// <summary>A start, a pause, a resume, a seek or a skip has happened.</summary>
    private void Changed(SenderStream stream)
    {
        RaopSenderState state = stream.State;
        bool isNew;
        lock (_lock)
        {
            isNew = state != _toldState;
            _toldState = state;
        }

        if (isNew) Raise(new RaopGroupStateChanged(state));
        if (state != RaopSenderState.Playing) return;
        foreach (RaopGroupMember member in _members) Tell(member, stream, onlyProgress: true);
    }

    private void Rested()
    {
        lock (_lock) (_toldState, _toldSource, _toldInfo) = (RaopSenderState.Idle, null, null);
        foreach (RaopGroupMember member in _members)
        {
            if (member.Condition is { State: RaopMemberState.Playing } seen) Set(member, new MemberCondition(RaopMemberState.Ready), seen);
        }

        Raise(new RaopGroupTrackChanged(null, null));
        Raise(new RaopGroupStateChanged(RaopSenderState.Idle));
    }

    private void Tell(RaopGroupMember member, SenderStream stream, bool onlyProgress = false)
    {
        if (member.Place is { } place) _ = NowPlaying.TellAsync(place.Teller, stream, _channel, onlyProgress);
    }
}
