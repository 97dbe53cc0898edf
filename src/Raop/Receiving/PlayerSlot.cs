namespace Raop.Receiving;

/// <summary>Lets one session at a time have the sink.</summary>
internal sealed class PlayerSlot(RaopTakeOver policy, TimeProvider time)
{
    /// <summary>A sink that hangs in a write does not hold up newcomers for longer: they are told busy.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private ReceiverSession? _current;

    /// <summary>The session that has the sink, if any.</summary>
    public ReceiverSession? Current
    {
        get { lock (_lock) return _current; }
    }

    /// <summary>Whether a newcomer would be refused now: somebody plays, and the policy is not to take over.</summary>
    public bool IsBusy => policy == RaopTakeOver.Refuse && Current is { IsEnding: false, Over.IsCompleted: false };

    /// <summary>Gives the sink to <paramref name="newcomer"/> if it is free, if its owner only plays out its last frames, or if the policy is to take over.</summary>
    /// <returns>False when busy.</returns>
    public async ValueTask<bool> TryTakeAsync(ReceiverSession newcomer, CancellationToken cancellationToken)
    {
        while (true)
        {
            ReceiverSession? owner;
            lock (_lock)
            {
                if (_current is null || _current.Over.IsCompleted) _current = newcomer;
                owner = _current;
            }

            if (owner == newcomer) return true;
            if (policy == RaopTakeOver.Refuse && !owner.IsEnding) return false;
            owner.End(RaopEndCause.TakenOver, drain: false);
            try
            {
                await owner.Over.WaitAsync(Patience, time, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                return false;
            }
        }
    }
}
