using System.IO.Pipelines;
using System.Net;
using Raop.Network;

namespace Raop.Tests.Simulation;

/// <summary>That the simulation itself can be believed.</summary>
public sealed class SimulatedWorldTests
{
    private static readonly IPEndPoint Port5000 = new(IPAddress.Any, 5000);

    [Fact]
    public void The_same_seed_repeats_exactly()
    {
        (List<string> log, ulong fingerprint) = BusyHistory(seed: 7);
        (List<string> again, ulong fingerprintAgain) = BusyHistory(seed: 7);
        Assert.Equal(log, again);
        Assert.Equal(fingerprint, fingerprintAgain);
        Assert.True(log.Count > 1000, $"Only {log.Count} lines.");
    }

    [Fact]
    public void Another_seed_is_another_history()
    {
        (List<string> log, ulong fingerprint) = BusyHistory(seed: 7);
        (List<string> other, ulong otherFingerprint) = BusyHistory(seed: 8);
        Assert.NotEqual(log, other);
        Assert.NotEqual(fingerprint, otherFingerprint);
    }

    [Fact]
    public void Loss_is_as_set()
    {
        Pair pair = new(seed: 3);
        pair.Path.Loss = 0.2;
        pair.Send(20_000, every: TimeSpan.FromMilliseconds(8));
        Assert.InRange(20_000 - pair.Received.Count, 3700, 4300); // 4000, the standard deviation is 57
        Assert.Equal(pair.Path.Lost, 20_000 - pair.Received.Count);
    }

    [Fact]
    public void Bursts_are_long_and_rare()
    {
        Pair pair = new(seed: 3);
        pair.Path.Bursts = new BurstLoss(GoodToBad: 0.01, BadToGood: 0.2);
        pair.Send(50_000, every: TimeSpan.FromMilliseconds(8));
        int bursts = pair.Received.Zip(pair.Received.Skip(1)).Count(two => two.Second.Number > two.First.Number + 1);
        double lost = 50_000 - pair.Received.Count;
        Assert.InRange(lost / 50_000, 0.035, 0.06); // 0.01 / (0.01 + 0.2) = 4.8 %
        Assert.InRange(lost / bursts, 4, 6); // 1 / 0.2 = 5
    }

    [Fact]
    public void Jitter_is_normal_or_uniform_about_the_delay()
    {
        foreach ((JitterShape shape, double deviation) in new[] { (JitterShape.Normal, 5.0), (JitterShape.Uniform, 5 / Math.Sqrt(3)) })
        {
            Pair pair = new(seed: 4);
            (pair.Path.Delay, pair.Path.Jitter, pair.Path.JitterShape) = (TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(5), shape);
            pair.Send(10_000, every: TimeSpan.FromMilliseconds(200));
            double[] delays = [.. pair.Received.Select(datagram => datagram.Delay.TotalMilliseconds)];
            double mean = delays.Average();
            Assert.InRange(mean, 49.8, 50.2);
            Assert.InRange(Math.Sqrt(delays.Average(delay => (delay - mean) * (delay - mean))), deviation * 0.97, deviation * 1.03);
            if (shape == JitterShape.Uniform) Assert.All(delays, delay => Assert.InRange(delay, 45, 55));
            else Assert.Contains(delays, delay => delay > 60);
        }
    }

    [Fact]
    public void Jitter_keeps_order_unless_told_otherwise()
    {
        foreach (bool keeps in new[] { true, false })
        {
            Pair pair = new(seed: 5);
            (pair.Path.Delay, pair.Path.Jitter, pair.Path.KeepsOrder) = (TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(20), keeps);
            pair.Send(1000, every: TimeSpan.FromMilliseconds(8));
            Assert.Equal(keeps, pair.IsInOrder);
        }
    }

