namespace Raop.Audio;

/// <summary>
/// Hides holes in a stream of PCM. A hole is filled with what sounded before it, repeated at the distance at which the signal resembles itself most,
/// the same for both channels; what that repetition misses at the edge is carried on by linear prediction, so that the entry is no seam.
/// Full level for 10 ms, then a fade to exact silence at 70 ms. The stream after the hole is cross-faded in over 5 ms.
/// </summary>
/// <remarks>
/// After ITU-T G.711 Appendix I (waveform substitution by pitch), without its delay: nothing waits for a hole that might come. History is what was heard,
/// so a hole may follow a hole at any distance. Output does not depend on the pieces in which frames come. Used by one caller at a time;
/// allocates nothing after construction.
/// </remarks>
internal sealed class Concealer
{
    private const double FullSeconds = 0.010, SilentSeconds = 0.070, CrossfadeSeconds = 0.005, AnalysisSeconds = 0.002;

    private readonly PcmFormat _format;
    private readonly ConcealerModel _model;
    private readonly byte[] _history; // ring of frames as they were heard
    private readonly int _frames, _full, _silent, _crossfade, _reanalyse;
    private int _next;           // frame of the ring
    private int _concealed;      // frames since the hole began, counted on while cross-fading
    private int _faded;          // frames of the cross-fade that are done
    private int _sinceAnalysis = int.MaxValue;
    private State _state;

    /// <param name="format">16, 24 or 32 bit, 1 or 2 channels, 8 to 192 kHz.</param>
    public Concealer(PcmFormat format)
    {
        _format = PcmSample.Check(format);
        _model = new ConcealerModel(format);
        _frames = _model.HistoryFrames;
        _history = new byte[_frames * format.BytesPerFrame];
        _full = (int)(FullSeconds * format.SampleRate);
        _silent = (int)(SilentSeconds * format.SampleRate);
        _crossfade = (int)(CrossfadeSeconds * format.SampleRate);
        _reanalyse = (int)(AnalysisSeconds * format.SampleRate);
    }

    private enum State { Passing, Concealing, Crossfading }

    /// <summary>Whether a hole is being filled or the stream cross-faded in after one.</summary>
    public bool IsConcealing => _state != State.Passing;

    /// <summary>Forgets the history: the stream begins anew, after FLUSH.</summary>
    public void Reset()
    {
        Array.Clear(_history);
        _state = State.Passing;
        _sinceAnalysis = int.MaxValue;
    }

    /// <summary>Takes frames that arrived. After a hole the beginning is cross-faded in place, otherwise nothing is changed.</summary>
    /// <param name="frames">Whole frames, in order.</param>
    /// <returns>Frames that were changed.</returns>
    public int Pass(Span<byte> frames)
    {
        int size = _format.BytesPerFrame, changed = 0, at = 0;
        if (_state == State.Concealing && frames.Length >= size)
        {
            _state = State.Crossfading;
            _faded = 0;
        }

        for (; _state == State.Crossfading && at + size <= frames.Length; at += size)
        {
            if (Crossfade(frames.Slice(at, size))) changed++;
            if (_faded == _crossfade) _state = State.Passing;
        }

        Remember(frames);
        return changed;
    }

    /// <summary>Fills the next frames, which did not arrive.</summary>
    /// <param name="frames">Whole frames; what they hold does not matter.</param>
    public void Conceal(Span<byte> frames)
    {
        int size = _format.BytesPerFrame, width = _format.BitsPerSample / 8;
        if (frames.Length < size) return;
        if (_state != State.Concealing) Begin();
        for (int at = 0; at + size <= frames.Length; at += size)
        {
            double gain = Gain();
            if (gain == 0)
            {
                frames[at..].Clear();
                break;
            }

            _model.Step();
            for (int channel = 0; channel < _format.Channels; channel++) PcmSample.Write(frames.Slice(at + (channel * width), width), gain * _model.Value(channel));
            _concealed++;
        }

        Remember(frames);
    }

    private void Begin()
    {
        _model.Load(_history, _next);
        if (_sinceAnalysis >= _reanalyse) // shorter pieces than that are not worth another search
        {
            _model.Analyse();
            _sinceAnalysis = 0;
        }

        _model.Start();
        _concealed = 0;
        _state = State.Concealing;
    }

    private bool Crossfade(Span<byte> frame)
    {
        int width = _format.BitsPerSample / 8;
        double gain = Gain(), weight = 0.5 - (0.5 * Math.Cos(Math.PI * ++_faded / (_crossfade + 1)));
        if (gain != 0)
        {
            _model.Step();
            _concealed++;
        }

        bool isChanged = false;
        for (int channel = 0; channel < _format.Channels; channel++)
        {
            Span<byte> sample = frame.Slice(channel * width, width);
            double real = PcmSample.Read(sample), filled = gain == 0 ? 0 : gain * _model.Value(channel);
            PcmSample.Write(sample, filled + (weight * (real - filled)));
            isChanged |= PcmSample.Read(sample) != real;
        }

        return isChanged;
    }

    /// <summary>Level of the continuation: 1, then half a cosine to exactly 0.</summary>
    private double Gain() =>
        _concealed < _full ? 1
        : _concealed >= _silent ? 0
        : 0.5 + (0.5 * Math.Cos(Math.PI * (_concealed - _full) / (_silent - _full)));

    private void Remember(ReadOnlySpan<byte> frames)
    {
        int size = _format.BytesPerFrame, count = frames.Length / size;
        if (_sinceAnalysis < _reanalyse) _sinceAnalysis += Math.Min(count, _reanalyse);
        if (count > _frames)
        {
            frames = frames[((count - _frames) * size)..];
            count = _frames;
        }

        int first = Math.Min(count, _frames - _next);
        frames[..(first * size)].CopyTo(_history.AsSpan(_next * size));
        frames[(first * size)..(count * size)].CopyTo(_history);
        _next = (_next + count) % _frames;
    }
}
