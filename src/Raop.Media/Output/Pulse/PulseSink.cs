using System.Runtime.CompilerServices;
using Raop.Audio;

namespace Raop.Media.Output.Pulse;

/// <summary>
/// Plays through PulseAudio or PipeWire. The server asks for frames on libpulse's thread, which wakes a waiting write. After the
/// device vanished the next <see cref="StartAsync"/> connects anew.
/// </summary>
internal sealed class PulseSink : IDeviceSink
{
    private static readonly TimeSpan _startTimeout = TimeSpan.FromSeconds(5);

    private readonly string? _server;
    private readonly string? _deviceId;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new(); // Flush and Delay come from other threads. Taken before libpulse's lock, never after.
    private readonly Wakeup _changed = new();
    private PulseConnection? _connection;
    private PulseStream? _stream;
    private PcmFormat? _format;
    private long _earlierUnderruns;
    private bool _disposed;

    /// <param name="connection">Becomes the sink's.</param>
    /// <param name="server">A server in libpulse's notation, to connect anew; null is the user's own.</param>
    /// <param name="deviceId">The device's name; null is the default one, wherever the user moves it.</param>
    /// <param name="deviceName">What people call it.</param>
    /// <param name="time">Clock for timeouts.</param>
    public PulseSink(PulseConnection connection, string? server, string? deviceId, string deviceName, TimeProvider time)
    {
        (_connection, _server, _deviceId, Device, _time) = (connection, server, deviceId, deviceName, time);
    }

    public string Device { get; }

    public bool IsRealTime => true;

    public long Underruns
    {
        get
        {
            lock (_gate) return _earlierUnderruns + (_stream?.Underruns ?? 0);
        }
    }

    public TimeSpan Delay
    {
        get
        {
            lock (_gate) return _stream is null or { HasFailed: true } ? TimeSpan.Zero : _stream.Latency;
        }
    }

    public async ValueTask StartAsync(PcmFormat format, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        PcmFormats.ThrowIfInvalid(format);
        if (_stream is { HasFailed: false } && _format == format) return;
        CloseStream();
        if (_connection is { IsLost: true }) CloseConnection();
        _connection ??= await PulseConnection.TryConnectAsync(_server, _time, cancellationToken).ConfigureAwait(false)
            ?? throw new RaopException(RaopError.NoSuchDevice, "No sound server (PulseAudio or PipeWire) answers.", "Start it again.");
        lock (_gate) _stream = new PulseStream(_connection, format, _deviceId, Device, _changed, _time);
        try
        {
            await WaitUntilReadyAsync(_stream, cancellationToken).ConfigureAwait(false);
            _format = format;
        }
        catch
        {
            CloseStream();
            throw;
        }
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> frames, FrameTime time, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        PcmFormats.ThrowIfNotWhole(_format, frames.Length);
        cancellationToken.ThrowIfCancellationRequested();
        int written = WriteSome(frames.Span);
        return written == frames.Length ? ValueTask.CompletedTask : WriteRestAsync(frames[written..], cancellationToken);
    }

    public void Flush()
    {
        lock (_gate) _stream?.Flush();
    }

    public async ValueTask DrainAsync(CancellationToken cancellationToken = default)
    {
        if (_stream is not { } stream) return;
        lock (_gate) stream.BeginDrain();
        try
        {
            while (!stream.IsDrained)
            {
                stream.ThrowIfFailed();
                await _changed.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            lock (_gate) stream.EndDrain();
        }
    }

    public ValueTask DisposeAsync()
    {
        if (_disposed) return ValueTask.CompletedTask;
        _disposed = true;
        CloseStream();
        CloseConnection();
        return ValueTask.CompletedTask;
    }

    private async ValueTask WaitUntilReadyAsync(PulseStream stream, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_startTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            while (!stream.IsReady)
            {
                stream.ThrowIfFailed();
                await _changed.WaitAsync(either.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException e) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new RaopException(RaopError.NoSuchDevice, $"The sound server did not open {Device} within {_startTimeout.TotalSeconds} s.", "Restart the sound server.", e);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteRestAsync(ReadOnlyMemory<byte> frames, CancellationToken cancellationToken)
    {
        while (frames.Length > 0)
        {
            await _changed.WaitAsync(cancellationToken).ConfigureAwait(false);
            frames = frames[WriteSome(frames.Span)..];
        }
    }

    private int WriteSome(ReadOnlySpan<byte> frames)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _stream?.Write(frames) ?? throw new InvalidOperationException("StartAsync comes before WriteAsync.");
        }
    }

    private void CloseStream()
    {
        lock (_gate)
        {
            _earlierUnderruns += _stream?.Underruns ?? 0;
            _stream?.Dispose();
            _stream = null;
            _format = null;
        }

        _changed.Set(); // a write that waits sees that the sink is disposed
    }

    private void CloseConnection()
    {
        _connection?.Dispose();
        _connection = null;
    }
}
