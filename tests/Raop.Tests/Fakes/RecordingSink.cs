using Raop.Audio;

namespace Raop.Tests.Fakes;

/// <summary>Keeps what it gets, and when, by the clock it is given.</summary>
internal sealed class RecordingSink(TimeProvider time) : IPcmSink
{
    private readonly MemoryStream _pcm = new();

    public bool IsRealTime => false;

    public PcmFormat Format { get; private set; }

    public int Starts { get; private set; }

    public int Flushes { get; private set; }

    public byte[] Pcm => _pcm.ToArray();

    /// <summary>When each write came: frames before it, and the time.</summary>
    public List<(long Frame, DateTimeOffset At)> Writes { get; } = [];

    /// <summary>Fails from this frame on.</summary>
    public long FailAt { get; set; } = long.MaxValue;

    public TimeSpan Delay => TimeSpan.Zero;

    public ValueTask StartAsync(PcmFormat format, CancellationToken cancellationToken = default)
    {
        Starts++;
        Format = format;
        return ValueTask.CompletedTask;
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> frames, CancellationToken cancellationToken = default)
    {
        long frame = _pcm.Length / Format.BytesPerFrame;
        if (frame >= FailAt) throw new RaopException(RaopError.OutputFailed, "The disk is full.", "Make room.");
        Writes.Add((frame, time.GetUtcNow()));
        _pcm.Write(frames.Span);
        return ValueTask.CompletedTask;
    }

    public void Flush() => Flushes++;

    public ValueTask DrainAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
