namespace Raop.Timing;

/// <summary>A delay that is set again and again and as a rule is over before its end: only one that rings leaves garbage. One caller.</summary>
internal sealed class Alarm : IDisposable
{
    private readonly ITimer _timer;
    private TaskCompletionSource _rung = new();

    /// <param name="time">The clock.</param>
    public Alarm(TimeProvider time) =>
        _timer = time.CreateTimer(static alarm => ((Alarm)alarm!)._rung.TrySetResult(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>Rings once after this time. It may ring too early when it was set before: whoever waits must look at the clock.</summary>
    public Task Set(TimeSpan after)
    {
        if (_rung.Task.IsCompleted) _rung = new TaskCompletionSource();
        _timer.Change(after, Timeout.InfiniteTimeSpan);
        return _rung.Task;
    }

    /// <summary>Does not ring until it is set again.</summary>
    public void Unset() => _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    public void Dispose() => _timer.Dispose();
}
