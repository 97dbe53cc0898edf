using Raop.Timing;

namespace Raop.Tests.Timing;

/// <summary>On the real clock, but nothing here depends on how fast anything is: tests wait for events and look at orders.</summary>
public sealed class ThreadPacerTests : IDisposable
{
    private readonly ThreadPacer _pacer = new(TimeProvider.System, "test pacer");

    public void Dispose() => _pacer.Dispose();

    [Fact]
    public void Steps_run_on_one_thread_and_never_before_the_time_they_ask_for()
    {
        using var done = new CountdownEvent(3);
        int[] threads = new int[3];
        bool inTime = true;
        for (int i = 0; i < 3; i++)
        {
            int step = i, calls = 0;
            long asked = 0;
            _pacer.Start(now =>
            {
                inTime &= now >= asked;
                if (threads[step] != 0 && threads[step] != Environment.CurrentManagedThreadId) inTime = false;
                threads[step] = Environment.CurrentManagedThreadId;
                if (++calls == 5) done.Signal();
                return calls >= 5 ? Pacer.Never : asked = now + (step * TimeProvider.System.TimestampFrequency / 500);
            });
        }

        done.Wait(TestContext.Current.CancellationToken);
        Assert.True(inTime);
        Assert.Single(threads.Distinct());
    }

    [Fact]
    public void Of_two_steps_the_one_that_is_due_first_goes_first()
    {
        using var both = new ManualResetEventSlim();
        using var done = new CountdownEvent(2);
        List<string> order = [];
        long start = 0;
        PacedStep late = _pacer.Start(Step("late", 60));
        PacedStep soon = _pacer.Start(Step("soon", 20));
        both.Set();
        done.Wait(TestContext.Current.CancellationToken);
        Assert.Equal(["soon", "late"], order);
        GC.KeepAlive((late, soon));

        Func<long, long> Step(string name, int milliseconds)
        {
            int calls = 0;
            return now =>
            {
                both.Wait(); // holds the pacer's one thread until both have started
                if (start == 0) start = now;
                if (++calls == 1) return start + (milliseconds * TimeProvider.System.TimestampFrequency / 1000);
                order.Add(name);
                done.Signal();
                return Pacer.Never;
            };
        }
    }

    [Fact]
    public void A_step_that_waits_is_called_by_each_wake()
    {
        using var called = new SemaphoreSlim(0);
        PacedStep step = _pacer.Start(_ =>
        {
            called.Release();
            return Pacer.Never;
        });
        for (int i = 0; i < 100; i++)
        {
            called.Wait(TestContext.Current.CancellationToken);
            step.Wake();
        }

        called.Wait(TestContext.Current.CancellationToken);
    }

    [Fact]
    public void What_has_slack_is_called_along_with_what_is_due_and_told_the_time_it_asked_for()
    {
        using var done = new ManualResetEventSlim();
        long hour = 3600 * TimeProvider.System.TimestampFrequency, start = 0;
        List<long> told = [];
        PacedStep patient = _pacer.Start(now =>
        {
            if (start == 0) start = now;
            else told.Add((now - start) / hour);
            if (told.Count == 3) done.Set();
            return told.Count >= 3 ? Pacer.Never : start + (hour * (told.Count + 1));
        }, slack: 10 * hour);
        _pacer.Start(now => now + (TimeProvider.System.TimestampFrequency / 100)); // wakes the thread
        done.Wait(TestContext.Current.CancellationToken); // else in an hour
        Assert.Equal([1, 2, 3], told);
        GC.KeepAlive(patient);
    }

    [Fact]
    public void A_wake_during_a_call_is_not_lost()
    {
        using var inside = new ManualResetEventSlim();
        using var woken = new ManualResetEventSlim();
        using var again = new ManualResetEventSlim();
        int calls = 0;
        PacedStep step = _pacer.Start(_ =>
        {
            if (++calls == 2) again.Set();
            inside.Set();
            woken.Wait();
            return Pacer.Never;
        });
        inside.Wait(TestContext.Current.CancellationToken);
        step.Wake();
        woken.Set();
        again.Wait(TestContext.Current.CancellationToken);
        step.Dispose(); // what it waits for must outlive it
    }

    [Fact]
    public void Time_does_not_go_back_when_a_wake_follows_an_early_call()
    {
        using var done = new ManualResetEventSlim();
        PacedStep? step = null;
        using var started = new ManualResetEventSlim();
        long latest = 0;
        bool wentBack = false;
        int calls = 0;
        step = _pacer.Start(now =>
        {
            started.Wait();
            wentBack |= now < latest;
            latest = now;
            if (++calls == 40) done.Set();
            if (calls >= 40) return Pacer.Never;
            if (calls % 2 == 0) step!.Wake(); // at once, while the clock may still be before the time of this call
            return now + (TimeProvider.System.TimestampFrequency / 1100); // within what is called early
        });
        started.Set();
        done.Wait(TestContext.Current.CancellationToken);
        Assert.False(wentBack);
    }

    [Fact]
    public void Disposal_from_outside_waits_for_the_running_call()
    {
        using var inside = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        bool left = false;
        int calls = 0;
        PacedStep step = _pacer.Start(_ =>
        {
            calls++;
            inside.Set();
            go.Wait();
            left = true;
            return 0;
        });
        inside.Wait(TestContext.Current.CancellationToken);
        var disposer = new Thread(step.Dispose);
        disposer.Start();
        go.Set();
        disposer.Join();
        Assert.True(left);
        int before = calls;
        step.Wake();
        RunAnother(); // whatever the thread still had to do is done
        Assert.Equal(before, calls);
    }

    [Fact]
    public void A_step_may_dispose_itself_and_the_pacer_starts_again()
    {
        int calls = 0;
        PacedStep? step = null;
        using var started = new ManualResetEventSlim();
        using var disposed = new ManualResetEventSlim();
        step = _pacer.Start(_ =>
        {
            started.Wait();
            calls++;
            step!.Dispose();
            disposed.Set();
            return 0; // at once, if it were not disposed
        });
        started.Set();
        disposed.Wait(TestContext.Current.CancellationToken);
        RunAnother();
        Assert.Equal(1, calls);
    }

    [Fact]
    public void A_step_may_dispose_the_pacer()
    {
        using var other = new ManualResetEventSlim();
        using var done = new ManualResetEventSlim();
        _pacer.Start(_ =>
        {
            other.Set();
            return Pacer.Never;
        });
        other.Wait(TestContext.Current.CancellationToken);
        _pacer.Start(_ =>
        {
            _pacer.Dispose();
            done.Set();
            return 0;
        });
        done.Wait(TestContext.Current.CancellationToken);
    }

    private void RunAnother()
    {
        using var ran = new ManualResetEventSlim();
        using PacedStep step = _pacer.Start(_ =>
        {
            ran.Set();
            return Pacer.Never;
        });
        ran.Wait(TestContext.Current.CancellationToken);
    }
}
