namespace Raop.Cli;

/// <summary>Tells what becomes of the speakers of a group. From any thread.</summary>
internal sealed class GroupReport(Reporter reporter)
{
    private readonly Lock _lock = new();
    private readonly HashSet<RaopGroupMember> _connected = [];
    private readonly Dictionary<RaopGroupMember, RaopError> _lost = [];
    private volatile bool _isAlive;

    /// <summary>Whether any speaker has shown a sign of life while it plays.</summary>
    public bool IsAlive => _isAlive;

    /// <summary>Why a speaker was lost, the last time.</summary>
    public RaopException? LastCause { get; private set; }

    /// <summary>Takes what the group says.</summary>
    public void Take(RaopGroupEvent happened)
    {
        if (happened is not RaopGroupMemberChanged changed) return;
        if (changed.State == RaopMemberState.Playing) _isAlive = true;
        lock (_lock)
        {
            LastCause = changed.State == RaopMemberState.Removed ? LastCause : changed.Cause ?? LastCause;
            switch (changed.State)
            {
                case RaopMemberState.Ready when changed.Detail is null: Ready(changed); break;
                case RaopMemberState.Ready: Silent(changed); break;
                case RaopMemberState.Playing: Tell(changed); break;
                case RaopMemberState.Retrying: Lost(changed); break;
                case RaopMemberState.Failed:
                    _lost.Remove(changed.Member);
                    Tell(changed);
                    if (!reporter.IsJson) reporter.Warn($"{changed.Member.Speaker.Name} is lost for good: ", changed.Cause!, "");
                    break;
            }
        }
    }

    private void Ready(RaopGroupMemberChanged changed)
    {
        RaopGroupMember member = changed.Member;
        bool wasLost = _lost.Remove(member);
        if (_connected.Add(member))
        {
            Connection.Report(member.Speaker.Name, member.Info!, among: true, reporter);
        }
        else if (wasLost)
        {
            Tell(changed);
            reporter.Say($"{member.Speaker.Name} is back");
        }
    }

    private void Silent(RaopGroupMemberChanged changed)
    {
        if (changed.Member.Info?.Transport != RaopTransport.Udp) return; // over TCP there is nothing to ask
        Tell(changed);
        reporter.Say($"{changed.Member.Speaker.Name}: {changed.Detail}: a firewall may keep its questions for our clock out (--udp-ports 6001-6010, and open them)");
    }

    private void Lost(RaopGroupMemberChanged changed)
    {
        RaopGroupMember member = changed.Member;
        RaopException cause = changed.Cause!;
        bool isNew = !_lost.TryGetValue(member, out RaopError before);
        if (!isNew && before == cause.Error) return; // as at the last try
        _lost[member] = cause.Error;
        Tell(changed);
        if (isNew && _connected.Contains(member)) // one that never was there has been warned of
            reporter.Say($"{member.Speaker.Name} is lost: {cause.Message.TrimEnd('.')}; trying again");
    }

    private void Tell(RaopGroupMemberChanged changed) => reporter.Tell(
        new MemberEvent(
            Printable.Clean(changed.Member.Speaker.Name), Printable.Kebab(changed.State), changed.Cause is { } cause ? Printable.Kebab(cause.Error) : null,
            changed.Cause is { } why ? Printable.Clean(why.Message) : null, changed.Detail),
        Events.Default.MemberEvent);
}
