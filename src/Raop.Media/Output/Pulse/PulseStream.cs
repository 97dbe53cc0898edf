using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Raop.Audio;

namespace Raop.Media.Output.Pulse;

/// <summary>
/// One playback stream on a connection. Callbacks come on libpulse's thread, which holds libpulse's lock; they set flags and
/// give a sign. The owner keeps two of its own threads from being in here at once.
/// </summary>
internal sealed unsafe class PulseStream : IDisposable
{
    /// <summary>How often the server is asked for its figures while somebody wants to know the latency.</summary>
    private static readonly TimeSpan TimingInterval = TimeSpan.FromMilliseconds(100);

    private const int TargetMilliseconds = 150, PrebufferMilliseconds = 75;

    private readonly PulseConnection _connection;
    private readonly Wakeup _changed;
    private readonly int _bytesPerFrame;
    private readonly string? _deviceId;
    private readonly string _deviceName;
    private readonly nint _stream;
    private GCHandle _self;
    private volatile RaopException? _failure;
    private volatile bool _isReady;
    private volatile bool _isDrained = true;
    private nint _draining;
    private bool _isCorked;
    private long _underruns;
    private readonly TimeProvider _time;
    private bool _isPlaying; // the device takes frames; under libpulse's lock as the two below
    private long _timingAsked, _timingAt, _startedAt;
    private bool _hasTiming;

    /// <param name="connection">Stays the caller's.</param>
    /// <param name="format">What will be written.</param>
    /// <param name="deviceId">A sink's name; null is the default one, and the user may move the stream.</param>
    /// <param name="deviceName">What people call it.</param>
    /// <param name="changed">Gets a sign when it is ready, has room, is drained or has failed.</param>
    /// <param name="time">Clock for the age of the server's figures.</param>
    /// <exception cref="RaopException">libpulse does not know such a format.</exception>
    public PulseStream(PulseConnection connection, PcmFormat format, string? deviceId, string deviceName, Wakeup changed, TimeProvider time)
    {
        (_connection, _deviceId, _deviceName, _changed, _time, _bytesPerFrame) = (connection, deviceId, deviceName, changed, time, format.BytesPerFrame);
        var spec = new LibPulse.SampleSpec
        {
            Format = format.BitsPerSample switch { 16 => LibPulse.SampleS16, 24 => LibPulse.SampleS24, _ => LibPulse.SampleS32 },
            Rate = (uint)format.SampleRate,
            Channels = (byte)format.Channels,
        };
        var buffer = new LibPulse.BufferAttributes
        {
            MaxLength = LibPulse.ServerDecides,
            TargetLength = Bytes(TargetMilliseconds),
            Prebuffer = Bytes(PrebufferMilliseconds),
            MinRequest = LibPulse.ServerDecides,
            FragmentSize = LibPulse.ServerDecides,
        };
        uint flags = LibPulse.AdjustLatency | (deviceId is null ? 0 : LibPulse.DontMove);
        using (connection.Enter())
        {
            _stream = LibPulse.NewStream(connection.Context, "AirPlay", spec, 0);
            if (_stream == 0)
            {
                throw connection.IsLost ? ServerGone()
                    : new RaopException(RaopError.UnsupportedFormat, $"The sound server does not take {format}: {connection.LastError()}.");
            }

            _self = GCHandle.Alloc(this);
            connection.Lost = () => Fail(ServerGone());
            connection.SinkRemoved = SinkRemoved;
            LibPulse.OnStreamState(_stream, &StateChanged, GCHandle.ToIntPtr(_self));
            LibPulse.OnWritable(_stream, &HasRoom, GCHandle.ToIntPtr(_self));
            LibPulse.OnUnderflow(_stream, &RanDry, GCHandle.ToIntPtr(_self));
            LibPulse.OnStarted(_stream, &Started, GCHandle.ToIntPtr(_self));
            LibPulse.OnTiming(_stream, &TimingCame, GCHandle.ToIntPtr(_self));
            if (LibPulse.ConnectPlayback(_stream, deviceId, buffer, flags, 0, 0) < 0) Fail(Refused());
        }

        uint Bytes(int milliseconds) => (uint)(format.Frames(TimeSpan.FromMilliseconds(milliseconds)) * format.BytesPerFrame);
    }

    /// <summary>Whether the server has opened it.</summary>
    public bool IsReady => _isReady;

    /// <summary>Whether all frames of the last <see cref="BeginDrain"/> were heard.</summary>
    public bool IsDrained => _isDrained;

    public long Underruns => Interlocked.Read(ref _underruns);

    /// <summary>Time until a frame written now would be heard; zero before the first figure came.</summary>
    /// <remarks>
    /// libpulse's own interpolation is seconds late after a start. Its plain figure is that of the server's last report plus what was written
    /// since; the report's age is taken off here.
    /// </remarks>
    public TimeSpan Latency
    {
        get
        {
            using PulseConnection.Scope _ = _connection.Enter();
            long now = _time.GetTimestamp();
            if (!_hasTiming || _time.GetElapsedTime(_timingAsked, now) >= TimingInterval)
            {
                Release(LibPulse.UpdateTiming(_stream, 0, 0));
                _timingAsked = now;
            }

            if (!_hasTiming || LibPulse.Latency(_stream, out ulong microseconds, out int isNegative) != 0) return TimeSpan.Zero;
            var latency = new TimeSpan((isNegative != 0 ? -1 : 1) * (long)microseconds * TimeSpan.TicksPerMicrosecond);
            if (_isPlaying) latency -= _time.GetElapsedTime(Math.Max(_timingAt, _startedAt), now);
            return latency > TimeSpan.Zero ? latency : TimeSpan.Zero;
        }
    }

