using Raop.Audio;
using Raop.Timing;

namespace Raop.Receiving;

/// <summary>
/// Gives each frame to the sink when it is due. A file or pipe gets 10 ms at a time at its instant or a moment before, untouched; a sound device, which has a
/// clock of its own, is kept filled, its first frame placed by silence before it, and its drift taken out by resampling.
/// </summary>
/// <remarks>Datagrams come in under the same lock as the buffer is read; the sink's frames are written without it.</remarks>
internal sealed partial class TimedPlayout
{
    private const int ChunksPerSecond = 100;

    /// <summary>Seconds that a frame may lie ahead: the longest latency, and some.</summary>
    private const int LongestWait = 12;

    /// <summary>After a stall what is due goes out at once, so much a step.</summary>
    private const int MaxChunksAtOnce = 50;

    /// <summary>Ms that a file may get its frames early: until audio is looked for again, so that one wake serves both. A device must not: its delay is measured at each write.</summary>
    private const int Early = 50;

    private readonly IPcmSink _sink;
    private readonly RtpReceiver _rtp;
    private readonly FrameReader _reader;
    private readonly PcmFormat _format;
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource _done;
    private readonly Action _tellPlaying;
    private readonly Lock _gate;
    private readonly Gain _gain;
    private readonly byte[] _chunk;
    private readonly CancellationTokenSource _stop = new();
    private readonly int _chunkFrames;
    private long _gained; // frames changed by the volume
    private long _resampledFrames; // frames changed by following a device
    private PacedStep? _step;
    private double _gainDb;
    private bool _gainChanged;
    private bool _started; // the sink has frames; the gain no longer jumps
    private bool _playing;
    private bool _isHeard; // of what plays, something was given to the sink: its clock may move in between
    private bool _completing;
    private long _completeBy;
    private long? _dryAt; // nothing more had come at this frame
    private int _flushes;
    private volatile bool _isIdle; // nothing to do until something comes
    private volatile bool _isWriting;
    private int _toldFlushes;
    private long _toldAt;
    private Task _finishing = Task.CompletedTask; // never fails
    private ReadOnlyMemory<byte> _out;
    private FrameTime _outTime;

    /// <param name="sink">Takes the frames.</param>
    /// <param name="decoder">The stream's.</param>
    /// <param name="rtp">Where packets and clock are kept.</param>
    /// <param name="gate">Held by whoever touches <paramref name="rtp"/>.</param>
    /// <param name="time">The receiver's clock.</param>
    /// <param name="completions">As the network says.</param>
    /// <param name="playing">Told when the first frame goes out after a start, a FLUSH or a dry spell.</param>
    public TimedPlayout(
        IPcmSink sink, StreamDecoder decoder, RtpReceiver rtp, Lock gate, TimeProvider time, TaskCreationOptions completions, Action playing)
    {
        (_sink, _rtp, _gate, _time, _tellPlaying) = (sink, rtp, gate, time, playing);
        _format = decoder.Format;
        _reader = new FrameReader(decoder.ForDecoded(), rtp.Playable);
        _gain = new Gain(_format);
        _chunkFrames = Math.Max(1, _format.SampleRate / ChunksPerSecond);
        _chunk = new byte[_chunkFrames * _format.BytesPerFrame];
        _done = new TaskCompletionSource(completions);
        _drift = new DriftControl(time.TimestampFrequency);
        _resampler = new DriftResampler(_format);
        _resampled = new byte[(DriftResampler.MaxOutput(_chunkFrames) + DriftResampler.Delay) * _format.BytesPerFrame];
    }

    /// <summary>Told the first bytes of the first packet that cannot be decoded.</summary>
    public Action<string>? Undecodable
    {
        set => _reader.Undecodable = value;
    }

    public long FramesWritten { get; private set; }

    public long FramesFlushed { get; private set; }

    public long FramesChanged => _gained + _resampledFrames + _reader.FramesChanged;

    public long PacketsLost => _reader.PacketsLost;

    public long PacketsConcealed => _reader.PacketsConcealed;

    public int Underruns { get; private set; }

    /// <summary>Times that a sound device was so far off that frames were skipped or silence put in.</summary>
    public int Resyncs { get; private set; }

