using System.Net;
using Raop.Remote;

namespace Raop;

/// <summary>What speakers command.</summary>
public sealed partial class RaopGroup
{
    private volatile DacpServer? _remote;

    /// <summary>Announces the remote control; null: speakers cannot command the group.</summary>
    internal DacpPublish? PublishRemote { get; set; }

    /// <summary>Hears speakers from now on. What fails costs the remote control alone.</summary>
    private void OpenRemote()
    {
        if (_remote is { } open)
        {
            open.IsOpen = true;
            return;
        }

        if (!_options.RemoteControl || PublishRemote is null) return;
        try
        {
            DacpServer remote = DacpServer.Start(
                _network, _time, new IPEndPoint(IPAddress.IPv6Any, 0), DacpId, new RemoteControl(Actions()).HandleAsync, RemoteStatus, PublishRemote, _log);
            _remote = remote;
            foreach (RaopGroupMember member in _members) remote.AddMember(member.ActiveRemote);
        }
        catch (RaopException e)
        {
            _log.NoRemoteControl(e.Message);
        }
    }

    private void CloseRemote()
    {
        if (_remote is { } remote) remote.IsOpen = false;
    }

    /// <summary>Members are heard, and nobody else.</summary>
    private void Admit(RaopGroupMember member, RaopMemberState state)
    {
        if (state == RaopMemberState.Removed) _remote?.RemoveMember(member.ActiveRemote);
        else _remote?.AddMember(member.ActiveRemote);
    }

    private RemoteActions Actions() => new()
    {
        Status = RemoteStatus,
        PauseAsync = _ => PauseAsync(),
        StopAsync = _ => PauseAsync(), // to end it is the application's affair; a speaker can go on from here
        ResumeAsync = _ => ResumeAsync(),
        SkipAsync = _ => SkipAsync(),
        PreviousAsync = _ => PreviousAsync(),
        SetGroupVolumeAsync = (percent, _) => SetVolumeAsync(RaopVolume.FromPercent(percent)),
        SetMemberVolumeAsync = async (token, volume, _) =>
        {
            if (Array.Find(_members, member => member.ActiveRemote == token) is not { } asking) return false;
            await SetVolumeAsync(asking, volume).ConfigureAwait(false);
            return true;
        },
        ToggleMuteAsync = _ =>
        {
            RaopGroupMember[] members = _members;
            bool mute = Array.Exists(members, static member => !member.Muted);
            return Task.WhenAll(members.Select(member => SetMuteAsync(member, mute)));
        },
    };

    private DacpStatus RemoteStatus()
    {
        RaopGroupStatus status = Status;
        TimeSpan? length = status.Source?.Info?.Duration;
        return new DacpStatus
        {
            State = status.State switch
            {
                RaopSenderState.Playing => DacpPlayState.Playing,
                RaopSenderState.Paused => DacpPlayState.Paused,
                _ => DacpPlayState.Stopped,
            },
            Track = status.Source?.Info,
            Duration = length is { } whole ? Milliseconds(whole) : null,
            Remaining = length is { } all ? Milliseconds(all - status.Position) : null,
            Volume = RaopVolume.ToPercent(Volume),
        };
    }

    private static uint Milliseconds(TimeSpan span) => (uint)Math.Clamp(span.TotalMilliseconds, 0, uint.MaxValue);
}
