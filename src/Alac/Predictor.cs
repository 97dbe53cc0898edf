namespace Alac;

/// <summary>
/// The adaptive predictor (a sign-sign LMS filter) that both directions share. All arithmetic is 32-bit and wraps.
/// </summary>
/// <remarks>
/// Coefficients are kept oldest sample first, the reverse of a packet's order, so that they run alongside the samples:
/// <c>coefficients[i]</c> belongs to <c>samples[j - order + i]</c>.
/// </remarks>
internal static class Predictor
{
    /// <summary>The order that stands for a plain first difference.</summary>
    public const int Difference = 31;

    /// <summary>The most coefficients that a channel can have.</summary>
    public const int MaxOrder = 30;

    /// <summary>Samples from which on the coefficients' magnitudes are added up again.</summary>
    internal const int ReachEvery = 256;

    /// <summary>Turns residuals into samples, in place.</summary>
    /// <param name="values">Residuals, then samples.</param>
    /// <param name="coefficients">The channel's coefficients, changed by adaptation; their number is the order.</param>
    /// <param name="denominatorShift">Fraction bits of the coefficients, 1 to 15.</param>
    /// <param name="bits">Width of a sample, 1 to 32.</param>
    public static void Restore(Span<int> values, Span<short> coefficients, int denominatorShift, int bits)
    {
        int order = coefficients.Length;
        if (order == 0) return;
        int unused = 32 - bits, half = 1 << (denominatorShift - 1);
        RestoreDifference(values[..Math.Min(order + 1, values.Length)], bits);
        for (int j = order + 1; j < values.Length; j++)
        {
            int residual = values[j], top = values[j - order - 1];
            Span<int> window = values.Slice(j - order, order);
            int predicted = top + ((Dot(coefficients, window, top) + half) >> denominatorShift);
            values[j] = (residual + predicted) << unused >> unused;
            Adapt(coefficients, window, top, residual, denominatorShift);
        }
    }

    /// <summary>Turns first differences into samples, in place.</summary>
    public static void RestoreDifference(Span<int> values, int bits)
    {
        int unused = 32 - bits;
        for (int j = 1; j < values.Length; j++) values[j] = (values[j] + values[j - 1]) << unused >> unused;
    }

    /// <summary>Turns samples into residuals: the inverse of <see cref="Restore"/>.</summary>
    /// <param name="samples">Samples of at most <paramref name="bits"/> bits.</param>
    /// <param name="residuals">Takes as many residuals.</param>
    /// <param name="coefficients">The channel's coefficients, changed by adaptation.</param>
    /// <param name="denominatorShift">Fraction bits of the coefficients, 1 to 15.</param>
    /// <param name="bits">Width of a sample, 1 to 32.</param>
    /// <returns>What the magnitudes of the coefficients never add up to more than.</returns>
    public static int Predict(
        ReadOnlySpan<int> samples, Span<int> residuals, Span<short> coefficients, int denominatorShift, int bits)
    {
        int order = coefficients.Length, unused = 32 - bits, half = 1 << (denominatorShift - 1);
        int warm = Math.Min(order + 1, samples.Length);
        residuals[0] = samples[0];
        for (int j = 1; j < warm; j++) residuals[j] = (samples[j] - samples[j - 1]) << unused >> unused;
        int reach = Reach(coefficients);
        for (int j = warm; j < samples.Length; j++)
        {
            if (j % ReachEvery == 0) reach = Math.Max(reach, Reach(coefficients));
            int top = samples[j - order - 1];
            ReadOnlySpan<int> window = samples.Slice(j - order, order);
            int predicted = top + ((Dot(coefficients, window, top) + half) >> denominatorShift);
            int residual = (samples[j] - predicted) << unused >> unused;
            residuals[j] = residual;
            Adapt(coefficients, window, top, residual, denominatorShift);
        }

        return Math.Max(reach, Reach(coefficients));
    }

