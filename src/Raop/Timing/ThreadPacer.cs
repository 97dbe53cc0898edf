namespace Raop.Timing;

/// <summary>One thread that sleeps from deadline to deadline and calls whichever step is due; it lives while it has steps.</summary>
/// <remarks>
/// Sleeps are cut to whole milliseconds and a step is called up to 1 ms early rather than late: no spinning. It sleeps until the first step is due, and
/// before it sleeps again it calls all that are due within their slack.
/// </remarks>
internal sealed class ThreadPacer(TimeProvider time, string name) : Pacer
{
    private readonly Lock _lock = new();
    private readonly AutoResetEvent _changed = new(false);
    private readonly List<Step> _steps = [];
    private readonly long _early = time.TimestampFrequency / 1000;
    private Thread? _thread;

    public override PacedStep Start(Func<long, long> step, long slack = 0)
    {
        var started = new Step(this, step, time.GetTimestamp(), slack);
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
        bool isAwake = false; // something was due: what is so soon is called now, too
        while (Next(isAwake) is { } next)
        {
            long due = next.Due; // read once: a wake may come between
            long wait = due == Never ? Never : due - time.GetTimestamp();
            if (wait <= _early + (isAwake ? next.Slack : 0))
            {
                isAwake = true;
                next.Run(time);
            }
            else if (isAwake)
            {
                isAwake = false; // look again: the first to be due need not be the first to be called early
            }
            else
            {
                _changed.WaitOne(wait == Never ? Timeout.Infinite : (int)Math.Min(wait / _early, 60_000));
            }
        }
    }

    /// <summary>The step that is due first, or null when none is left, which ends the thread.</summary>
    /// <param name="early">Whether to count from when each may be called.</param>
    private Step? Next(bool early)
    {
        lock (_lock)
        {
            Step? first = null;
            long soonest = Never;
            foreach (Step step in _steps)
            {
                long due = step.Due;
                if (early && due != Never) due -= step.Slack;
                if (first is null || due < soonest) (first, soonest) = (step, due);
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

    private sealed class Step(ThreadPacer pacer, Func<long, long> step, long due, long slack) : PacedStep
    {
        private readonly Lock _running = new();
        private long _due = due;
        private long _latest; // told to the step: a wake after an early call must not take the time back
        private bool _disposed;

        public long Due => Volatile.Read(ref _due);

        public long Slack => slack;

        public override void Wake()
        {
            Interlocked.Exchange(ref _due, 0);
            if (Thread.CurrentThread != pacer._thread) pacer._changed.Set(); // its own thread looks before it sleeps
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
