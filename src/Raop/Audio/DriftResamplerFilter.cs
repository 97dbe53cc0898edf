using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Raop.Audio;

/// <summary>
/// Interpolates between frames: a sinc with cutoff at half the rate, in Kaiser's window, as a table of phases with straight lines between them.
/// Phase 0 is one at its frame and zero elsewhere. One table serves every rate and stream.
/// </summary>
/// <remarks>
/// Kaiser's window as in Oppenheim and Schafer, Discrete-Time Signal Processing, section 7.5. With 64 taps for 105 dB images begin at 0.90 of half the rate
/// (19.8 kHz at 44.1 kHz). Straight lines between 1024 phases err by (π/1024)²/8, -118 dB, at the highest frequency, and less by the square below.
/// </remarks>
internal sealed class DriftResamplerFilter
{
    public const int Taps = 64;
    private const int PhaseBits = 10, Phases = 1 << PhaseBits;
    private const double Attenuation = 105;

    private readonly double[] _table = new double[(Phases + 1) * Taps]; // a row more, to interpolate towards

    private DriftResamplerFilter()
    {
        double beta = 0.1102 * (Attenuation - 8.7), half = Taps / 2;
        for (int phase = 0; phase <= Phases; phase++)
        {
            Span<double> row = _table.AsSpan(phase * Taps, Taps);
            double sum = 0;
            for (int i = 0; i < Taps; i++)
            {
                double x = i - (Taps / 2 - 1) - ((double)phase / Phases), edge = 1 - (x / half * (x / half));
                row[i] = edge <= 0 ? 0 : Sinc(x) * BesselI0(beta * Math.Sqrt(edge));
                sum += row[i];
            }

            for (int i = 0; i < Taps; i++) row[i] /= sum; // a constant stays that constant
        }
    }

    public static DriftResamplerFilter Shared { get; } = new();

    /// <summary>The value at a fraction of a frame after frame Taps/2 - 1.</summary>
    /// <param name="fraction">In 2^-64 of a frame.</param>
    /// <param name="samples"><see cref="Taps"/> frames of a channel.</param>
    public double At(ulong fraction, ReadOnlySpan<double> samples) => At(fraction, samples, samples).Left;

    /// <summary>The same for two channels.</summary>
    public (double Left, double Right) At(ulong fraction, ReadOnlySpan<double> left, ReadOnlySpan<double> right)
    {
        if (!Vector.IsHardwareAccelerated) return AtScalar(fraction, left, right);
        ReadOnlySpan<double> rows = Rows(fraction, out double weight);
        return DotVector(rows, weight, left[..Taps], right[..Taps]);
    }

    /// <summary>The same where there are no vectors.</summary>
    public (double Left, double Right) AtScalar(ulong fraction, ReadOnlySpan<double> left, ReadOnlySpan<double> right)
    {
        ReadOnlySpan<double> rows = Rows(fraction, out double weight);
        double sumLeft = 0, sumRight = 0;
        for (int i = 0; i < Taps; i++)
        {
            double c = rows[i] + (weight * (rows[i + Taps] - rows[i]));
            sumLeft += c * left[i];
            sumRight += c * right[i];
        }

        return (sumLeft, sumRight);
    }

    /// <summary>The phase before and the one after.</summary>
    private ReadOnlySpan<double> Rows(ulong fraction, out double weight)
    {
        weight = (fraction << PhaseBits) * (1 / 18446744073709551616.0);
        return _table.AsSpan((int)(fraction >> (64 - PhaseBits)) * Taps, 2 * Taps);
    }

    private static (double Left, double Right) DotVector(ReadOnlySpan<double> rows, double weight, ReadOnlySpan<double> left, ReadOnlySpan<double> right)
    {
        ref double row = ref MemoryMarshal.GetReference(rows);
        ref double l = ref MemoryMarshal.GetReference(left), r = ref MemoryMarshal.GetReference(right);
        Vector<double> sumLeft = Vector<double>.Zero, sumRight = Vector<double>.Zero, w = new(weight);
        for (int i = 0; i < Taps; i += Vector<double>.Count) // 2, 4 or 8: divides Taps
        {
            Vector<double> a = Load(ref row, i), c = a + (w * (Load(ref row, i + Taps) - a));
            sumLeft += c * Load(ref l, i);
            sumRight += c * Load(ref r, i);
        }

        return (Vector.Sum(sumLeft), Vector.Sum(sumRight));
    }

    private static Vector<double> Load(ref double start, int index) =>
        Unsafe.ReadUnaligned<Vector<double>>(ref Unsafe.As<double, byte>(ref Unsafe.Add(ref start, index)));

    private static double Sinc(double x) => x == Math.Truncate(x) ? (x == 0 ? 1 : 0) : Math.Sin(Math.PI * x) / (Math.PI * x);

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
