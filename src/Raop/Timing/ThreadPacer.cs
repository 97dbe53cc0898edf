namespace Raop.Timing;

/// <summary>One thread that sleeps from deadline to deadline and calls whichever step is due; it lives while it has steps.</summary>
/// <remarks>Sleeps are cut to whole milliseconds and a step is called up to 1 ms early rather than late: no spinning.</remarks>
internal sealed class ThreadPacer(TimeProvider time, string name) : Pacer
{
    private readonly Lock _lock = new();
    private readonly AutoResetEvent _changed = new(false);
    private readonly List<Step> _steps = [];
    private readonly long _early = time.TimestampFrequency / 1000;
    private Thread? _thread;

    public override PacedStep Start(Func<long, long> step)
    {
        var started = new Step(this, step, time.GetTimestamp());
        lock (_lock)
        {
            _steps.Add(started);
            if (_thread is null)
            {
                _thread = new Thread(Run) { IsBackground = true, Name = name, Priority = ThreadPriority.AboveNormal };
                _thread.Start();
            }
        }

        _changed.Set();
        return started;
    }

    public override void Dispose()
    {
        Step[] steps;
        lock (_lock) steps = [.. _steps];
        foreach (Step step in steps) step.Dispose();
    }

    private void Run()
    {
        while (Next() is { } next)
        {
            long due = next.Due; // read once: a wake may come between
            long wait = due == Never ? Never : due - time.GetTimestamp();
            if (wait > _early)
            {
                _changed.WaitOne(wait == Never ? Timeout.Infinite : (int)Math.Min(wait / _early, 60_000));
                continue;
            }

            next.Run(time);
        }
    }

    /// <summary>The step that is due first, or null when none is left, which ends the thread.</summary>
    private Step? Next()
    {
        lock (_lock)
        {
            Step? first = null;
            foreach (Step step in _steps)
            {
                if (first is null || step.Due < first.Due) first = step;
            }

            if (first is null) _thread = null;
            return first;
        }
    }

    private void Remove(Step step)
    {
        lock (_lock) _steps.Remove(step);
        _changed.Set();
    }

    private sealed class Step(ThreadPacer pacer, Func<long, long> step, long due) : PacedStep
    {
        private readonly Lock _running = new();
        private long _due = due;
        private long _latest; // told to the step: a wake after an early call must not take the time back
        private bool _disposed;

        public long Due => Volatile.Read(ref _due);

        public override void Wake()
        {
            Interlocked.Exchange(ref _due, 0);
            pacer._changed.Set();
        }

        public void Run(TimeProvider time)
        {
            lock (_running)
            {
                if (_disposed) return;
                long asked = Interlocked.Exchange(ref _due, Never);
                _latest = Math.Max(_latest, Math.Max(asked == Never ? 0 : asked, time.GetTimestamp()));
                long next = step(_latest);
                Interlocked.CompareExchange(ref _due, next, Never); // a Wake meanwhile stands
            }
        }

        public override void Dispose()
        {
            pacer.Remove(this);
            lock (_running) _disposed = true;
        }
    }
}
