using System.Numerics;

namespace Alac.Encoding;

/// <summary>How much a signal is like itself some samples later, which is all that the best predictor of it follows from.</summary>
internal static class Autocorrelation
{
    /// <summary>The longest distance.</summary>
    public const int MaxLag = PredictorLanes.MaxOrder;

    /// <summary>Distances: 0 to <see cref="MaxLag"/>.</summary>
    public const int Lags = MaxLag + 1;

    /// <summary>A signal's room is a multiple of this, and <see cref="Padding"/>.</summary>
    public const int Tile = 32;

    /// <summary>Zeros that follow a signal, at least, besides those that fill the last tile up.</summary>
    public const int Padding = MaxLag;

    /// <summary>Room that a signal needs.</summary>
    public static int Room(int frames) => (frames + Tile - 1) / Tile * Tile + Padding;

    /// <summary>Multiplies a signal by itself, moved by each distance.</summary>
    /// <param name="signal">The signal and zeros, <see cref="Room"/> in all.</param>
    /// <param name="sums">Takes <see cref="Lags"/> sums.</param>
    public static void Sum(ReadOnlySpan<float> signal, Span<double> sums)
    {
        if (Vector.IsHardwareAccelerated) SumLanes(signal, sums);
        else SumOneByOne(signal, sums);
    }

    /// <summary>The plain form, where there are no vectors.</summary>
    public static void SumOneByOne(ReadOnlySpan<float> signal, Span<double> sums)
    {
        for (int lag = 0; lag < Lags; lag++)
        {
            double sum = 0;
            for (int i = lag; i < signal.Length; i++) sum += signal[i] * signal[i - lag];
            sums[lag] = sum;
        }
    }

    private static void SumLanes(ReadOnlySpan<float> signal, Span<double> sums)
    {
        Vector<float> sum0 = default, sum1 = default, sum2 = default, sum3 = default, sum4 = default, sum5 = default, sum6 = default, sum7 = default, sum8 = default;
        for (int at = 0; at <= signal.Length - Tile - Padding; at += Tile)
        {
            ReadOnlySpan<float> tile = signal.Slice(at, Tile + Padding); // of a length that the compiler knows: nothing in it needs a check
            for (int i = 0; i < Tile; i += Vector<float>.Count)
            {
                ReadOnlySpan<float> part = tile.Slice(i, Vector<float>.Count + Padding);
                Vector<float> values = new(part);
                sum0 = Vector.MultiplyAddEstimate(values, values, sum0);
                sum1 = Vector.MultiplyAddEstimate(values, new Vector<float>(part[1..]), sum1);
                sum2 = Vector.MultiplyAddEstimate(values, new Vector<float>(part[2..]), sum2);
                sum3 = Vector.MultiplyAddEstimate(values, new Vector<float>(part[3..]), sum3);
                sum4 = Vector.MultiplyAddEstimate(values, new Vector<float>(part[4..]), sum4);
                sum5 = Vector.MultiplyAddEstimate(values, new Vector<float>(part[5..]), sum5);
                sum6 = Vector.MultiplyAddEstimate(values, new Vector<float>(part[6..]), sum6);
                sum7 = Vector.MultiplyAddEstimate(values, new Vector<float>(part[7..]), sum7);
                sum8 = Vector.MultiplyAddEstimate(values, new Vector<float>(part[8..]), sum8);
            }
        }

        sums = sums[..Lags];
        sums[0] = Vector.Sum(sum0);
        sums[1] = Vector.Sum(sum1);
        sums[2] = Vector.Sum(sum2);
        sums[3] = Vector.Sum(sum3);
        sums[4] = Vector.Sum(sum4);
        sums[5] = Vector.Sum(sum5);
        sums[6] = Vector.Sum(sum6);
        sums[7] = Vector.Sum(sum7);
        sums[8] = Vector.Sum(sum8);
    }
}
