using System.Threading.Tasks.Sources;

namespace Raop.Media.Output;

/// <summary>
/// Lets one caller wait for a sign from a device thread without allocating. A sign given while nobody waits is kept, one and
/// no more; the caller looks again after each.
/// </summary>
internal sealed class Wakeup : IValueTaskSource
{
    private readonly Lock _gate = new();
    private ManualResetValueTaskSourceCore<bool> _source = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _cancellation;
    private bool _isSet;
    private bool _isWaiting;

    /// <summary>Wakes the waiting caller, or the next that comes.</summary>
    public void Set()
    {
        lock (_gate)
        {
            if (!_isWaiting)
            {
                _isSet = true;
                return;
            }

            _isWaiting = false;
        }

        _source.SetResult(true);
    }

    /// <summary>Completes at the next <see cref="Set"/>, at once if there was one. One caller at a time.</summary>
    public ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (_isSet)
            {
                _isSet = false;
                return ValueTask.CompletedTask;
            }

            _source.Reset();
            _isWaiting = true;
        }

        short version = _source.Version;
        _cancellation = cancellationToken.UnsafeRegister(static (me, token) => ((Wakeup)me!).Cancel(token), this);
        return new ValueTask(this, version);
    }

    void IValueTaskSource.GetResult(short token)
    {
        _cancellation.Dispose(); // waits for a Cancel under way, so that it cannot hit the next wait
        _source.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    private void Cancel(CancellationToken token)
    {
        lock (_gate)
        {
            if (!_isWaiting) return;
            _isWaiting = false;
        }

        _source.SetException(new OperationCanceledException(token));
    }
}
