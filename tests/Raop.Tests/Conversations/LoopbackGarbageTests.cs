using System.Diagnostics;
using System.Net;
using System.Threading.Tasks.Sources;
using Raop.Audio;
using Raop.Tests.Fakes;

namespace Raop.Tests.Conversations;

/// <summary>Whole streams over real sockets, alone in the process: nothing else may allocate meanwhile.</summary>
[Collection(nameof(AloneInTheProcess))]
public sealed class LoopbackGarbageTests(ITestOutputHelper output)
{
    private const int Rate = 44_100, WarmUp = 5, Seconds = 60;

    /// <summary>
    /// Seconds that are not quiet, for what is measured is the whole process: the keep-alives, which are text, come after 25 and 50 s and may fall into
    /// two seconds each; the program that runs the tests says each half minute that it does; buffers of TCP grow to their size in the first.
    /// </summary>
    private const int MostNotQuiet = 10;

    /// <summary>Bytes in a quiet second, in which 1,500 packets leave or come: the program that runs the tests takes 64 for itself.</summary>
    private const long Quiet = 256;

    /// <summary>Otherwise each call of an async method makes an object.</summary>
#if DEBUG
    private static readonly bool IsOptimized = false;
#else
    private static readonly bool IsOptimized = true;
#endif

    /// <summary>
    /// Six receivers, each with a stream: from a sender over UDP and over TCP, encrypted and not, from a source that has all at once and from one that is
    /// waited for, and as members of a group. 750 packets a second leave and come; not one byte is allocated, for a minute.
    /// </summary>
    [Fact]
    public async Task No_packet_leaves_garbage_either_way_in_a_minute()
    {
        CancellationToken cancel = TestContext.Current.CancellationToken;
        CountingSink[] sinks = [.. Enumerable.Range(0, 6).Select(static _ => new CountingSink())];
        RaopReceiver[] receivers = [.. sinks.Select(static sink => RaopReceiver.Start(
            sink, new RaopReceiverOptions { Advertise = false, Listen = new IPEndPoint(IPAddress.Loopback, 0) }, static _ => { }))];
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        List<IAsyncDisposable> open = [.. receivers];
        List<Task> playing = [];
        (RaopTransport Transport, RaopEncryption Encryption)[] ways =
            [(RaopTransport.Udp, RaopEncryption.Rsa), (RaopTransport.Udp, RaopEncryption.None), (RaopTransport.Tcp, RaopEncryption.Rsa), (RaopTransport.Tcp, RaopEncryption.None)];
        for (int i = 0; i < ways.Length; i++)
        {
            RaopSender sender = await RaopSender.ConnectAsync(RaopSpeaker.At(receivers[i].EndPoint), new RaopSenderOptions
            {
                Encryption = ways[i].Encryption, Transport = ways[i].Transport, RemoteControl = false, Latency = TimeSpan.FromSeconds(0.5),
            }, cancel);
            open.Insert(0, sender);
            playing.Add(sender.PlayAsync(i % 2 == 0 ? new Endless() : new Live(), stop.Token));
        }

        var group = new RaopGroup(new RaopGroupOptions { RemoteControl = false, Latency = TimeSpan.FromSeconds(0.5) });
        open.Insert(0, group);
        await group.AddAsync(RaopSpeaker.At(receivers[4].EndPoint), new RaopMemberOptions { Transport = RaopTransport.Udp }, cancel);
        await group.AddAsync(RaopSpeaker.At(receivers[5].EndPoint), new RaopMemberOptions { Transport = RaopTransport.Tcp }, cancel);
        playing.Add(group.PlayAsync(new Endless(), cancellationToken: stop.Token));

        long[] garbage = new long[Seconds];
        foreach (CountingSink sink in sinks) sink.WaitFor(WarmUp * Rate);
        for (int second = 0; second < Seconds; second++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            sinks[0].WaitFor((WarmUp + second + 1) * Rate);
            garbage[second] = GC.GetTotalAllocatedBytes(precise: true) - before;
        }

        output.WriteLine($"bytes allocated, second by second: {string.Join(' ', garbage)}");
        Assert.All(playing, static one => Assert.False(one.IsCompleted));
        Assert.All(sinks, static sink => sink.WaitFor(Seconds * Rate)); // all of them played
        if (IsOptimized) Assert.InRange(garbage.Count(static bytes => bytes > Quiet), 0, MostNotQuiet);
        stop.Cancel();
        foreach (Task one in playing) await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        foreach (IAsyncDisposable one in open) await one.DisposeAsync();
    }

    /// <summary>The same noise again and again.</summary>
    private class Endless : IPcmSource
    {
        private readonly byte[] _music = Music.Frames(4410);
        private int _at;

        public PcmFormat Format => PcmFormat.AirTunes;

        public virtual ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(Read(buffer.Span));

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        protected int Read(Span<byte> buffer)
        {
            int count = Math.Min(buffer.Length, _music.Length - _at);
            _music.AsSpan(_at, count).CopyTo(buffer);
            _at = (_at + count) % _music.Length;
            return count;
        }
    }

    /// <summary>What is played by now: more is waited for. So do a microphone and a network.</summary>
    private sealed class Live : Endless, IValueTaskSource<int>
    {
        private readonly long _start = Stopwatch.GetTimestamp();
        private readonly Timer _timer;
        private ManualResetValueTaskSourceCore<int> _core;
        private Memory<byte> _buffer;
        private long _read;

        public Live() => _timer = new Timer(_ => Give(), null, Timeout.Infinite, Timeout.Infinite);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            double ahead = (_read * 1000.0 / Rate) - Stopwatch.GetElapsedTime(_start).TotalMilliseconds;
            if (ahead <= 0) return ValueTask.FromResult(Count(Read(buffer.Span)));
            _core.Reset();
            _buffer = buffer;
            _timer.Change((int)ahead + 4, Timeout.Infinite);
            return new ValueTask<int>(this, _core.Version);
        }

        public int GetResult(short token) => _core.GetResult(token);

        public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _core.OnCompleted(continuation, state, token, flags);

        private void Give() => _core.SetResult(Count(Read(_buffer.Span)));

        private int Count(int bytes)
        {
            _read += bytes / 4;
            return bytes;
        }
    }

    private sealed class CountingSink : IPcmSink
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
        private readonly object _lock = new();
        private long _frames;

        /// <summary>Blocks, for other ways to wait allocate.</summary>
        public void WaitFor(long frames)
        {
            lock (_lock)
            {
                while (_frames < frames)
                {
                    if (!Monitor.Wait(_lock, Patience)) throw new TimeoutException($"{_frames} of {frames} frames have come.");
                }
            }
        }

        public ValueTask StartAsync(PcmFormat format, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public ValueTask WriteAsync(ReadOnlyMemory<byte> frames, FrameTime time, CancellationToken cancellationToken = default)
        {
            lock (_lock)
            {
                _frames += frames.Length / 4;
                Monitor.PulseAll(_lock);
            }

            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
