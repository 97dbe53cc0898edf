using Raop.Audio;

namespace Raop.Tests.Fakes;

/// <summary>Keeps what it gets, and when, by the clock it is given.</summary>
internal sealed class RecordingSink(TimeProvider clock) : IPcmSink
{
    private readonly MemoryStream _pcm = new();

    public bool IsRealTime => false;

    public PcmFormat Format { get; private set; }

    public int Starts { get; private set; }

    public int Flushes { get; private set; }

    public byte[] Pcm => _pcm.ToArray();

    /// <summary>When each write came: frames before it, and the time.</summary>
    public List<(long Frame, DateTimeOffset At)> Writes { get; } = [];

    /// <summary>What each write was said to be: RTP time and due instant.</summary>
    public List<FrameTime> Times { get; } = [];

    /// <summary>Fails from this frame on.</summary>
    public long FailAt { get; set; } = long.MaxValue;

    /// <summary>What it fails with.</summary>
    public Exception Failure { get; set; } = new RaopException(RaopError.OutputFailed, "The disk is full.", "Make room.");

    /// <summary>Formats that it takes; null takes all.</summary>
    public PcmFormat? Only { get; set; }

    /// <summary>Holds up each write until it completes.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>Whether a stream was started while a write was under way: a breach of the contract.</summary>
    public bool WasStartedInWrite { get; private set; }

    private int _writing;

    public TimeSpan Delay => TimeSpan.Zero;

    public ValueTask StartAsync(PcmFormat format, CancellationToken cancellationToken = default)
    {
        Starts++;
        WasStartedInWrite |= _writing > 0;
        if (Only is { } only && format != only) throw new RaopException(RaopError.UnsupportedFormat, $"{format} is not {only}.");
        Format = format;
        return ValueTask.CompletedTask;
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> frames, FrameTime time, CancellationToken cancellationToken = default)
    {
        long frame = _pcm.Length / Format.BytesPerFrame;
        if (frame >= FailAt) throw Failure;
        _writing++;
        await Gate;
        _writing--;
        Writes.Add((frame, clock.GetUtcNow()));
        Times.Add(time);
        _pcm.Write(frames.Span);
    }

    public void Flush() => Flushes++;

    public ValueTask DrainAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
