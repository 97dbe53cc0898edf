using Raop.Audio;

namespace Raop.Media.Output;

/// <summary>Takes everything, keeps nothing, and does not wait.</summary>
internal sealed class NullSink : IPcmSink
{
    private PcmFormat? _format;

    public bool IsRealTime => false;

    public TimeSpan Delay => TimeSpan.Zero;

    public ValueTask StartAsync(PcmFormat format, CancellationToken cancellationToken = default)
    {
        PcmFormats.ThrowIfInvalid(format);
        _format = format;
        return ValueTask.CompletedTask;
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> frames, FrameTime time, CancellationToken cancellationToken = default)
    {
        PcmFormats.ThrowIfNotWhole(_format, frames.Length);
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.CompletedTask;
    }

    public void Flush()
    {
    }

    public ValueTask DrainAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
