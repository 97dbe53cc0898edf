using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Runtime.ExceptionServices;

namespace Raop.Tests.Simulation;

/// <summary>Hosts, the paths between them, and one queue of what happens when. The same seed gives the same history.</summary>
/// <remarks>
/// Everything runs on the thread that moves the clock. Code under test must not leave it, which these do:
/// a contended SemaphoreSlim.WaitAsync, a TaskCompletionSource with RunContinuationsAsynchronously, a Channel without
/// AllowSynchronousContinuations, a Task.Delay that is cancelled (DelayAsync of Raop.Timing is not concerned), ContinueWith without
/// ExecuteSynchronously, Task.Run, Task.Yield, CancelAsync, and every wait that has no TimeProvider. Such a hop fails the test.
/// </remarks>
internal sealed class SimulatedWorld
{
    private const int MostEventsInAnInstant = 5_000_000;
    private const int EventsBetweenLooks = 4096;
    private static readonly TimeSpan HopPatience = TimeSpan.FromSeconds(5); // real time, only before a failure; the pool is slow to begin beside other tests

    private readonly PriorityQueue<Scheduled, Order> _queue = new(new EarliestFirst());
    private readonly List<SimulatedHost> _hosts = [];
    private readonly Dictionary<(SimulatedHost From, SimulatedHost To), SimulatedPath> _paths = [];
    private long _sequence;
    private ulong _fingerprint = 14695981039346656037;
    private int _thread; // that moves the clock now; 0 while none does
    private volatile SimulationException? _hop;
    private long _instant;
    private int _eventsInInstant;

    public SimulatedWorld(int seed = 1)
    {
        Seed = seed;
        Clock = new SimulatedClock(this, host: null);
        TestContext.Current.TestOutputHelper?.WriteLine($"simulation seed {seed}");
    }

    public int Seed { get; }

    /// <summary>Virtual time since the world began, in ns.</summary>
    public long Nanoseconds { get; private set; }

    public TimeSpan Now => TimeSpan.FromTicks(Nanoseconds / 100);

    /// <summary>The true time, of no host: for the test itself.</summary>
    public SimulatedClock Clock { get; }

    public long EventCount { get; private set; }

    /// <summary>Sums up everything that has happened so far: equal histories give equal numbers.</summary>
    public ulong Fingerprint => _fingerprint;

    /// <summary>What happened, a line each, if <see cref="KeepsLog"/> is set.</summary>
    public List<string> Log { get; } = [];

    public bool KeepsLog { get; set; }

    /// <summary>Sees every datagram that leaves, lost or not: from which host, where to, the bytes.</summary>
    public DatagramTap? Tap { get; set; }

    public SimulatedHost AddHost(string name, params IEnumerable<string> addresses)
    {
        var host = new SimulatedHost(this, name, [.. addresses.Select(IPAddress.Parse)], _hosts.Count + 1);
        _hosts.Add(host);
        return host;
    }

    /// <summary>The way from one host to another, with conditions of its own.</summary>
    public SimulatedPath Path(SimulatedHost from, SimulatedHost to)
    {
        if (_paths.TryGetValue((from, to), out SimulatedPath? path)) return path;
        path = new SimulatedPath(this, from, to, unchecked((Seed * 7919) + (from.Number * 104_729) + (to.Number * 1_299_709)));
        if (from == to) path.Delay = TimeSpan.FromMicroseconds(10);
        _paths.Add((from, to), path);
        return path;
    }

    /// <summary>Sets the conditions of both ways.</summary>
    public void Between(SimulatedHost a, SimulatedHost b, Action<SimulatedPath> set)
    {
        set(Path(a, b));
        set(Path(b, a));
    }

    public void Partition(SimulatedHost a, SimulatedHost b) => Between(a, b, path => path.IsUp = false);

    public void Heal(SimulatedHost a, SimulatedHost b) => Between(a, b, path => path.IsUp = true);

    /// <summary>Cuts two hosts off from each other at a time since the world began, for a while.</summary>
    public void PartitionAt(SimulatedHost a, SimulatedHost b, TimeSpan at, TimeSpan length)
    {
        At(at, () => Partition(a, b));
        At(at + length, () => Heal(a, b));
    }

    /// <summary>Does something at a time since the world began.</summary>
    public void At(TimeSpan at, Action action) => Schedule(at.Ticks * 100, static state => ((Action)state!)(), action);

    public SimulatedHost? FindHost(IPAddress address) => _hosts.Find(host => host.Has(address));

    public void Record(string line)
    {
        if (KeepsLog) Log.Add(string.Create(CultureInfo.InvariantCulture, $"{Now:c} {line}"));
    }

    public void RunFor(TimeSpan time) => RunUntil(Now + time);

    /// <summary>Lets everything happen up to and at a time since the world began.</summary>
    public void RunUntil(TimeSpan time)
    {
        long end = time.Ticks * 100;
        OnThisThread(() =>
        {
            while (_queue.TryPeek(out _, out Order next) && next.Time <= end) Step();
        });
        Nanoseconds = Math.Max(Nanoseconds, end);
    }