    [Fact]
    public void Reordering_reorders_and_loses_nothing()
    {
        Pair pair = new(seed: 6);
        pair.Path.Reorder = 0.1;
        pair.Send(10_000, every: TimeSpan.FromMilliseconds(2));
        Assert.False(pair.IsInOrder);
        Assert.Equal(Enumerable.Range(0, 10_000), pair.Received.Select(datagram => datagram.Number).Order());
    }

    [Fact]
    public void Duplicates_arrive_twice()
    {
        Pair pair = new(seed: 6);
        pair.Path.Duplicate = 0.1;
        pair.Send(10_000, every: TimeSpan.FromMilliseconds(2));
        Assert.InRange(pair.Received.Count, 10_850, 11_150);
        Assert.Equal(10_000, pair.Received.DistinctBy(datagram => datagram.Number).Count());
    }

    [Fact]
    public void Bandwidth_delays_and_a_full_queue_loses()
    {
        Pair pair = new(seed: 6);
        (pair.Path.Delay, pair.Path.BitsPerSecond, pair.Path.QueueBytes) = (TimeSpan.Zero, 1_000_000, 10_000);
        pair.Send(100, every: TimeSpan.Zero, length: 1000 - 28); // 8 ms each, 10 wait
        Assert.Equal(10, pair.Received.Count);
        Assert.Equal(TimeSpan.FromMilliseconds(80), pair.Received[^1].Delay);
    }

    [Fact]
    public void A_partition_loses_datagrams_while_it_lasts()
    {
        Pair pair = new(seed: 6);
        pair.World.PartitionAt(pair.A, pair.B, at: TimeSpan.FromSeconds(2.5), length: TimeSpan.FromSeconds(5));
        pair.Send(10, every: TimeSpan.FromSeconds(1));
        Assert.Equal([0, 1, 2, 8, 9], pair.Received.Select(datagram => datagram.Number));
    }

    [Fact]
    public void A_partition_stalls_a_stream_and_loses_nothing()
    {
        var world = new SimulatedWorld();
        world.Run(async () =>
        {
            (SimulatedHost a, SimulatedHost b, IStreamConnection client, IStreamConnection server) = await ConnectAsync(world);
            world.Partition(a, b);
            world.At(world.Now + TimeSpan.FromSeconds(30), () => world.Heal(a, b));
            TimeSpan before = world.Now;
            await client.Output.WriteAsync("late"u8.ToArray());
            ReadResult read = await server.Input.ReadAtLeastAsync(4);
            Assert.Equal("late"u8.ToArray(), read.Buffer.FirstSpan.ToArray());
            Assert.InRange((world.Now - before).TotalSeconds, 30, 30.1);
        });
    }

    [Fact]
    public void A_killed_process_resets_its_streams_and_runs_no_more()
    {
        var world = new SimulatedWorld();
        world.Run(async () =>
        {
            (SimulatedHost a, SimulatedHost b, IStreamConnection client, IStreamConnection server) = await ConnectAsync(world);
            Task dead = b.Clock.Delay(TimeSpan.FromSeconds(2));
            await server.Output.WriteAsync("last"u8.ToArray());
            await world.Clock.Delay(TimeSpan.FromSeconds(1));
            b.Kill();

            ReadResult read = await client.Input.ReadAsync();
            client.Input.AdvanceTo(read.Buffer.End);
            Assert.Equal(4, read.Buffer.Length);
            RaopException e = await Assert.ThrowsAsync<RaopException>(() => client.Input.ReadAsync().AsTask());
            Assert.Equal(RaopError.ConnectionLost, e.Error);
            e = await Assert.ThrowsAsync<RaopException>(() => a.Network.ConnectAsync(server.LocalEndPoint).AsTask());
            Assert.Equal(RaopError.Refused, e.Error);
            await server.DisposeAsync();
            await world.Clock.Delay(TimeSpan.FromSeconds(10));
            Assert.False(dead.IsCompleted);

            b.Restart();
            await using IStreamListener listener = b.Network.Listen(Port5000);
            await using IStreamConnection again = await a.Network.ConnectAsync(server.LocalEndPoint);
        });
    }

