using Raop.Remote;

namespace Raop;

/// <summary>What speakers may do to the group by their keys: DACP.</summary>
public sealed partial class RaopGroup
{
    private readonly DacpPublish? _publish;
    private readonly Dictionary<string, RaopGroupMember> _away = []; // by Active-Remote: who left because it was wanted for something else
    private RemoteListener? _remote;
    private bool _listens;

    /// <summary>From the first member on, before it hears of us. Under the lock.</summary>
    private void Hear(RaopGroupMember member)
    {
        if (!_listens && _publish is not null) _remote = RemoteListener.Start(_network, _time, DacpId, Actions(), _publish, _log);
        _listens = true;
        _remote?.Add(member.ActiveRemote);
    }

    private RemoteActions Actions() => new()
    {
        Status = RemoteStatus,
        PauseAsync = _ => PauseAsync(),
        ResumeAsync = _ => ResumeAsync(),
        SkipAsync = _ => SkipAsync(),
        PreviousAsync = _ => PreviousAsync(),
        StopAsync = _ => PauseAsync(), // to end it is the application's affair; a speaker can go on from here
        SetGroupVolumeAsync = (percent, _) => SetVolumeAsync(RaopVolume.FromPercent(percent)),
        ToggleMuteAsync = _ => ToggleMuteAsync(),
        SetMemberVolumeAsync = SetMemberVolumeAsync,
        LeaveAsync = LeaveAsync,
    };

    private DacpStatus RemoteStatus()
    {
        RaopGroupStatus status = Status;
        return DacpStatus.Of(status.State, status.Source, status.Position, RaopVolume.ToPercent(Volume));
    }

    private async Task ToggleMuteAsync()
    {
        RaopGroupMember[] members = _members;
        bool mute = Array.Exists(members, static member => !member.Muted);
        await Task.WhenAll(members.Select(member => SetMuteAsync(member, mute))).ConfigureAwait(false);
    }

    private async Task<bool> SetMemberVolumeAsync(string token, double volume, CancellationToken cancellationToken)
    {
        if (Array.Find(_members, member => member.ActiveRemote == token) is not { } member) return false;
        await SetVolumeAsync(member, volume).ConfigureAwait(false);
        return true;
    }

    /// <summary>It is wanted for something else and leaves, or is free again and comes back.</summary>
    private async Task<bool> LeaveAsync(string token, bool leaves, CancellationToken cancellationToken)
    {
        RaopGroupMember? member;
        if (leaves)
        {
            member = Array.Find(_members, member => member.ActiveRemote == token);
            if (member is null) return false;
            await RemoveAsync(member).ConfigureAwait(false);
            lock (_lock) _away[token] = member;
            _remote?.Add(token); // so that it can say that it is free
            return true;
        }

        lock (_lock)
        {
            if (!_away.Remove(token, out member)) return false;
        }

        _remote?.Remove(token);
        RaopGroupMember again = Make(member.Speaker, member.Options with { KeepTrying = true, Volume = null, Muted = member.Muted, Delay = member.Delay });
        again.Balance = member.Balance; // as loud as it was when it left
        await AddAsync(again, CancellationToken.None).ConfigureAwait(false);
        return true;
    }
}
