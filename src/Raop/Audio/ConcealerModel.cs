using System.Numerics;
using System.Runtime.InteropServices;

namespace Raop.Audio;

/// <summary>
/// Continues a signal: z(n) = z(n - lag) + e(n), where e is how far the signal was from its own repetition before the hole, carried on by linear prediction.
/// The prediction starts from the last samples themselves, so the continuation starts where the signal was, with its slope.
/// </summary>
/// <remarks>Lag: the highest normalised autocorrelation. Prediction: Burg's method, always stable (Kay, Modern Spectral Estimation, section 7.6).</remarks>
internal sealed class ConcealerModel
{
    private const double ShortestLag = 0.002, LongestLag = 0.020, Window = 0.020, Training = 0.028, PredictionFull = 0.010, PredictionEnd = 0.020;
    private const double Headroom = 0.3; // of the peak
    private const int Order = 96;
    private const int SearchRate = 48_000; // above this the search begins on every second, third or fourth frame

    private readonly PcmFormat _format;
    private readonly int _minLag, _maxLag, _window, _training, _order, _full, _end;
    private readonly double[][] _signal, _period, _coefficients, _error; // per channel
    private readonly double[][] _coarse;
    private readonly double[] _forward, _backward, _previous, _peak;
    private readonly double _fullScale;
    private int _lag, _step;

    public ConcealerModel(PcmFormat format)
    {
        _format = format;
        _minLag = (int)(ShortestLag * format.SampleRate);
        _maxLag = (int)(LongestLag * format.SampleRate);
        _window = (int)(Window * format.SampleRate);
        _training = (int)(Training * format.SampleRate);
        _order = Math.Min(Order, _training / 3);
        _full = (int)(PredictionFull * format.SampleRate);
        _end = (int)(PredictionEnd * format.SampleRate);
        _fullScale = Math.ScaleB(1, format.BitsPerSample - 1) - 1;
        HistoryFrames = _training + _maxLag;
        _lag = _maxLag;
        _signal = Buffers(HistoryFrames);
        _coarse = Buffers(HistoryFrames);
        _period = Buffers(_maxLag);
        _coefficients = Buffers(_order);
        _error = Buffers(_order);
        _forward = new double[_training];
        _backward = new double[_training];
        _previous = new double[_order];
        _peak = new double[format.Channels];
    }

    /// <summary>Frames that <see cref="Load"/> takes.</summary>
    public int HistoryFrames { get; }

    /// <summary>Takes the history.</summary>
    /// <param name="ring"><see cref="HistoryFrames"/> frames of PCM.</param>
    /// <param name="oldest">The frame of the ring where they begin.</param>
    public void Load(ReadOnlySpan<byte> ring, int oldest)
    {
        int size = _format.BytesPerFrame, width = _format.BitsPerSample / 8;
        for (int channel = 0; channel < _signal.Length; channel++)
        {
            double[] signal = _signal[channel];
            for (int i = 0, frame = oldest; i < signal.Length; i++)
            {
                signal[i] = PcmSample.Read(ring.Slice((frame * size) + (channel * width), width));
                if (++frame == signal.Length) frame = 0;
            }
        }
    }

    /// <summary>Finds lag and prediction for what was loaded.</summary>
    public void Analyse()
    {
        int divisor = (_format.SampleRate + SearchRate - 1) / SearchRate;
        for (int channel = 0; channel < _signal.Length; channel++) Thin(_signal[channel], _coarse[channel], divisor);
        _lag = divisor * Search(HistoryFrames / divisor, _window / divisor, _minLag / divisor, _maxLag / divisor);
        if (divisor > 1)
        {
            for (int channel = 0; channel < _signal.Length; channel++) Thin(_signal[channel], _coarse[channel], 1);
            _lag = Search(HistoryFrames, _window, Math.Max(_minLag, _lag - divisor), Math.Min(_maxLag, _lag + divisor));
        }

        for (int channel = 0; channel < _signal.Length; channel++)
        {
            double[] signal = _signal[channel];
            for (int i = 0; i < _training; i++) _forward[i] = signal[_maxLag + i] - signal[_maxLag + i - _lag];
            Burg(_coefficients[channel]);
        }
    }

    /// <summary>Begins the continuation of what was loaded.</summary>
    public void Start()
    {
        _step = 0;
        for (int channel = 0; channel < _signal.Length; channel++)
        {
            ReadOnlySpan<double> signal = _signal[channel];
            signal[^_lag..].CopyTo(_period[channel]);
            _peak[channel] = Math.Max(Peak(signal), 1);
            Span<double> error = _error[channel];
            for (int i = 1; i <= error.Length; i++) error[i - 1] = signal[^i] - signal[^(i + _lag)]; // newest first
        }
    }