    [Fact]
    public void A_frozen_process_does_everything_later_and_in_order()
    {
        var world = new SimulatedWorld();
        world.Run(async () =>
        {
            (SimulatedHost a, SimulatedHost b, IStreamConnection client, IStreamConnection server) = await ConnectAsync(world);
            using IDatagramSocket from = a.Network.Bind(new IPEndPoint(IPAddress.Any, 6000)), to = b.Network.Bind(new IPEndPoint(IPAddress.Any, 6000));
            List<string> seen = [];
            to.Start((datagram, _, _) => seen.Add($"datagram {datagram[0]} at {world.Now.TotalSeconds:0}"));
            using ITimer timer = b.Clock.CreateTimer(_ => seen.Add($"timer at {world.Now.TotalSeconds:0}"), null, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10));
            b.Freeze();
            for (byte i = 0; i < 3; i++) from.Send([i], new IPEndPoint(b.Addresses[0], 6000).Serialize());

            // The window of 64 KiB fills, then the pipe of the writer.
            Task<long> filling = FillAsync(client.Output);
            await world.Clock.Delay(TimeSpan.FromSeconds(45));
            Assert.Empty(seen);
            Assert.False(filling.IsCompleted);

            b.Thaw();
            await ReadAllAsync(server.Input);
            Assert.Equal(1_000_000, await filling);
            Assert.Equal(["datagram 0 at 45", "datagram 1 at 45", "datagram 2 at 45", "timer at 45"], seen);
            await world.Clock.Delay(TimeSpan.FromSeconds(5));
            Assert.Equal("timer at 50", seen[^1]);
        });
    }

    [Fact]
    public void Bandwidth_and_the_window_bound_a_stream()
    {
        var world = new SimulatedWorld();
        world.Run(async () =>
        {
            (SimulatedHost a, SimulatedHost b, IStreamConnection client, IStreamConnection server) = await ConnectAsync(world);
            foreach ((TimeSpan delay, long bits, double seconds) in new[] { (TimeSpan.Zero, 1_000_000L, 8.15), (TimeSpan.FromMilliseconds(100), 0L, 3.1) })
            {
                world.Between(a, b, path => (path.Delay, path.BitsPerSecond) = (delay, bits));
                TimeSpan before = world.Now;
                Task<long> filling = FillAsync(client.Output, complete: false);
                ReadResult read = default;
                for (long left = 1_000_000; left > 0; left -= read.Buffer.Length)
                {
                    if (read.Buffer.Length > 0) server.Input.AdvanceTo(read.Buffer.End);
                    read = await server.Input.ReadAsync();
                }

                server.Input.AdvanceTo(read.Buffer.End);
                await filling;
                Assert.InRange((world.Now - before).TotalSeconds, seconds - 0.1, seconds + 0.1); // and 28 bytes of header each 1448
            }
        });
    }

    [Fact]
    public void Nobody_at_an_address_is_unreachable_and_a_partition_a_timeout()
    {
        var world = new SimulatedWorld();
        SimulatedHost a = world.AddHost("a", "10.0.0.1"), b = world.AddHost("b", "10.0.0.2");
        world.Partition(a, b);
        world.Run(async () =>
        {
            Assert.Equal(RaopError.Unreachable, (await FailsAsync("10.0.0.9")).Error);
            Assert.Equal(RaopError.Unreachable, (await FailsAsync("fd00::1")).Error);
            Assert.Equal(RaopError.Timeout, (await FailsAsync("10.0.0.2")).Error);
            Assert.Equal(TimeSpan.FromSeconds(130), world.Now);
        });

        Task<RaopException> FailsAsync(string address) =>
            Assert.ThrowsAsync<RaopException>(() => a.Network.ConnectAsync(new IPEndPoint(IPAddress.Parse(address), 5000)).AsTask());
    }

    private static (List<string> Log, ulong Fingerprint) BusyHistory(int seed)
    {
        Pair pair = new(seed) { World = { KeepsLog = true } };
        pair.World.Between(pair.A, pair.B, path =>
        {
            (path.Loss, path.Reorder, path.Duplicate) = (0.1, 0.05, 0.05);
            (path.Jitter, path.JitterShape, path.BitsPerSecond) = (TimeSpan.FromMilliseconds(3), JitterShape.Normal, 10_000_000);
        });
        pair.B.Clock.RatePpm = 300;
        pair.World.PartitionAt(pair.A, pair.B, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        pair.World.Run(async () =>
        {
            (_, _, IStreamConnection client, IStreamConnection server) = await ConnectAsync(pair.World, pair.A, pair.B);
            Task<long> filling = FillAsync(client.Output);
            Task reading = ReadAllAsync(server.Input);
            for (int i = 0; i < 1000; i++)
            {
                pair.SendOne(i, length: 100);
                await pair.B.Clock.Delay(TimeSpan.FromMilliseconds(4));
            }

            await Task.WhenAll(filling, reading);
        });
        return (pair.World.Log, pair.World.Fingerprint);
    }

    private static async Task<(SimulatedHost A, SimulatedHost B, IStreamConnection Client, IStreamConnection Server)> ConnectAsync(
        SimulatedWorld world, SimulatedHost? a = null, SimulatedHost? b = null)
    {
        a ??= world.AddHost("a", "10.0.0.1");
        b ??= world.AddHost("b", "10.0.0.2");
        await using IStreamListener listener = b.Network.Listen(Port5000);
        IStreamConnection client = await a.Network.ConnectAsync(new IPEndPoint(b.Addresses[0], 5000));
        return (a, b, client, (await listener.AcceptAsync())!);
    }

    private static async Task<long> FillAsync(PipeWriter output, bool complete = true)
    {
        long written = 0;
        for (; written < 1_000_000; written += 10_000) await output.WriteAsync(new byte[10_000]);
        if (complete) await output.CompleteAsync();
        return written;
    }

    private static async Task ReadAllAsync(PipeReader input)
    {
        while (true)
        {
            ReadResult read = await input.ReadAsync();
            input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) return;
        }
    }

    /// <summary>Two hosts, and numbered datagrams from one to the other.</summary>
    private sealed class Pair
    {
        private readonly IDatagramSocket _from;
        private readonly SocketAddress _to;
        private readonly Dictionary<int, TimeSpan> _sent = [];

        public Pair(int seed)
        {
            World = new SimulatedWorld(seed);
            (A, B) = (World.AddHost("a", "10.0.0.1"), World.AddHost("b", "10.0.0.2"));
            _from = A.Network.Bind(new IPEndPoint(IPAddress.Any, 6000));
            IDatagramSocket to = B.Network.Bind(new IPEndPoint(IPAddress.Any, 6001));
            _to = new IPEndPoint(B.Addresses[0], 6001).Serialize();
            to.Start((datagram, _, _) =>
            {
                int number = BitConverter.ToInt32(datagram);
                Received.Add((number, World.Now - _sent[number]));
            });
        }

        public SimulatedWorld World { get; }

        public SimulatedHost A { get; }

        public SimulatedHost B { get; }

        public SimulatedPath Path => World.Path(A, B);

        public List<(int Number, TimeSpan Delay)> Received { get; } = [];

        public bool IsInOrder => Received.Zip(Received.Skip(1)).All(two => two.First.Number < two.Second.Number);

        public void SendOne(int number, int length = 4)
        {
            byte[] datagram = new byte[length];
            BitConverter.TryWriteBytes(datagram, number);
            _sent[number] = World.Now;
            _from.Send(datagram, _to);
        }

        public void Send(int count, TimeSpan every, int length = 4)
        {
            for (int i = 0; i < count; i++)
            {
                SendOne(i, length);
                World.RunFor(every);
            }

            World.RunUntilIdle(World.Now + TimeSpan.FromMinutes(1));
        }
    }
}
