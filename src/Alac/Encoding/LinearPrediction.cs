namespace Alac.Encoding;

/// <summary>The coefficients that a channel of a packet begins with, found from its autocorrelation.</summary>
/// <remarks>
/// A predictor of order n sees its samples less the one before them all, and that is to see the n first differences before the one that is to come.
/// So this is linear prediction of the first differences (Levinson and Durbin), and its coefficients are those of differences, differenced.
/// </remarks>
internal sealed class LinearPrediction
{
    /// <summary>Fewer coefficients than this are seldom better, and never by much.</summary>
    public const int MinOrder = 4;

    /// <summary>Bits that a packet pays for a coefficient.</summary>
    public const int CoefficientBits = 16;

    /// <summary>Fraction bits of the coefficients: that many leave them nearly as they are found; fewer let them move faster, which does not pay.</summary>
    private const int MostShift = 12;

    /// <summary>
    /// Bits of a prediction with its fraction: some samples beyond the loudest do not leave 32. The sum may, where a burst of full scale ends a packet of loud low
    /// tones: decoders wrap it alike.
    /// </summary>
    private const int PredictionBits = 30;

    private const double Regularization = 1e-6; // what sums of floats may be wrong by

    private readonly double[] _taps = new double[PredictorLanes.MaxOrder];

    /// <summary>Coefficients.</summary>
    public int Order { get; private set; } = MinOrder;

    /// <summary>
    /// What the residuals' energy is expected to be, times what <see cref="Order"/> coefficients cost: half its logarithm to base 2, times the
    /// frames, is a number of bits, but for what all signals have in common.
    /// </summary>
    public double Score { get; private set; }

    /// <summary>Finds the order and its coefficients.</summary>
    /// <param name="sums">Autocorrelation of the first differences.</param>
    /// <param name="floor">Energy that residuals have in any case, because they are whole.</param>
    /// <param name="growth">Factor of the energy that is worth a coefficient.</param>
    public void Solve(ReadOnlySpan<double> sums, double floor, double growth)
    {
        Span<double> taps = stackalloc double[PredictorLanes.MaxOrder];
        taps.Clear();
        _taps.AsSpan().Clear();
        Order = MinOrder;
        Score = double.PositiveInfinity;
        double error = sums[0] + sums[0] * Regularization + double.Epsilon, cost = 1;
        for (int order = 1; order <= taps.Length; order++)
        {
            double rest = sums[order];
            for (int i = 1; i < order; i++) rest -= taps[i - 1] * sums[order - i];
            double reflection = rest / error;
            if (!(Math.Abs(reflection) < 1)) reflection = 0; // sums that are none: rounding, or silence
            for (int i = 0, j = order - 2; i <= j; i++, j--)
            {
                (taps[i], taps[j]) = (taps[i] - reflection * taps[j], taps[j] - reflection * taps[i]);
            }

            taps[order - 1] = reflection;
            error *= 1 - reflection * reflection;
            cost *= growth;
            double score = (error + floor) * cost;
            if (order < MinOrder || score >= Score) continue;
            (Order, Score) = (order, score);
            taps.CopyTo(_taps);
        }
    }

    /// <summary>Gives the coefficients as a packet has them.</summary>
    /// <param name="coefficients">Takes <see cref="Order"/> coefficients, oldest sample first.</param>
    /// <param name="most">The largest that are allowed.</param>
    /// <param name="bits">Width of a sample, at most 26.</param>
    /// <returns>Their fraction bits.</returns>
    public int Quantize(Span<short> coefficients, int most, int bits)
    {
        Span<double> exact = stackalloc double[PredictorLanes.MaxOrder];
        double largest = 0, before = -1; // the sample before is where the prediction starts from
        for (int i = 0; i < Order; i++)
        {
            exact[i] = _taps[i] - before;
            before = _taps[i];
            largest = Math.Max(largest, Math.Abs(exact[i]));
        }

        int shift = Math.Min(MostShift, PredictionBits - bits);
        while (largest * (1 << shift) > most) shift--; // the largest is below 2^7
        for (int i = 0; i < Order; i++) coefficients[Order - 1 - i] = (short)Math.Round(exact[i] * (1 << shift));
        return shift;
    }
}
