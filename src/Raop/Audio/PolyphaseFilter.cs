using System.Numerics;

namespace Raop.Audio;

/// <summary>
/// A low-pass for a change of rate, cut into phases: output n lies at input time n·Step/Phases, and phase (n·Step mod Phases) weighs the inputs around it.
/// Designed in double, kept in float; each phase sums to one, so that a constant stays that constant.
/// </summary>
/// <remarks>
/// Windowed sinc with Kaiser's window for 120 dB (Oppenheim and Schafer, Discrete-Time Signal Processing, section 7.5). 184 taps at 48 kHz put the
/// transition between 20.0 and 22.05 kHz; higher rates get more taps, so that it stays as narrow in hertz.
/// </remarks>
internal sealed class PolyphaseFilter
{
    private const double Attenuation = 120;
    private const int TapsAt48k = 184;

    /// <summary>Where a coefficient for each phase would take more than this (44,056 Hz and its like), phases are interpolated from a smaller table.</summary>
    private const int MaxTable = 1024 * 1024;

    private readonly float[] _table;
    private readonly int _tablePhases;

    public PolyphaseFilter(int inputRate, int outputRate)
    {
        int divisor = (int)BigInteger.GreatestCommonDivisor(inputRate, outputRate);
        Phases = outputRate / divisor;
        Step = inputRate / divisor;
        double ratio = Math.Max(1, inputRate / 48_000.0);
        Taps = ((int)Math.Ceiling(TapsAt48k * ratio) + 7) & ~7;
        IsExact = (long)Phases * Taps <= MaxTable;
        _tablePhases = IsExact ? Phases : Math.Max(64, (int)(4096 / ratio));
        _table = Design(inputRate, outputRate);
    }

    /// <summary>Output rate over the common divisor.</summary>
    public int Phases { get; }

    /// <summary>Input rate over the common divisor.</summary>
    public int Step { get; }

    /// <summary>Inputs that one output takes.</summary>
    public int Taps { get; }

    /// <summary>Inputs before the one at or just before the output's time.</summary>
    public int Before => (Taps / 2) - 1;

    /// <summary>Whether each phase has its own coefficients in the table.</summary>
    public bool IsExact { get; }

    /// <summary>Coefficients of a phase.</summary>
    /// <param name="phase">0 to <see cref="Phases"/> less one.</param>
    /// <param name="scratch">At least <see cref="Taps"/> long; used when the phase must be interpolated.</param>
    public ReadOnlySpan<float> Phase(int phase, Span<float> scratch)
    {
        if (IsExact) return _table.AsSpan(phase * Taps, Taps);
        double at = (double)phase / Phases * _tablePhases;
        int index = (int)at;
        float weight = (float)(at - index);
        ReadOnlySpan<float> a = _table.AsSpan(index * Taps, Taps), b = _table.AsSpan((index + 1) * Taps, Taps);
        for (int i = 0; i < Taps; i++) scratch[i] = a[i] + (weight * (b[i] - a[i]));
        return scratch[..Taps];
    }

    private float[] Design(int inputRate, int outputRate)
    {
        double beta = 0.1102 * (Attenuation - 8.7);
        double transition = (Attenuation - 7.95) / (2.285 * (Taps - 1)) / (2 * Math.PI); // cycles an input sample
        double cutoff = (Math.Min(inputRate, outputRate) / 2.0 / inputRate) - (transition / 2);
        double half = Taps / 2, windowScale = 1 / BesselI0(beta);
        int rows = IsExact ? _tablePhases : _tablePhases + 1; // one more to interpolate towards
        var table = new float[rows * Taps];
        var row = new double[Taps];
        for (int phase = 0; phase < rows; phase++)
        {
            double sum = 0;
            for (int i = 0; i < Taps; i++)
            {
                double x = i - Before - ((double)phase / _tablePhases);
                double edge = 1 - (x / half * (x / half));
                row[i] = edge <= 0 ? 0 : Sinc(2 * cutoff * x) * BesselI0(beta * Math.Sqrt(edge)) * windowScale;
                sum += row[i];
            }

            for (int i = 0; i < Taps; i++) table[(phase * Taps) + i] = (float)(row[i] / sum);
        }

        return table;
    }

    private static double Sinc(double x) => Math.Abs(x) < 1e-12 ? 1 : Math.Sin(Math.PI * x) / (Math.PI * x);

    /// <summary>Modified Bessel function of the first kind, order zero, by its power series.</summary>
    private static double BesselI0(double x)
    {
        double sum = 1, term = 1;
        for (int k = 1; term > sum * 1e-17; k++)
        {
            term *= x / (2 * k) * (x / (2 * k));
            sum += term;
        }

        return sum;
    }
}
