namespace Raop.Cli;

/// <summary>A speaker of a group, whether it is there or not.</summary>
/// <param name="chosen">Whom the user chose.</param>
/// <param name="options">What it gets.</param>
internal sealed class GroupPlace(ChosenSpeaker chosen, RaopMemberOptions options)
{
    private readonly Lock _lock = new();
    private RaopMemberStatus _before, _now; // a member counts from its last session on
    private volatile RaopGroupMember? _member;

    public ChosenSpeaker Chosen { get; } = chosen;

    public RaopMemberOptions Options { get; set; } = options;

    /// <summary>Where it is; null until somebody answers to its name.</summary>
    public RaopSpeaker? Speaker { get; set; } = chosen.Speaker;

    /// <summary>Why it is no member.</summary>
    public RaopException? Failure { get; set; } = chosen.Failure;

    public RaopGroupMember? Member
    {
        get => _member;
        set => _member = value;
    }

    /// <summary>Whether it has a session.</summary>
    public bool IsThere => _member is { State: RaopMemberState.Ready or RaopMemberState.Playing };

    /// <summary>Whether it is worth trying again.</summary>
    public bool MayPass => Failure is { } failure && (failure.IsTransient || failure.Error is RaopError.Refused or RaopError.ProtocolViolation);

    /// <summary>What it has cost in all its sessions, as far as this was asked while they lasted.</summary>
    public RaopMemberStatus Count()
    {
        if (_member is not { } member) return default;
        lock (_lock)
        {
            RaopMemberStatus status = member.Status;
            if (status.PacketsSent < _now.PacketsSent) _before = Sum();
            _now = status;
            return Sum();
        }
    }

    /// <summary>What it came to.</summary>
    public MemberCounts Ended()
    {
        RaopMemberStatus all = Count();
        RaopMemberState state = _member?.State ?? (MayPass ? RaopMemberState.Retrying : RaopMemberState.Failed);
        if (state == RaopMemberState.Connecting) state = RaopMemberState.Retrying;
        return new MemberCounts(
            Printable.Clean(_member?.Speaker.Name ?? Chosen.Name), Printable.Kebab(state), all.PacketsSent, all.BytesSent, all.Resent, all.Rejoined, all.Late?.TotalSeconds);
    }

    private RaopMemberStatus Sum() => new(
        _before.PacketsSent + _now.PacketsSent, _before.BytesSent + _now.BytesSent, _before.Resent + _now.Resent, _now.Rejoined, _now.Late);
}