    /// <summary>Plays until <see cref="Complete"/> and the last frame, or <see cref="Stop"/>.</summary>
    /// <exception cref="RaopException">The sink failed.</exception>
    public async Task RunAsync(Pacer pacer)
    {
        try
        {
            await _sink.StartAsync(_format, _stop.Token).ConfigureAwait(false);
            if (!_stop.IsCancellationRequested)
            {
                lock (_gate) _step = pacer.Start(Step, _sink.IsRealTime ? 0 : _time.TimestampFrequency * Early / 1000);
                using CancellationTokenRegistration stop = _stop.Token.Register(() => _done.TrySetResult());
                await _done.Task.ConfigureAwait(false);
            }

            _stop.Token.ThrowIfCancellationRequested();
            await _sink.DrainAsync(_stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
        finally
        {
            _step?.Dispose();
            await _finishing.ConfigureAwait(false); // the sink is free only then
        }
    }

    /// <summary>Something came.</summary>
    public void WakeIfIdle()
    {
        if (_isIdle) _step?.Wake();
    }

    /// <summary>Sets the attenuation, heard within a chunk and the sink's delay.</summary>
    public void SetGain(double db)
    {
        lock (_gate) (_gainDb, _gainChanged) = (db, true);
    }

    /// <summary>Whether a FLUSH to this time comes too late to void anything: it has been heard. The caller holds the gate.</summary>
    public bool IsPast(uint? rtpTime)
    {
        if (!_playing || rtpTime is null or 0) return false;
        long ago = _reader.Frame - _rtp.Playable.FrameOf(rtpTime.Value);
        return ago > _format.SampleRate / 2 && ago < _format.SampleRate * 10L; // half a second: senders reckon where we are
    }

    /// <summary>Voids what a FLUSH says.</summary>
    /// <returns>Frames dropped, and the RTP time of the first frame that has not been heard, when playing.</returns>
    public (long Frames, uint? RtpTime) Flush(ushort? sequence, uint? rtpTime)
    {
        long dropped;
        bool started;
        uint? heard = null;
        lock (_gate)
        {
            if (_playing) heard = unchecked((uint)(_sink.IsRealTime ? DeviceHeard() : _reader.Frame));
            dropped = _reader.Drop() + ((long)_rtp.Flush(sequence, rtpTime) * _rtp.FramesPerPacket);
            FramesFlushed += dropped;
            _flushes++;
            _playing = _isHeard = false;
            _dryAt = null;
            started = _started;
        }

        if (started) _sink.Flush();
        _step?.Wake();
        return (dropped, heard);
    }

    /// <summary>No more frames will come. What has come is still played.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            if (!_completing) _completeBy = _time.GetTimestamp() + (LongestWait * _time.TimestampFrequency);
            _completing = true;
        }

        _step?.Wake();
    }

    /// <summary>Ends at once; what has come is dropped.</summary>
    public void Stop()
    {
        lock (_gate) _completing = true;
        if (_started) _sink.Flush();
        _stop.Cancel();
    }

    private long Step(long now)
    {
        if (_isWriting || _stop.IsCancellationRequested || _done.Task.IsCompleted) return Pacer.Never;
        try
        {
            for (int i = 0; i < MaxChunksAtOnce; i++)
            {
                long next;
                bool any, begins;
                int flushes;
                lock (_gate)
                {
                    any = PrepareSafely(now, out next);
                    begins = any && _playing && !_isHeard;
                    _isHeard = _playing && (_isHeard || any);
                    flushes = _flushes;
                    _isIdle = !any && next == Pacer.Never;
                }

                if (!any) return next;
                if (begins) TellPlaying(flushes, now);
                ValueTask writing = _sink.WriteAsync(_out, _outTime, _stop.Token);
                if (!writing.IsCompletedSuccessfully)
                {
                    _isWriting = true;
                    _finishing = FinishAsync(writing, flushes);
                    return Pacer.Never;
                }

                writing.GetAwaiter().GetResult();
                FlushAgain(flushes);
            }

            return now;
        }
        catch (Exception e)
        {
            Fail(e);
            return Pacer.Never;
        }
    }

    /// <summary>What goes wrong with a stream ends its session alone; only the sink's errors are the receiver's.</summary>
    private bool PrepareSafely(long now, out long next)
    {
        try
        {
            return Prepare(now, out next);
        }
        catch (Exception e)
        {
            throw new RaopException(RaopError.ProtocolViolation, $"The stream cannot be played on: {e.Message}", innerException: e);
        }
    }

    /// <summary>After a FLUSH at once; a line that begins again and again is told once a second.</summary>
    private void TellPlaying(int flushes, long now)
    {
        if (_toldAt != 0 && flushes == _toldFlushes && now - _toldAt < _time.TimestampFrequency) return;
        (_toldFlushes, _toldAt) = (flushes, now);
        _tellPlaying();
    }

    /// <summary>The sink is full: goes on when it has room.</summary>
    private async Task FinishAsync(ValueTask writing, int flushes)
    {
        try
        {
            await writing.ConfigureAwait(false);
            FlushAgain(flushes);
            _isWriting = false;
            _step?.Wake();
        }
        catch (Exception e)
        {
            _isWriting = false;
            Fail(e);
        }
    }

