using System.Threading.Tasks.Sources;

namespace Raop.Timing;

/// <summary>What a loop sleeps on: until somebody rings, or for a time at most. Leaves no garbage. One loop waits at a time; any thread rings.</summary>
/// <remarks>It may also ring for a time that was set before: whoever wakes must look why.</remarks>
internal sealed class Bell : IValueTaskSource, IDisposable
{
    /// <summary>Timers take no more than 49 days.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    private readonly Lock _lock = new();
    private readonly ITimer? _timer;
    private ManualResetValueTaskSourceCore<bool> _core;
    private bool _isAwaited;
    private bool _hasRung; // while nobody waited

    /// <param name="completions">Whether the loop goes on in the thread that rings, or on the thread pool.</param>
    /// <param name="time">The clock of waits that end by themselves; null: none does.</param>
    public Bell(TaskCreationOptions completions, TimeProvider? time = null)
    {
        _core.RunContinuationsAsynchronously = completions.HasFlag(TaskCreationOptions.RunContinuationsAsynchronously);
        Rung = Ring;
        _timer = time?.CreateTimer(static bell => ((Bell)bell!).Ring(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary><see cref="Ring"/>, made once.</summary>
    public Action Rung { get; }

    /// <summary>Ends the wait, or the next one.</summary>
    public void Ring()
    {
        lock (_lock)
        {
            _hasRung = !_isAwaited;
            if (!_isAwaited) return;
            _isAwaited = false;
        }

        _core.SetResult(true);
    }

    /// <summary>Completes when it rings, at once if it has since the last wait.</summary>
    public ValueTask WaitAsync()
    {
        lock (_lock)
        {
            if (_isAwaited) throw new InvalidOperationException("Somebody waits already.");
            if (_hasRung)
            {
                _hasRung = false;
                return ValueTask.CompletedTask;
            }

            _core.Reset();
            _isAwaited = true;
            return new ValueTask(this, _core.Version);
        }
    }

    /// <summary>Completes when it rings, or after this time, which is rounded up to whole ms, one at least: time must pass.</summary>
    public ValueTask WaitAsync(TimeSpan atMost)
    {
        ValueTask wait = WaitAsync();
        if (wait.IsCompleted) return wait;
        double ms = Math.Ceiling(Math.Clamp(atMost.TotalMilliseconds, 1, Longest.TotalMilliseconds)); // timers cut off parts of a ms
        _timer?.Change(TimeSpan.FromMilliseconds(ms), Timeout.InfiniteTimeSpan);
        return wait;
    }

    public void Dispose() => _timer?.Dispose();

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
