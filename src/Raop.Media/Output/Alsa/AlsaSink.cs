using System.Runtime.CompilerServices;
using Raop.Audio;

namespace Raop.Media.Output.Alsa;

/// <summary>
/// Plays through ALSA. Writes go to the device's buffer at once; while that is full a thread of the sink's own waits for room
/// and wakes the writer. The device is held from the first stream on. After it vanished the next <see cref="StartAsync"/> opens it anew.
/// </summary>
internal sealed class AlsaSink : IDeviceSink
{
    private const int WaitMilliseconds = 100, StalledWaits = 50;
    private static readonly TimeSpan _drainPoll = TimeSpan.FromMilliseconds(10);

    private readonly string _name;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new(); // around all of _pcm but its Wait
    private readonly Wakeup _changed = new();
    private readonly AutoResetEvent _roomWanted = new(false);
    private AlsaPcm? _pcm;
    private Thread? _waiter;
    private volatile bool _stopWaiting;
    private volatile bool _isStalled;
    private RaopException? _failure;
    private PcmFormat? _format;
    private long _earlierUnderruns;
    private bool _disposed;

    /// <summary>Looks whether the device can be opened; holds it from the first stream on.</summary>
    /// <exception cref="RaopException">It cannot.</exception>
    public AlsaSink(string name, string description, TimeProvider time)
    {
        (_name, Device, _time) = (name, description, time);
        AlsaPcm.Open(name).Dispose();
    }

    public string Device { get; }

    public bool IsRealTime => true;

    public long Underruns
    {
        get
        {
            lock (_gate) return _earlierUnderruns + (_pcm?.Underruns ?? 0);
        }
    }

    public TimeSpan Delay
    {
        get
        {
            lock (_gate) return _failure is null && _pcm is { } pcm ? pcm.Delay() : TimeSpan.Zero;
        }
    }

    public ValueTask StartAsync(PcmFormat format, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        PcmFormats.ThrowIfInvalid(format);
        if (_failure is null && _format == format) return ValueTask.CompletedTask;
        Close();
        AlsaPcm pcm = AlsaPcm.Open(_name);
        try
        {
            pcm.Configure(format);
        }
        catch
        {
            pcm.Dispose();
            throw;
        }

        lock (_gate) (_pcm, _format, _failure) = (pcm, format, null);
        _stopWaiting = _isStalled = false;
        _waiter = new Thread(() => WaitForRoom(pcm)) { IsBackground = true, Name = "Raop ALSA" };
        _waiter.Start();
        return ValueTask.CompletedTask;
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
        lock (_gate)
        {
            if (_failure is null) _pcm?.Drop();
        }
    }

    public async ValueTask DrainAsync(CancellationToken cancellationToken = default)
    {
        while (!IsDrained()) await Task.Delay(_drainPoll, _time, cancellationToken).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync()
    {
        if (_disposed) return ValueTask.CompletedTask;
        _disposed = true;
        Close();
        _changed.Set(); // a write that waits sees that the sink is disposed
        _roomWanted.Dispose();
        return ValueTask.CompletedTask;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteRestAsync(ReadOnlyMemory<byte> frames, CancellationToken cancellationToken)
    {
        while (frames.Length > 0)
        {
            _roomWanted.Set();
            await _changed.WaitAsync(cancellationToken).ConfigureAwait(false);
            frames = frames[WriteSome(frames.Span)..];
        }
    }

    private int WriteSome(ReadOnlySpan<byte> frames)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            ThrowIfFailed();
            try
            {
                if (_isStalled)
                    throw new RaopException(RaopError.DeviceVanished, $"The sound device {Device} has stopped taking sound.", "Connect it again, or choose another one: raop devices lists them.");
                return frames.IsEmpty ? 0 : _pcm!.Write(frames);
            }
            catch (RaopException e)
            {
                _failure = e;
                throw;
            }
        }
    }

    private bool IsDrained()
    {
        lock (_gate)
        {
            ThrowIfFailed();
            return _pcm?.IsDrained() ?? true;
        }
    }

    private void ThrowIfFailed()
    {
        if (_failure is { } failure) throw new RaopException(failure.Error, failure.Message, failure.Remedy);
    }

    /// <summary>The waiting thread: on demand until there is room, or an error that the writer will meet.</summary>
    private void WaitForRoom(AlsaPcm pcm)
    {
        int stalledWaits = 0;
        while (true)
        {
            _roomWanted.WaitOne();
            if (_stopWaiting) return;
            int result = pcm.Wait(WaitMilliseconds);
            if (result < 0 && _roomWanted.WaitOne(WaitMilliseconds / 10)) _roomWanted.Set(); // an error that lasts must not spin
            stalledWaits = result > 0 ? 0 : stalledWaits + 1;
            if (stalledWaits >= StalledWaits) _isStalled = true;
            _changed.Set();
        }
    }

    private void Close()
    {
        _stopWaiting = true;
        _roomWanted.Set();
        _waiter?.Join(); // one wait at most
        lock (_gate)
        {
            _earlierUnderruns += _pcm?.Underruns ?? 0;
            _pcm?.Dispose();
            _pcm = null;
            _format = null;
            _waiter = null;
        }
    }
}
