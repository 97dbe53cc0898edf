using System.Threading.Channels;
using Raop.Timing;

namespace Raop.Tests.Simulation;

/// <summary>That virtual time behaves as time does, and that asynchronous code stays on the thread that moves it.</summary>
public sealed class SimulatedClockTests
{
    [Theory]
    [InlineData(300)]
    [InlineData(-300)]
    public void A_clock_that_is_off_by_ppm_shows_it(double ppm)
    {
        var world = new SimulatedWorld();
        SimulatedHost host = world.AddHost("host");
        (host.Clock.RatePpm, host.Clock.Offset) = (ppm, TimeSpan.FromDays(1));
        DateTimeOffset wall = host.Clock.GetUtcNow();
        long start = host.Clock.GetTimestamp();
        Assert.Equal(TimeSpan.FromDays(1), wall - world.Clock.GetUtcNow());

        world.RunFor(TimeSpan.FromHours(1));
        Assert.Equal(3600 + (ppm * 0.0036), host.Clock.GetElapsedTime(start).TotalSeconds, 6);
        Assert.Equal(3600 + (ppm * 0.0036), (host.Clock.GetUtcNow() - wall).TotalSeconds, 6);

        double fires = 0;
        using ITimer timer = host.Clock.CreateTimer(_ => fires = world.Now.TotalSeconds, null, TimeSpan.FromHours(1), Timeout.InfiniteTimeSpan);
        world.RunFor(TimeSpan.FromHours(1.1));
        Assert.Equal(3600 + (3600 / (1 + (ppm / 1e6))), fires, 6);
    }

    [Fact]
    public void A_change_of_rate_moves_timers_and_not_the_time()
    {
        var world = new SimulatedWorld();
        SimulatedHost host = world.AddHost("host");
        double fires = 0;
        using ITimer timer = host.Clock.CreateTimer(_ => fires = world.Now.TotalSeconds, null, TimeSpan.FromSeconds(20), Timeout.InfiniteTimeSpan);
        world.RunFor(TimeSpan.FromSeconds(10));
        long before = host.Clock.GetTimestamp();
        host.Clock.RatePpm = 1_000_000; // twice as fast
        Assert.Equal(before, host.Clock.GetTimestamp());
        world.RunFor(TimeSpan.FromSeconds(10));
        Assert.Equal(15, fires, 6);
    }

    [Fact]
    public void Timers_fire_in_the_order_of_their_times_then_of_their_making()
    {
        var world = new SimulatedWorld();
        List<string> fired = [];
        foreach ((string name, int ms) in new[] { ("d", 30), ("a", 10), ("b", 20), ("c", 20), ("never", -1) })
            world.Clock.CreateTimer(_ => fired.Add(name), null, TimeSpan.FromMilliseconds(ms), Timeout.InfiniteTimeSpan);
        ITimer disposed = world.Clock.CreateTimer(_ => fired.Add("disposed"), null, TimeSpan.FromMilliseconds(10), Timeout.InfiniteTimeSpan);
        ITimer changed = world.Clock.CreateTimer(_ => fired.Add("e"), null, TimeSpan.FromMilliseconds(5), Timeout.InfiniteTimeSpan);
        disposed.Dispose();
        Assert.True(changed.Change(TimeSpan.FromMilliseconds(40), Timeout.InfiniteTimeSpan));
        Assert.False(disposed.Change(TimeSpan.Zero, TimeSpan.Zero));
        world.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(["a", "b", "c", "d", "e"], fired);
    }