    /// <summary>Goes on by a frame.</summary>
    public void Step()
    {
        int at = _step % _lag;
        if (_step < _end)
        {
            double weight = _step < _full ? 1 : 0.5 + (0.5 * Math.Cos(Math.PI * (_step - _full) / (_end - _full)));
            for (int channel = 0; channel < _signal.Length; channel++)
            {
                Span<double> error = _error[channel];
                double predicted = -Dot(_coefficients[channel], error);
                error[..^1].CopyTo(error[1..]);
                error[0] = predicted;
                _period[channel][at] = Bound(_period[channel][at] + (weight * predicted), _peak[channel]);
            }
        }

        _step++;
    }

    /// <summary>A channel of the frame that <see cref="Step"/> made, in steps of the format.</summary>
    public double Value(int channel) => _period[channel][(_step - 1) % _lag];

    /// <summary>Bends what is beyond the history's peak: a prediction from little material may swing too far, and to cut it would click.</summary>
    private double Bound(double value, double peak)
    {
        double beyond = Math.Abs(value) - peak, room = Math.Min(peak * Headroom, _fullScale - peak);
        if (beyond <= 0) return value;
        return Math.CopySign(room <= 0 ? peak : peak + (room * Math.Tanh(beyond / room)), value);
    }

    private static double Peak(ReadOnlySpan<double> signal)
    {
        double peak = 0;
        foreach (double sample in signal) peak = Math.Max(peak, Math.Abs(sample));
        return peak;
    }

    /// <summary>Means of neighbours, less the mean of all: a constant resembles itself at every lag and says nothing.</summary>
    private static void Thin(ReadOnlySpan<double> signal, Span<double> coarse, int divisor)
    {
        double mean = 0;
        foreach (double sample in signal) mean += sample / signal.Length;
        int skip = signal.Length % divisor; // the newest frames count
        for (int i = 0; i < signal.Length / divisor; i++)
        {
            double sum = 0;
            foreach (double sample in signal.Slice(skip + (i * divisor), divisor)) sum += sample;
            coarse[i] = (sum / divisor) - mean;
        }
    }

    /// <summary>The lag at which the last frames resemble earlier ones most.</summary>
    private int Search(int frames, int window, int minLag, int maxLag)
    {
        int best = maxLag, start = frames - window;
        double bestScore = 0;
        for (int lag = minLag; lag <= maxLag; lag++)
        {
            double product = 0, energy = 0;
            foreach (double[] channel in _coarse)
            {
                ReadOnlySpan<double> earlier = channel.AsSpan(start - lag, window);
                product += Dot(channel.AsSpan(start, window), earlier);
                energy += Dot(earlier, earlier);
            }

            if (product <= 0 || product * product <= bestScore * energy) continue;
            bestScore = product * product / energy;
            best = lag;
        }

        return best;
    }

    /// <summary>Prediction of what lies in the forward buffer: x(n) = -Σ a(k) x(n - 1 - k).</summary>
    private void Burg(Span<double> a)
    {
        a.Clear();
        Span<double> f = _forward, b = _backward;
        f.CopyTo(b);
        double energy = Dot(f, f), floor = energy * 1e-14;
        for (int m = 0; m < a.Length; m++)
        {
            Span<double> fm = f[(m + 1)..], bm = b[m..^1];
            double norm = Dot(fm, fm) + Dot(bm, bm);
            if (norm <= floor || energy == 0) break;
            double k = -2 * Dot(fm, bm) / norm;
            a[..m].CopyTo(_previous);
            for (int i = 0; i < m; i++) a[i] = _previous[i] + (k * _previous[m - 1 - i]);
            a[m] = k;
            Reflect(fm, bm, k);
            bm.CopyTo(b[(m + 1)..]);
        }
    }

    private static void Reflect(Span<double> f, Span<double> b, double k)
    {
        Span<Vector<double>> fv = MemoryMarshal.Cast<double, Vector<double>>(f), bv = MemoryMarshal.Cast<double, Vector<double>>(b);
        for (int i = 0; i < fv.Length; i++) (fv[i], bv[i]) = (fv[i] + (k * bv[i]), bv[i] + (k * fv[i]));
        for (int i = fv.Length * Vector<double>.Count; i < f.Length; i++) (f[i], b[i]) = (f[i] + (k * b[i]), b[i] + (k * f[i]));
    }

    private static double Dot(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        ReadOnlySpan<Vector<double>> xv = MemoryMarshal.Cast<double, Vector<double>>(x), yv = MemoryMarshal.Cast<double, Vector<double>>(y);
        Vector<double> even = Vector<double>.Zero, odd = Vector<double>.Zero;
        int i = 0;
        for (; i + 1 < xv.Length; i += 2)
        {
            even += xv[i] * yv[i];
            odd += xv[i + 1] * yv[i + 1];
        }

        if (i < xv.Length) even += xv[i] * yv[i];
        double sum = Vector.Sum(even + odd);
        for (i = xv.Length * Vector<double>.Count; i < x.Length; i++) sum += x[i] * y[i];
        return sum;
    }

    private double[][] Buffers(int length) => [.. Enumerable.Range(0, _format.Channels).Select(_ => new double[length])];
}