    /// <summary>Lets everything happen until nothing is left, or fails when virtual time has passed the limit.</summary>
    public void RunUntilIdle(TimeSpan limit) => OnThisThread(() =>
    {
        while (_queue.TryPeek(out _, out Order next))
        {
            if (next.Time > limit.Ticks * 100) throw Failed($"There is still something to do after {limit:c}.");
            Step();
        }
    });

    /// <summary>Runs an asynchronous test to its end, on a thread without a synchronization context.</summary>
    /// <param name="body">The test. It may wait for anything that happens in this world.</param>
    /// <param name="limit">Virtual time that it may take, 1 h unless told.</param>
    [SuppressMessage("Design", "CA1031", Justification = "The exception is thrown on by the caller's thread.")]
    public void Run(Func<Task> body, TimeSpan? limit = null)
    {
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                OnThisThread(() => Drive(body, Now + (limit ?? TimeSpan.FromHours(1))));
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        }, maxStackSize: 16 * 1024 * 1024) { IsBackground = true, Name = "simulation" };
        thread.Start();
        thread.Join();
        failure?.Throw();
    }

    /// <summary>Queues a callback, of the world or of a host's process, which it outlives neither.</summary>
    public Scheduled Schedule(long at, Action<object?> callback, object? state, SimulatedHost? process = null)
    {
        CheckThread();
        var scheduled = new Scheduled(callback, state, process, process?.Incarnation ?? 0);
        _queue.Enqueue(scheduled, new Order(Math.Max(at, Nanoseconds), _sequence++));
        return scheduled;
    }

    /// <summary>Refuses callers from other threads while this world runs.</summary>
    public void CheckThread()
    {
        if (_thread == 0 || _thread == Environment.CurrentManagedThreadId) return;
        _hop ??= Failed($"Code ran on thread {Environment.CurrentManagedThreadId} ({Thread.CurrentThread.Name ?? "unnamed"}), not on the one "
            + $"that moves the clock. Something completes asynchronously (see {nameof(SimulatedWorld)}):\n{Environment.StackTrace}");
        throw _hop;
    }

    private void OnThisThread(Action run)
    {
        if (_thread != 0) throw new InvalidOperationException("The world runs already.");
        SynchronizationContext? context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        _thread = Environment.CurrentManagedThreadId;
        try
        {
            run();
            if (_hop is { } hop) throw hop;
        }
        finally
        {
            _thread = 0;
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    private void Drive(Func<Task> body, TimeSpan end)
    {
        Task test = WatchAsync(body);
        while (!test.IsCompleted)
        {
            if (_hop is { } hop) throw hop;
            if (!_queue.TryPeek(out _, out Order next)) WaitForHop(test);
            else if (next.Time > end.Ticks * 100) throw Failed($"The test is not finished after {end:c} of virtual time.");
            else Step();
        }

        test.GetAwaiter().GetResult();
    }

    private async Task WatchAsync(Func<Task> body)
    {
        try
        {
            await body().ConfigureAwait(false);
        }
        finally
        {
            CheckThread();
        }
    }

    [SuppressMessage("Usage", "xUnit1031", Justification = "Waits for real time before it fails; not a test method.")]
    private void WaitForHop(Task test)
    {
        SpinWait.SpinUntil(() => _hop is not null || test.IsCompleted, HopPatience);
        if (_hop is { } hop) throw hop;
        if (!test.IsCompleted)
        {
            throw Failed("Nothing is left to do and the test is not finished: it waits for something that will never come, "
                + "or for another thread.");
        }
    }

    private void Step()
    {
        if (!_queue.TryDequeue(out Scheduled? scheduled, out Order order)) return;
        Nanoseconds = Math.Max(Nanoseconds, order.Time);
        if (scheduled.IsCancelled) return;
        if (scheduled.Process is { } process && !process.MayRun(scheduled)) return;

        if (_instant != Nanoseconds) (_instant, _eventsInInstant) = (Nanoseconds, 0);
        if (++_eventsInInstant > MostEventsInAnInstant) throw Failed("Time stands still: things happen again and again at this instant.");
        if (++EventCount % EventsBetweenLooks == 0) TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        Mix((ulong)order.Time);
        Mix((ulong)order.Sequence);
        scheduled.Callback(scheduled.State);
    }

    public void Mix(ulong value) => _fingerprint = (_fingerprint ^ value) * 1099511628211;

    private SimulationException Failed(string what) => new($"{what} (seed {Seed}, at {Now:c}, {EventCount} events)");

    private readonly record struct Order(long Time, long Sequence);

    private sealed class EarliestFirst : IComparer<Order>
    {
        public int Compare(Order x, Order y) => x.Time != y.Time ? x.Time.CompareTo(y.Time) : x.Sequence.CompareTo(y.Sequence);
    }
}

/// <summary>Something that will happen.</summary>
internal sealed class Scheduled(Action<object?> callback, object? state, SimulatedHost? process, int incarnation)
{
    public Action<object?> Callback { get; } = callback;

    public object? State { get; } = state;

    public SimulatedHost? Process { get; } = process;

    public int Incarnation { get; } = incarnation;

    public bool IsCancelled { get; set; }

    public void Run()
    {
        if (!IsCancelled) Callback(State);
    }
}

/// <summary>Sees a datagram that leaves.</summary>
internal delegate void DatagramTap(SimulatedHost from, IPEndPoint to, ReadOnlySpan<byte> datagram);