    [Fact]
    public void A_periodic_timer_does_not_drift_in_a_thousand_hours()
    {
        var world = new SimulatedWorld();
        SimulatedHost host = world.AddHost("host");
        host.Clock.RatePpm = 37.123;
        long start = host.Clock.GetTimestamp(), late = 0, count = 0;
        using ITimer timer = host.Clock.CreateTimer(_ =>
        {
            count++;
            late = Math.Max(late, host.Clock.GetTimestamp() - start - (count * 1_000_000_000));
        }, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        world.RunFor(TimeSpan.FromHours(1000));
        Assert.Equal(3_600_133, count); // 133.6 s more than the world has seen
        Assert.InRange(late, 0, 1); // ns
    }

    [Fact]
    public void Delays_timeouts_and_races_run_on_the_thread_of_the_world()
    {
        var world = new SimulatedWorld();
        TimeProvider time = world.AddHost("host").Clock;
        world.Run(async () =>
        {
            int thread = Environment.CurrentManagedThreadId;
            await Task.Delay(TimeSpan.FromSeconds(1), time);
            Assert.Equal(1, world.Now.TotalSeconds);

            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2), time);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => time.DelayAsync(TimeSpan.FromSeconds(10), limit.Token));
            Assert.Equal(3, world.Now.TotalSeconds);

            Task slow = Task.Delay(TimeSpan.FromSeconds(5), time), fast = Task.Delay(TimeSpan.FromSeconds(1), time);
            Assert.Same(fast, await Task.WhenAny(slow, fast));
            Assert.Equal(4, world.Now.TotalSeconds);
            await Task.WhenAll(slow, fast);
            Assert.Equal(8, world.Now.TotalSeconds);

            await Assert.ThrowsAsync<TimeoutException>(() => new TaskCompletionSource().Task.WaitAsync(TimeSpan.FromSeconds(1), time));
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token);
            using var periodic = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
            for (int i = 0; i < 3; i++) Assert.True(await periodic.WaitForNextTickAsync());
            Assert.Equal(12, world.Now.TotalSeconds);

            var channel = Channel.CreateUnbounded<int>(new UnboundedChannelOptions { AllowSynchronousContinuations = true });
            using ITimer timer = time.CreateTimer(_ => channel.Writer.TryWrite(5), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
            Assert.Equal(5, await channel.Reader.ReadAsync());
            Assert.Equal(13, world.Now.TotalSeconds);
            Assert.Equal(thread, Environment.CurrentManagedThreadId);
        });
    }

    [Fact]
    public void Code_that_leaves_the_thread_fails_the_test()
    {
        Func<SimulatedWorld, Task>[] hops =
        [
            async world => await Task.Run(() => world.Clock.GetTimestamp()),
            async world =>
            {
                var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                world.At(TimeSpan.FromSeconds(1), done.SetResult);
                await done.Task;
                await world.Clock.Delay(TimeSpan.FromSeconds(1));
            },
            async world =>
            {
                using var gate = new SemaphoreSlim(0);
                world.At(TimeSpan.FromSeconds(1), () => gate.Release());
                await gate.WaitAsync();
            },
            async world =>
            {
                using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1), world.Clock);
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.Delay(TimeSpan.FromSeconds(2), world.Clock, limit.Token));
            },
        ];
        foreach (Func<SimulatedWorld, Task> hop in hops)
        {
            var world = new SimulatedWorld();
            SimulationException e = Assert.Throws<SimulationException>(() => world.Run(() => hop(world)));
            Assert.Contains("not on the one that moves the clock", e.Message);
        }
    }

    [Fact]
    public void A_test_that_waits_for_nothing_fails_and_says_when()
    {
        var world = new SimulatedWorld(seed: 99);
        SimulationException e = Assert.Throws<SimulationException>(() => world.Run(async () =>
        {
            await world.Clock.Delay(TimeSpan.FromSeconds(5));
            await new TaskCompletionSource().Task;
        }));
        Assert.Contains("Nothing is left to do", e.Message);
        Assert.Contains("seed 99, at 00:00:05", e.Message);
    }

    [Fact]
    public void A_test_that_takes_too_long_fails()
    {
        var world = new SimulatedWorld();
        SimulationException e = Assert.Throws<SimulationException>(
            () => world.Run(() => world.Clock.Delay(TimeSpan.FromHours(2)), limit: TimeSpan.FromHours(1)));
        Assert.Contains("not finished after 01:00:00", e.Message);
    }

    [Fact]
    public void A_failed_test_fails_as_it_did()
    {
        var world = new SimulatedWorld();
        Assert.Throws<InvalidDataException>(() => world.Run(async () =>
        {
            await world.Clock.Delay(TimeSpan.FromSeconds(1));
            throw new InvalidDataException("mine");
        }));
        world.At(TimeSpan.FromSeconds(2), () => throw new InvalidDataException("a callback's"));
        Assert.Throws<InvalidDataException>(() => world.RunFor(TimeSpan.FromSeconds(5)));
    }
}