    public bool HasFailed => _failure is not null;

    /// <exception cref="RaopException">The device or the server is gone.</exception>
    public void ThrowIfFailed()
    {
        if (_failure is { } failure) throw new RaopException(failure.Error, failure.Message, failure.Remedy);
    }

    /// <summary>Writes as many whole frames as the server has room for; the count in bytes.</summary>
    public int Write(ReadOnlySpan<byte> frames)
    {
        using PulseConnection.Scope _ = _connection.Enter();
        ThrowIfFailed();
        nuint room = nuint.Min(LibPulse.Writable(_stream), (nuint)frames.Length); // all ones is an error, which writing shows
        room -= room % (nuint)_bytesPerFrame;
        if (room == 0) return 0;
        fixed (byte* bytes = frames)
        {
            if (LibPulse.Write(_stream, bytes, room, 0, 0, 0) < 0) Fail(Gone());
        }

        ThrowIfFailed();
        if (_isCorked) Cork(false);
        return (int)room;
    }

    public void Flush()
    {
        using PulseConnection.Scope _ = _connection.Enter();
        if (!HasFailed) Release(LibPulse.Flush(_stream, 0, 0));
        _isPlaying = false; // until the server says that it has started again
    }

    /// <summary>Asks for a sign when all is heard; ends with <see cref="EndDrain"/>.</summary>
    public void BeginDrain()
    {
        using PulseConnection.Scope _ = _connection.Enter();
        ThrowIfFailed();
        if (_isCorked) return;
        _isDrained = false;
        _draining = LibPulse.Drain(_stream, &Drained, GCHandle.ToIntPtr(_self));
        if (_draining == 0) Fail(Gone());
    }

    /// <summary>After a drain the stream is corked until the next write, so that the device may sleep.</summary>
    public void EndDrain()
    {
        using PulseConnection.Scope _ = _connection.Enter();
        if (_draining != 0) LibPulse.CancelOperation(_draining);
        Release(_draining);
        _draining = 0;
        if (_isDrained && !HasFailed && !_isCorked) Cork(true);
        _isDrained = true;
    }

    public void Dispose()
    {
        using (_connection.Enter())
        {
            _connection.Lost = null;
            _connection.SinkRemoved = null;
            LibPulse.OnStreamState(_stream, null, 0);
            LibPulse.OnWritable(_stream, null, 0);
            LibPulse.OnUnderflow(_stream, null, 0);
            LibPulse.OnStarted(_stream, null, 0);
            LibPulse.OnTiming(_stream, null, 0);
            Release(_draining);
            _ = LibPulse.DisconnectStream(_stream);
            LibPulse.ReleaseStream(_stream);
        }

        if (_self.IsAllocated) _self.Free();
    }

    private void Cork(bool corked)
    {
        Release(LibPulse.Cork(_stream, corked ? 1 : 0, 0, 0));
        _isCorked = corked;
    }

    private static void Release(nint operation)
    {
        if (operation != 0) LibPulse.ReleaseOperation(operation);
    }

    private void Fail(RaopException failure)
    {
        _failure ??= failure;
        _changed.Set();
    }

    private void SinkRemoved(uint index)
    {
        if (_isReady && LibPulse.StreamDevice(_stream) == index && _deviceId is not null) Fail(Gone());
    }

    private RaopException Gone() =>
        new(RaopError.DeviceVanished, $"The sound device {_deviceName} is gone.", "Connect it again, or choose another one: raop devices lists them.");

    private RaopException Refused() => new(RaopError.NoSuchDevice,
        $"The sound server did not open {_deviceName}: {_connection.LastError()}.", "Choose another device: raop devices lists them.");

    private static RaopException ServerGone() =>
        new(RaopError.DeviceVanished, "The sound server (PulseAudio or PipeWire) has ended.", "Start it again.");

    private static PulseStream From(nint user) => (PulseStream)GCHandle.FromIntPtr(user).Target!;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void StateChanged(nint stream, nint user)
    {
        PulseStream me = From(user);
        switch (LibPulse.StreamState(stream))
        {
            case LibPulse.StreamReady:
                me._isReady = true;
                Release(LibPulse.UpdateTiming(stream, 0, 0)); // the first figure
                me._changed.Set();
                break;
            case LibPulse.StreamFailed or LibPulse.StreamTerminated:
                me.Fail(me._connection.IsLost ? ServerGone() : me._isReady ? me.Gone() : me.Refused());
                break;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void HasRoom(nint stream, nuint bytes, nint user) => From(user)._changed.Set();

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void RanDry(nint stream, nint user)
    {
        PulseStream me = From(user);
        me._isPlaying = false;
        if (me._isDrained) Interlocked.Increment(ref me._underruns); // the end of a drain is no accident
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Started(nint stream, nint user)
    {
        PulseStream me = From(user);
        (me._startedAt, me._isPlaying) = (me._time.GetTimestamp(), true);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void TimingCame(nint stream, nint user)
    {
        PulseStream me = From(user);
        (me._timingAt, me._hasTiming) = (me._time.GetTimestamp(), true);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Drained(nint stream, int success, nint user)
    {
        PulseStream me = From(user);
        me._isDrained = true;
        me._changed.Set();
    }
}
