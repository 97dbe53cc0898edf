namespace Raop.Timing;

/// <summary>A pacer on the timers of a clock, for simulations: nothing leaves the thread that moves it.</summary>
internal sealed class TimerPacer(TimeProvider time) : Pacer
{
    private readonly List<Step> _steps = [];

    public override PacedStep Start(Func<long, long> step, long slack = 0)
    {
        var started = new Step(this, time, step);
        _steps.Add(started);
        return started;
    }

    public override void Dispose()
    {
        Step[] steps = [.. _steps]; // each takes itself off the list
        foreach (Step step in steps) step.Dispose();
    }

    private sealed class Step : PacedStep
    {
        /// <summary>Timers take no more than 49 days; a longer wait is made of several.</summary>
        private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(1);

        private readonly TimerPacer _pacer;
        private readonly TimeProvider _time;
        private readonly Func<long, long> _step;
        private readonly ITimer _timer;
        private long _due;
        private bool _disposed;

        public Step(TimerPacer pacer, TimeProvider time, Func<long, long> step)
        {
            (_pacer, _time, _step, _due) = (pacer, time, step, time.GetTimestamp());
            _timer = time.CreateTimer(static step => ((Step)step!).Run(), this, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }

        public override void Wake()
        {
            if (_disposed) return;
            _due = _time.GetTimestamp();
            _timer.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }

        public override void Dispose()
        {
            _disposed = true;
            _timer.Dispose();
            _pacer._steps.Remove(this);
        }

        private void Run()
        {
            if (_disposed) return;
            long now = _time.GetTimestamp();
            if (now >= _due)
            {
                _due = Never;
                long next = _step(now);
                if (_disposed || _due != Never) return; // woken meanwhile: its timer runs
                _due = next;
            }

            if (_due != Never) _timer.Change(Wait(), Timeout.InfiniteTimeSpan);
        }

        /// <summary>Until the step is due, rounded up, so that it is never early.</summary>
        private TimeSpan Wait()
        {
            Int128 wait = Int128.Max(0, (Int128)_due - _time.GetTimestamp()), perSecond = _time.TimestampFrequency;
            return new TimeSpan((long)Int128.Min(LongestTimer.Ticks, ((wait * TimeSpan.TicksPerSecond) + perSecond - 1) / perSecond));
        }
    }
}
