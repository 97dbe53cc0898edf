namespace Raop;

/// <summary>How loud: one volume for all, a balance for each.</summary>
public sealed partial class RaopGroup
{
    private double _percent; // the group's, 0 to 100: that of its loudest member

    /// <summary>The group's volume, that of its loudest member, dB: 0 loudest, −144 muted.</summary>
    public double Volume
    {
        get
        {
            lock (_lock) return RaopVolume.FromPercent(_percent);
        }
    }

    /// <summary>Sets the volume of all: each keeps its balance, its part of the group's percentage. A member that cannot be told is told when it is back.</summary>
    /// <param name="volume">0 dB loudest; −30, which is 0 %, and all below are muted; what is above counts as 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="volume"/> is no number.</exception>
    public async Task SetVolumeAsync(double volume)
    {
        double percent = RaopVolume.ToPercent(Metadata.Volume.Number(volume));
        lock (_lock) _percent = percent;
        await InTimeAsync(Task.WhenAll(_members.Select(SendVolumeAsync))).ConfigureAwait(false);
        Raise(new RaopGroupVolumeChanged(Volume, null));
    }

    internal double VolumeOf(RaopGroupMember member)
    {
        lock (_lock) return RaopVolume.FromPercent(_percent * member.Balance);
    }

    internal async Task SetVolumeAsync(RaopGroupMember member, double volume)
    {
        double percent = RaopVolume.ToPercent(Metadata.Volume.Number(volume));
        lock (_lock) Balance(member, percent);
        await InTimeAsync(SendVolumeAsync(member)).ConfigureAwait(false);
        Raise(new RaopGroupVolumeChanged(Volume, member));
    }

    internal async Task SetMuteAsync(RaopGroupMember member, bool muted)
    {
        member.Muted = muted;
        await InTimeAsync(SendVolumeAsync(member)).ConfigureAwait(false);
        Raise(new RaopGroupVolumeChanged(Volume, member));
    }

    /// <summary>What a member is told, dB.</summary>
    private double Effective(RaopGroupMember member) => member.Muted ? RaopVolume.Mute : VolumeOf(member);

    /// <summary>A member gets a volume of its own. Under the lock.</summary>
    private void Balance(RaopGroupMember member, double percent)
    {
        if (percent == 0 && _percent == 0) return; // silent with all; its balance is for when they are heard again
        if (percent > _percent)
        {
            foreach (RaopGroupMember other in _members)
            {
                if (other != member) other.Balance *= _percent / percent; // as loud as it was
            }

            _percent = percent;
        }

        member.Balance = percent / _percent;
    }

    /// <summary>Never fails.</summary>
    private Task SendVolumeAsync(RaopGroupMember member) =>
        member.Place is { } place ? place.Session.TellVolumeAsync(() => Effective(member)) : Task.CompletedTask; // told when it is back
}
