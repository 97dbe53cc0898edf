namespace Raop.Audio;

/// <summary>
/// Takes PCM from a receiver: a sound device, a file, a callback. Used by one caller at a time, except
/// <see cref="Flush"/> and <see cref="Delay"/>, which may come from another thread. What has a default is for devices that hold frames back.
/// </summary>
public interface IPcmSink : IAsyncDisposable
{
    /// <summary>Whether the sink itself takes frames no faster than they sound (a sound device). Others, the default, are paced by the receiver.</summary>
    bool IsRealTime => false;

    /// <summary>Gets ready for a stream. Called before the first frame, and again when a later stream begins.</summary>
    /// <param name="format">What <see cref="WriteAsync"/> brings from now on.</param>
    /// <param name="cancellationToken">Stops the attempt.</param>
    /// <exception cref="RaopException">The device cannot play this format, is gone, or the file cannot be written.</exception>
    ValueTask StartAsync(PcmFormat format, CancellationToken cancellationToken = default);

    /// <summary>Takes whole frames; completes when the caller may bring more. A real-time sink waits while its buffer is full.</summary>
    /// <param name="frames">Interleaved PCM, valid until the call completes.</param>
    /// <param name="time">Which frames they are, and when the first is to be heard.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RaopException">The device vanished or the disk is full.</exception>
    ValueTask WriteAsync(ReadOnlyMemory<byte> frames, FrameTime time, CancellationToken cancellationToken = default);

    /// <summary>Drops what was taken and is not audible yet. A file keeps what it has.</summary>
    void Flush()
    {
    }

    /// <summary>Completes when everything that was taken has been heard, or is in the file.</summary>
    ValueTask DrainAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    /// <summary>Time from now until a frame written now would be heard. Zero, the default, for a file.</summary>
    TimeSpan Delay => TimeSpan.Zero;
}
