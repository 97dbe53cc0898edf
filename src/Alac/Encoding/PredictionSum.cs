using System.Numerics;

namespace Alac.Encoding;

/// <summary>
/// Whether a packet's predictions stay inside 32 bits. Decoders do not agree on what becomes of those that do not: most wrap, newer ones of FFmpeg's
/// round in 64 bits, and in Apple's C it is undefined.
/// </summary>
internal static class PredictionSum
{
    /// <summary>Whether no sum of coefficients times steps, and half of the fraction, can leave 32 bits.</summary>
    /// <param name="samples">The channel.</param>
    /// <param name="reach">The most that the magnitudes of its coefficients add up to at any sample.</param>
    /// <param name="shift">Fraction bits of the coefficients.</param>
    public static bool Fits(ReadOnlySpan<int> samples, long reach, int shift)
    {
        long most = int.MaxValue - (1L << (shift - 1));
        return reach * Range(samples) <= most || reach * WidestStep(samples) <= most;
    }

    private static long Range(ReadOnlySpan<int> samples)
    {
        int highest = samples[0], lowest = highest, i = 0;
        Vector<int> high = new(highest), low = high;
        for (; i <= samples.Length - Vector<int>.Count; i += Vector<int>.Count)
        {
            Vector<int> values = new(samples[i..]);
            high = Vector.Max(high, values);
            low = Vector.Min(low, values);
        }

        for (int lane = 0; lane < Vector<int>.Count; lane++) (highest, lowest) = (Math.Max(highest, high[lane]), Math.Min(lowest, low[lane]));
        for (; i < samples.Length; i++) (highest, lowest) = (Math.Max(highest, samples[i]), Math.Min(lowest, samples[i]));
        return (long)highest - lowest;
    }

    /// <summary>The largest difference of two samples that one prediction sees.</summary>
    private static long WidestStep(ReadOnlySpan<int> samples)
    {
        const int After = PredictorLanes.MaxOrder;
        Vector<int> widest = default;
        int i = 0;
        for (; i <= samples.Length - Vector<int>.Count - After; i += Vector<int>.Count)
        {
            Vector<int> high = new(samples[i..]), low = high;
            for (int k = 1; k <= After; k++)
            {
                Vector<int> values = new(samples[(i + k)..]);
                high = Vector.Max(high, values);
                low = Vector.Min(low, values);
            }

            widest = Vector.Max(widest, high - low);
        }

        long most = 0;
        for (int lane = 0; lane < Vector<int>.Count; lane++) most = Math.Max(most, widest[lane]);
        for (; i < samples.Length; i++)
        {
            for (int k = i + 1; k < samples.Length && k <= i + After; k++) most = Math.Max(most, Math.Abs((long)samples[i] - samples[k]));
        }

        return most;
    }
}
