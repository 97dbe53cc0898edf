using Raop.Sending;

namespace Raop;

/// <summary>A speaker in a <see cref="RaopGroup"/>. All is as of this moment and may be read from any thread.</summary>
public sealed class RaopGroupMember
{
    private readonly RaopGroup _group;
    private volatile RaopSpeaker _speaker;
    private volatile MemberPlace? _place;
    private readonly TaskCompletionSource _left = new(TaskCreationOptions.None);
    private volatile MemberCondition _condition = new(RaopMemberState.Connecting);

    internal RaopGroupMember(RaopGroup group, RaopSpeaker speaker, RaopMemberOptions options, string activeRemote)
    {
        (_group, _speaker, Options, ActiveRemote) = (group, speaker, options, activeRemote);
        (Delay, Channel, Muted) = (options.Delay, options.Channel, options.Muted);
    }

    /// <summary>What is known of it: its announcement, or the address that it was added by.</summary>
    public RaopSpeaker Speaker
    {
        get => _speaker;
        internal set => _speaker = value;
    }

    /// <summary>What we learned of it when its session was opened; null before.</summary>
    public RaopReceiverInfo? Info { get; internal set; }

    /// <summary>What it is doing.</summary>
    public RaopMemberState State => _condition.State;

    /// <summary>More to say of the state, for people, or null.</summary>
    public string? Detail => _condition.Detail;

    /// <summary>Why it was lost or could not be reached, with a remedy; null when nothing is wrong, and again when it is back.</summary>
    public RaopException? Cause => _condition.Cause;

    /// <summary>Its volume, dB: its part of the group's percentage; −144 at 0 %. <see cref="Muted"/> does not change it.</summary>
    public double Volume => _group.VolumeOf(this);

    /// <summary>Whether it is muted.</summary>
    public bool Muted { get; internal set; }

    /// <summary>How much later than the others it is to be heard, −500 to 500 ms; negative: earlier.</summary>
    public TimeSpan Delay { get; internal set; }

    /// <summary>Which part of the music it plays.</summary>
    public RaopChannel Channel { get; }

    /// <summary>What it has cost.</summary>
    public RaopMemberStatus Status => _group.StatusOf(this);

    /// <summary>The number by which its commands find this group, Active-Remote.</summary>
    internal string ActiveRemote { get; }

    internal RaopMemberOptions Options { get; }

    /// <summary>State, cause and detail, which belong together.</summary>
    internal MemberCondition Condition => _condition;

    /// <summary>Its volume as a part of the group's, 0 to 1.</summary>
    internal double Balance { get; set; } = 1;

    internal int Rejoined { get; set; }

    internal MemberPlace? Place
    {
        get => _place;
        set => _place = value;
    }

    internal CancellationTokenSource Leaving { get; } = new();

    /// <summary>Completes when it leaves.</summary>
    internal Task Left => _left.Task;

    /// <summary>While it waits to be tried again: completed when it was seen.</summary>
    internal TaskCompletionSource? Waiting { get; set; }

    internal Task Keeping { get; set; } = Task.CompletedTask;

    /// <summary>Sets its volume, and by that its balance. One that is to be louder than the group makes the group louder, and leaves the others alone.</summary>
    /// <param name="volume">0 dB loudest; −30, which is 0 %, and all below are muted; what is above counts as 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="volume"/> is no number.</exception>
    public Task SetVolumeAsync(double volume) => _group.SetVolumeAsync(this, volume);

    /// <summary>Mutes it, or lets it be heard again as loud as it was.</summary>
    /// <param name="muted">Whether it is to be silent.</param>
    public Task SetMuteAsync(bool muted) => _group.SetMuteAsync(this, muted);

    /// <summary>Lets it be heard later than the others, or earlier. It takes effect with the next sync, within a second.</summary>
    /// <param name="delay">−500 to 500 ms; negative: earlier. While playing it cannot become earlier than the latency allows.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="delay"/> is further from 0.</exception>
    public void SetDelay(TimeSpan delay)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(delay.Duration(), RaopMemberOptions.MostDelay, nameof(delay));
        _group.SetDelay(this, delay);
    }

    internal void Leave()
    {
        Leaving.Cancel();
        _left.TrySetResult();
    }

    /// <summary>Changes its condition.</summary>
    /// <param name="condition">What it is now.</param>
    /// <param name="seen">What it was when that was found, or null: whatever it was. Where it is another by now, nothing changes.</param>
    /// <returns>Whether it is another than before.</returns>
    internal bool Set(MemberCondition condition, MemberCondition? seen = null)
    {
        MemberCondition before = seen is null
            ? Interlocked.Exchange(ref _condition, condition)
            : Interlocked.CompareExchange(ref _condition, condition, seen);
        return before != condition && (seen is null || ReferenceEquals(before, seen));
    }
}
