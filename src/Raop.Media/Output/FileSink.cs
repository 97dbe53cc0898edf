using Raop.Audio;

namespace Raop.Media.Output;

/// <summary>Appends every stream to one file of bare samples; the first stream empties it, and its format is kept.</summary>
internal class FileSink(OutputFile file) : IPcmSink
{
    private PcmFormat? _format;
    private bool _disposed;
    private bool _hasFailed; // the caller knows: Dispose completes what it can and does not throw again

    public bool IsRealTime => false;

    public TimeSpan Delay => TimeSpan.Zero;

    protected OutputFile File { get; } = file;

    public ValueTask StartAsync(PcmFormat format, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        if (_format is null)
        {
            PcmFormats.ThrowIfInvalid(format);
            _hasFailed = true;
            File.Clear();
            Begin(format);
            _hasFailed = false;
            _format = format;
        }
        else if (_format != format)
        {
            throw new RaopException(RaopError.UnsupportedFormat,
                $"{File.Name} holds {_format}, the new stream is {format}: one file has one format.",
                "Start again with another file.");
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> frames, FrameTime time, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        PcmFormats.ThrowIfNotWhole(_format, frames.Length);
        cancellationToken.ThrowIfCancellationRequested();
        _hasFailed = true;
        Take(frames.Span);
        _hasFailed = false;
        return ValueTask.CompletedTask;
    }

    public void Flush()
    {
    }

    public ValueTask DrainAsync(CancellationToken cancellationToken = default)
    {
        if (!_disposed) Settle();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        if (_disposed) return ValueTask.CompletedTask;
        _disposed = true;
        try
        {
            Settle();
        }
        catch (RaopException) when (_hasFailed)
        {
            // thrown before, when it happened
        }
        finally
        {
            File.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>The first stream begins.</summary>
    protected virtual void Begin(PcmFormat format)
    {
    }

    /// <summary>Writes whole frames.</summary>
    protected virtual void Take(ReadOnlySpan<byte> frames) => File.Append(frames);

    /// <summary>Makes the file complete as it stands.</summary>
    protected virtual void Settle()
    {
    }
}
