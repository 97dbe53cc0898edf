using Raop.Timing;

namespace Raop.Tests.Simulation;

/// <summary>A host's clock: an offset from true time and a rate of its own. Its timers are events of the world.</summary>
internal sealed class SimulatedClock(SimulatedWorld world, SimulatedHost? host) : TimeProvider
{
    private static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly LinkedList<Timer> _running = [];

    // Timestamps of two hosts must never be mistaken for each other.
    private readonly long _boot = (host?.Number ?? 0) * 1_000_000_000_007L;
    private long _worldBase, _localBase; // ns
    private long _partsPerBillion;

    /// <summary>How far the wall clock is from true time, at the beginning. Timestamps know no offset.</summary>
    public TimeSpan Offset { get; set; }

    /// <summary>How much faster than true time this clock runs, in parts per million.</summary>
    public double RatePpm
    {
        get => _partsPerBillion / 1000.0;
        set
        {
            (_localBase, _worldBase) = (Local, world.Nanoseconds);
            _partsPerBillion = (long)Math.Round(value * 1000);
            foreach (Timer timer in _running) timer.Reschedule();
        }
    }

    public override long TimestampFrequency => 1_000_000_000;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    private long Local => LocalAt(world.Nanoseconds);

    public override long GetTimestamp()
    {
        world.CheckThread();
        return _boot + Local;
    }

    public override DateTimeOffset GetUtcNow()
    {
        world.CheckThread();
        return Epoch + Offset + TimeSpan.FromTicks(Local / 100);
    }

    /// <summary>The true time, in ns since the world began, at which this clock shows a timestamp; right while its rate does not change.</summary>
    public long TrueTime(long timestamp) => WorldAt(timestamp - _boot);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Waits on this clock.</summary>
    public Task Delay(TimeSpan time, CancellationToken cancellationToken = default) => this.DelayAsync(time, cancellationToken);

    public void StopAll()
    {
        while (_running.First is { } first) first.Value.Stop();
    }

    private long LocalAt(long worldTime)
    {
        long elapsed = worldTime - _worldBase;
        return _localBase + elapsed + (long)((Int128)elapsed * _partsPerBillion / 1_000_000_000);
    }

    /// <summary>The first instant of the world at which this clock shows at least the given time.</summary>
    private long WorldAt(long local)
    {
        long guess = _worldBase + (long)((Int128)(local - _localBase) * 1_000_000_000 / (1_000_000_000 + _partsPerBillion));
        while (LocalAt(guess) < local) guess++;
        while (LocalAt(guess - 1) >= local) guess--;
        return guess;
    }

    private sealed class Timer(SimulatedClock clock, TimerCallback callback, object? state) : ITimer
    {
        private readonly ExecutionContext? _context = ExecutionContext.Capture();
        private LinkedListNode<Timer>? _node;
        private Scheduled? _scheduled;
        private long _due, _period; // local ns; period 0 fires once
        private bool _disposed;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (_disposed) return false;
            Stop();
            if (dueTime == Timeout.InfiniteTimeSpan) return true;
            ArgumentOutOfRangeException.ThrowIfLessThan(dueTime, TimeSpan.Zero);
            _due = clock.Local + (dueTime.Ticks * 100);
            _period = period > TimeSpan.Zero ? period.Ticks * 100 : 0;
            _node = clock._running.AddLast(this);
            Reschedule();
            return true;
        }

        public void Reschedule()
        {
            if (_scheduled is not null) _scheduled.IsCancelled = true;
            _scheduled = clock.Schedule(clock.WorldAt(_due), static timer => ((Timer)timer!).Fire(), this);
        }

        public void Stop()
        {
            if (_scheduled is not null) _scheduled.IsCancelled = true;
            _scheduled = null;
            if (_node is not null) clock._running.Remove(_node);
            _node = null;
        }

        public void Dispose()
        {
            _disposed = true;
            Stop();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Fire()
        {
            _scheduled = null;
            if (_period == 0) Stop();
            else
            {
                // Counted from the start, so it does not drift; what a frozen process missed is left out.
                long missed = (clock.Local - _due) / _period;
                _due += (missed + 1) * _period;
                Reschedule();
            }

            if (_context is null) callback(state);
            else ExecutionContext.Run(_context, static timer => ((Timer)timer!).Call(), this);
        }

        private void Call() => callback(state);
    }

    private Scheduled Schedule(long at, Action<object?> callback, object? state) =>
        host is null ? world.Schedule(at, callback, state) : host.Schedule(at, callback, state);
}
