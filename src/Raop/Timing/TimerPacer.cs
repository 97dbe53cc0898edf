namespace Raop.Timing;

/// <summary>A pacer on the timers of a clock, for simulations: nothing leaves the thread that moves it.</summary>
internal sealed class TimerPacer(TimeProvider time) : Pacer
{
    private readonly List<Step> _steps = [];

    public override PacedStep Start(Func<long, long> step)
    {
        var started = new Step(time, step);
        _steps.Add(started);
        return started;
    }

    public override void Dispose() => _steps.ForEach(static step => step.Dispose());

    private sealed class Step : PacedStep
    {
        private readonly TimeProvider _time;
        private readonly Func<long, long> _step;
        private readonly ITimer _timer;
        private long _due;
        private bool _disposed;

        public Step(TimeProvider time, Func<long, long> step)
        {
            (_time, _step, _due) = (time, step, time.GetTimestamp());
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
        }

        private void Run()
        {
            if (_disposed) return;
            _due = Never;
            long next = _step(Math.Max(_time.GetTimestamp(), 0));
            if (_disposed || _due != Never) return; // woken meanwhile: its timer runs
            if (next == Never) return;
            _due = next;
            long wait = Math.Max(0, next - _time.GetTimestamp());
            _timer.Change(new TimeSpan((long)(((Int128)wait * TimeSpan.TicksPerSecond + _time.TimestampFrequency - 1) / _time.TimestampFrequency)), Timeout.InfiniteTimeSpan);
        }
    }
}
