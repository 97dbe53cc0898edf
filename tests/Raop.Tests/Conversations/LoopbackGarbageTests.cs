using System.Net;
using Raop.Audio;
using Raop.Tests.Fakes;

namespace Raop.Tests.Conversations;

/// <summary>A whole stream over real sockets, alone in the process: nothing else may allocate meanwhile.</summary>
[Collection(nameof(AloneInTheProcess))]
public sealed class LoopbackGarbageTests
{
    private const int SmallestObject = 24; // bytes
    private const double PacketsPerSecond = 44_100 / 352.0;
    private const int Seconds = 6;

    /// <summary>Otherwise each call of an async method makes an object.</summary>
#if DEBUG
    private static readonly bool IsOptimized = false;
#else
    private static readonly bool IsOptimized = true;
#endif

    [Theory, InlineData(RaopEncryption.Rsa), InlineData(RaopEncryption.None)]
    public async Task No_packet_of_a_stream_leaves_garbage(RaopEncryption encryption)
    {
        CancellationToken cancel = TestContext.Current.CancellationToken;
        var sink = new CountingSink();
        await using RaopReceiver receiver = RaopReceiver.Start(
            sink, new RaopReceiverOptions { Advertise = false, Listen = new IPEndPoint(IPAddress.Loopback, 0) }, static _ => { });
        await using RaopSender sender = await RaopSender.ConnectAsync(RaopSpeaker.At(receiver.EndPoint), new RaopSenderOptions
        {
            Encryption = encryption, Transport = RaopTransport.Udp, RemoteControl = false, Latency = TimeSpan.FromSeconds(0.5),
        }, cancel);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task playing = sender.PlayAsync(new Endless(), stop.Token);
        await sink.WaitAsync(3 * 44_100).WaitAsync(cancel);
        long least = long.MaxValue;
        for (int second = 1; second <= Seconds; second++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            await sink.WaitAsync((3 + second) * 44_100).WaitAsync(cancel);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        // Some things happen some times a second. A packet that allocated, here or there, would not go below this.
        if (IsOptimized) Assert.InRange(least, 0, (long)(SmallestObject * PacketsPerSecond));
        stop.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => playing);
    }

    /// <summary>The same noise again and again.</summary>
    private sealed class Endless : IPcmSource
    {
        private readonly byte[] _music = Music.Frames(4410);
        private int _at;

        public PcmFormat Format => PcmFormat.AirTunes;

        public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int count = Math.Min(buffer.Length, _music.Length - _at);
            _music.AsSpan(_at, count).CopyTo(buffer.Span);
            _at = (_at + count) % _music.Length;
            return ValueTask.FromResult(count);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class CountingSink : IPcmSink
    {
        private readonly Lock _lock = new();
        private long _frames, _wanted = long.MaxValue;
        private TaskCompletionSource? _reached;

        public Task WaitAsync(long frames)
        {
            lock (_lock)
            {
                _wanted = frames;
                _reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return _reached.Task;
            }
        }

        public ValueTask StartAsync(PcmFormat format, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public ValueTask WriteAsync(ReadOnlyMemory<byte> frames, FrameTime time, CancellationToken cancellationToken = default)
        {
            lock (_lock)
            {
                _frames += frames.Length / 4;
                if (_frames >= _wanted)
                {
                    _wanted = long.MaxValue;
                    _reached?.SetResult();
                }
            }

            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
