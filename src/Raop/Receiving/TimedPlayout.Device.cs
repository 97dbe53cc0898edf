using Raop.Audio;
using Raop.Timing;

namespace Raop.Receiving;

/// <content>A sound device's part: it has a buffer and a clock of its own.</content>
internal sealed partial class TimedPlayout
{
    /// <summary>Silence runs through a device so long before the first frame, so that its delay is known by then.</summary>
    private static readonly TimeSpan Warmup = TimeSpan.FromSeconds(0.5);

    private readonly DriftControl _drift;
    private readonly DriftResampler _resampler;
    private readonly byte[] _resampled;
    private long _silence; // frames that a resync still owes
    private long _firstFrame; // what the resampler's position 0 is

    /// <summary>Packets that were there too late to be heard at all.</summary>
    public long PacketsTooLate { get; private set; }

    /// <summary>Fills a device with silence so that the first frame is heard when it is due.</summary>
    private bool LeadIn(long frame, long now, out long next)
    {
        long due = _rtp.Clock.DueAt(frame);
        next = due - Ticks(Warmup);
        if (now < next) return false;
        _rtp.Clock.Advance(now);
        long delay = DeviceDelay();
        if (_rtp.Clock.DueAt(frame + _rtp.FramesPerPacket) <= now + delay)
        {
            _rtp.Playable.Take(); // too late for this device, as a whole
            PacketsTooLate++;
            next = now;
            return false;
        }

        long gap = Frames(due - now - delay);
        if (gap > 0)
        {
            int bytes = (int)Math.Min(gap, _chunkFrames) * _format.BytesPerFrame;
            _chunk.AsSpan(0, bytes).Clear();
            (_out, _outTime) = (_chunk.AsMemory(0, bytes), new FrameTime(null, due - Ticks(gap)));
            return true;
        }

        if (_dryAt is not null) Underruns++;
        _dryAt = null;
        _reader.MoveTo(frame, continues: false);
        SkipFrames(-gap);
        (_firstFrame, _silence, _playing) = (_reader.Frame, 0, true);
        _rtp.Clock.Lock();
        _resampler.Reset();
        _drift.Reset(keepDrift: true);
        return PrepareDevice(now, out next);
    }

    private bool PrepareDevice(long now, out long next)
    {
        next = Pacer.Never;
        _rtp.Clock.Advance(now);
        _rtp.Clock.Lock();
        if (_silence > 0) return Fill();
        long error = now + DeviceDelay() - DueAt(_resampler.Position);
        _resampler.Ratio = _drift.Update(error, now);
        if (_drift.NeedsResync) return Resync(error, now, out next);
        double position = _resampler.Position;
        int bytes = _reader.Read(_chunk);
        bool ends = bytes == 0 && !IsKeepingTime(now) && _resampler.InputFrames > position;
        if (bytes == 0 && !ends && !KeepTime(now, out bytes, out next)) return false;
        bool changes = !_resampler.IsTransparent;
        int frames = ends ? _resampler.Drain(_resampled) : _resampler.Process(_chunk.AsSpan(0, bytes), _resampled);
        if (frames == 0) return PrepareDevice(now, out next); // the first few only fill its memory
        if (changes) _resampledFrames += frames;
        Give(_resampled.AsMemory(0, frames * _format.BytesPerFrame), _firstFrame + (long)position, DueAt(position));
        if (ends) _firstFrame = _reader.Frame;
        return true;
    }

    /// <summary>The device is far off: it hung, or the process did.</summary>
    private bool Resync(long error, long now, out long next)
    {
        next = Pacer.Never;
        Resyncs++;
        _drift.Reset(keepDrift: true);
        if (error > 0)
        {
            SkipFrames(Frames(error) - (_reader.Frame - _firstFrame - (long)_resampler.Position));
            _firstFrame = _reader.Frame;
            _resampler.Reset();
            next = now;
            return false; // once more, from there
        }

        _silence = Frames(-error);
        return Fill();
    }

    private bool Fill()
    {
        int frames = (int)Math.Min(_silence, _chunkFrames);
        _silence -= frames;
        Memory<byte> silence = _chunk.AsMemory(0, frames * _format.BytesPerFrame);
        silence.Span.Clear();
        (_out, _outTime) = (silence, default);
        return true;
    }

    /// <summary>Passes over frames that are too late.</summary>
    private void SkipFrames(long frames)
    {
        if (frames <= 0) return;
        _reader.MoveTo(_reader.Frame + frames, continues: true);
    }

    /// <summary>The first frame that is still in the device.</summary>
    private long DeviceHeard() => Math.Max(_firstFrame, _firstFrame + (long)_resampler.Position - Frames(Ticks(_sink.Delay)));

    private long DeviceDelay()
    {
        long delay = Ticks(_sink.Delay);
        _rtp.OutputDelay = delay;
        return delay;
    }

    private long DueAt(double position)
    {
        double whole = Math.Floor(position);
        return _rtp.Clock.DueAt(_firstFrame + (long)whole) + (long)((position - whole) * _time.TimestampFrequency / _format.SampleRate);
    }

    private long Ticks(TimeSpan span) => (long)((Int128)span.Ticks * _time.TimestampFrequency / TimeSpan.TicksPerSecond);

    private long Ticks(long frames) => (long)((Int128)frames * _time.TimestampFrequency / _format.SampleRate);

    private long Frames(long ticks) => (long)((Int128)ticks * _format.SampleRate / _time.TimestampFrequency);
}