    /// <summary>Turns residuals of two channels into samples, in place, both at once if the machine and the values allow it.</summary>
    /// <param name="first">A channel.</param>
    /// <param name="loudest">Its residuals' magnitudes together, as <see cref="Decoding.ResidualReader"/> gives them.</param>
    /// <param name="second">The other, of as many frames.</param>
    /// <param name="secondLoudest">Its residuals' magnitudes together.</param>
    /// <param name="bits">Width of a sample, 1 to 32.</param>
    public static void RestorePair(PredictorChannel first, uint loudest, PredictorChannel second, uint secondLoudest, int bits)
    {
        if (PredictorLanes.IsSupported && PredictorLanes.CanRestore(first, bits, loudest) && PredictorLanes.CanRestore(second, bits, secondLoudest))
        {
            PredictorLanes.Restore(first, second, bits);
            return;
        }

        Restore(first.Values, first.Coefficients, first.Shift, bits);
        Restore(second.Values, second.Coefficients, second.Shift, bits);
    }

    /// <summary>As <see cref="RestorePair"/> with one channel.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="loudest">Its residuals' magnitudes together.</param>
    /// <param name="silence">As many zeros, which take the other channel's place and stay zeros.</param>
    /// <param name="bits">Width of a sample, 1 to 32.</param>
    public static void RestoreOne(PredictorChannel channel, uint loudest, Span<int> silence, int bits)
    {
        Span<short> none = stackalloc short[1];
        none.Clear();
        RestorePair(channel, loudest, new PredictorChannel(silence, none, 1), 0, bits);
    }

    /// <summary>Turns samples of two channels into residuals, both at once if the machine and the values allow it.</summary>
    /// <param name="first">A channel, all of its samples of at most <paramref name="bits"/> bits.</param>
    /// <param name="residuals">Takes its residuals.</param>
    /// <param name="second">The other, of as many frames.</param>
    /// <param name="secondResiduals">Takes its residuals.</param>
    /// <param name="bits">Width of a sample, 1 to 32.</param>
    /// <returns>What the magnitudes of each channel's coefficients never add up to more than.</returns>
    public static (int First, int Second) PredictPair(PredictorChannel first, Span<int> residuals, PredictorChannel second, Span<int> secondResiduals, int bits)
    {
        if (PredictorLanes.IsSupported && PredictorLanes.CanPredict(first, bits) && PredictorLanes.CanPredict(second, bits))
        {
            return PredictorLanes.Predict(first, residuals, second, secondResiduals, bits);
        }

        return (Predict(first.Values, residuals, first.Coefficients, first.Shift, bits), Predict(second.Values, secondResiduals, second.Coefficients, second.Shift, bits));
    }

    /// <summary>What the magnitudes add up to, and by how much that can be more until it is looked at again, or since: a coefficient moves by one a sample.</summary>
    internal static int Reach(ReadOnlySpan<short> coefficients)
    {
        int sum = coefficients.Length * (ReachEvery / 2);
        foreach (short coefficient in coefficients) sum += Math.Abs((int)coefficient);
        return sum;
    }

    private static int Dot(ReadOnlySpan<short> coefficients, ReadOnlySpan<int> window, int top)
    {
        int sum = 0;
        for (int i = 0; i < coefficients.Length; i++) sum += coefficients[i] * (window[i] - top);
        return sum;
    }

    /// <summary>Moves coefficients, the oldest first, towards a smaller residual until their share of it is used up.</summary>
    private static void Adapt(Span<short> coefficients, ReadOnlySpan<int> window, int top, int residual, int shift)
    {
        if (residual > 0)
        {
            for (int i = 0; i < coefficients.Length; i++)
            {
                int step = top - window[i];
                int sign = (step >> 31) | (int)((uint)-step >> 31);
                coefficients[i] = (short)(coefficients[i] - sign);
                residual -= (i + 1) * ((sign * step) >> shift);
                if (residual <= 0) return;
            }
        }
        else if (residual < 0)
        {
            for (int i = 0; i < coefficients.Length; i++)
            {
                int step = top - window[i];
                int sign = (step >> 31) | (int)((uint)-step >> 31);
                coefficients[i] = (short)(coefficients[i] + sign);
                residual -= (i + 1) * ((-sign * step) >> shift); // the floor of a negative number: not the mirror of the case above
                if (residual >= 0) return;
            }
        }
    }
}