    /// <summary>A FLUSH came while a chunk was on its way.</summary>
    private void FlushAgain(int flushes)
    {
        if (Volatile.Read(ref _flushes) != flushes) _sink.Flush();
    }

    private void Fail(Exception e)
    {
        if (e is OperationCanceledException && _stop.IsCancellationRequested) _done.TrySetResult();
        else _done.TrySetException(e);
    }

    /// <summary>Gets the next frames ready for the sink.</summary>
    /// <returns>False when there are none now; <paramref name="next"/> says when to look again.</returns>
    private bool Prepare(long now, out long next)
    {
        next = Pacer.Never;
        if (_completing && now >= _completeBy)
        {
            _done.TrySetResult();
            return false;
        }

        if (!_playing)
        {
            BufferHead head = _rtp.Playable.Head;
            if (head.Kind == HeadKind.Empty)
            {
                if (_completing) FinishWhenDecoded(now, ref next);
                return false;
            }

            if (!_rtp.Clock.IsReady)
            {
                if (_completing) _done.TrySetResult(); // nothing says when
                else next = now + (_time.TimestampFrequency / 10);
                return false;
            }

            long wait = _rtp.Clock.DueAt(head.Frame) - now;
            if (wait > LongestWait * _time.TimestampFrequency)
            {
                _rtp.Playable.Take(); // no sender is so far ahead
                next = now;
                return false;
            }

            bool any = _sink.IsRealTime ? LeadIn(head.Frame, now, out next) : Begin(head.Frame, now, out next);
            if (!_playing) next = Math.Min(next, now + (_time.TimestampFrequency / 10)); // the clock is still being learned
            return any;
        }

        return _sink.IsRealTime ? PrepareDevice(now, out next) : PrepareFile(now, out next);
    }

    /// <summary>A file begins at its first frame's instant.</summary>
    private bool Begin(long frame, long now, out long next)
    {
        next = _rtp.Clock.DueAt(frame);
        if (now < next) return false;
        bool continues = _dryAt is { } dry && frame >= dry && frame - dry <= _format.SampleRate * 10L;
        if (_dryAt is not null) Underruns++;
        _reader.MoveTo(continues ? _dryAt!.Value : frame, continues);
        _playing = true;
        _rtp.Clock.Lock();
        return PrepareFile(now, out next);
    }

    private bool PrepareFile(long now, out long next)
    {
        _rtp.Clock.Advance(now);
        _rtp.Clock.Lock();
        long frame = _reader.Frame, due = _rtp.Clock.DueAt(frame);
        next = due;
        if (now < due) return false;
        int bytes = _reader.Read(_chunk);
        if (bytes == 0 && !KeepTime(now, out bytes, out next)) return false;
        frame = _reader.Frame - (bytes / _format.BytesPerFrame); // a FLUSH may have moved it
        Give(_chunk.AsMemory(0, bytes), frame, _rtp.Clock.DueAt(frame));
        return true;
    }

    /// <summary>Whether silence is played when nothing has come.</summary>
    private bool IsKeepingTime(long now) => !_completing && !_reader.IsAtNewLine && _rtp.IsOutage(now);

    /// <summary>Nothing has come for this instant: silence while the network is out, else the sender has ended or paused.</summary>
    /// <returns>False when nothing is to be played.</returns>
    private bool KeepTime(long now, out int bytes, out long next)
    {
        bytes = 0;
        next = Pacer.Never;
        if (_completing && !_reader.IsAtNewLine)
        {
            FinishWhenDecoded(now, ref next);
            return false;
        }

        if (IsKeepingTime(now))
        {
            bytes = _chunk.Length;
            _reader.Conceal(_chunk);
            return true;
        }

        _dryAt = _reader.IsAtNewLine ? null : _reader.Frame;
        _playing = false;
        if (_reader.IsAtNewLine) next = now;
        return false;
    }

    /// <summary>Nothing is left to play; ends unless something is still being decoded.</summary>
    private void FinishWhenDecoded(long now, ref long next)
    {
        if (_rtp.Clock.IsReady && _rtp.Ahead?.IsBusy(now) == true) next = now + (_time.TimestampFrequency / 100);
        else _done.TrySetResult();
    }

    private void Give(Memory<byte> frames, long frame, long due)
    {
        if (_gainChanged) _gain.Set(_gainDb, atOnce: !_started);
        _gainChanged = false;
        _started = true;
        int count = frames.Length / _format.BytesPerFrame;
        FramesWritten += count;
        if (_gain.Apply(frames.Span)) _gained += count;
        (_out, _outTime) = (frames, new FrameTime(unchecked((uint)frame), due));
    }
}
