using Alac.Encoding;
using CsCheck;

namespace Alac.Tests;

/// <summary>Where the encoder's coefficients come from. Whatever they are, packets decode to their source: these say whether they are good.</summary>
public sealed class AnalysisTests
{
    [Fact]
    public void Both_kernels_find_the_same_likeness() =>
        Gen.Select(Gen.Int[1, 400], Gen.Int[0, 16], Gen.Int).Sample((frames, width, seed) =>
        {
            var random = new Random(seed);
            float[] signal = new float[Autocorrelation.Room(frames)];
            for (int i = 0; i < frames; i++) signal[i] = random.Next(-1 << width, 1 << width);
            double[] sums = new double[Autocorrelation.Lags], expected = new double[Autocorrelation.Lags];
            Autocorrelation.Sum(signal, sums);
            Autocorrelation.SumOneByOne(signal, expected);
            for (int lag = 0; lag < sums.Length; lag++) Assert.Equal(expected[lag], sums[lag], 1e-5 * expected[0] + 1e-9);
        }, iter: 300);

    [Fact]
    public void A_resonance_is_found_and_costs_the_coefficients_it_needs()
    {
        // First differences that follow from the two before: the coefficients of samples are these, differenced.
        double[] sums = new double[Autocorrelation.Lags];
        (double one, double two) = (1.6, -0.9);
        sums[0] = 1;
        sums[1] = one / (1 - two);
        for (int lag = 2; lag < sums.Length; lag++) sums[lag] = one * sums[lag - 1] + two * sums[lag - 2];
        var prediction = new LinearPrediction();
        prediction.Solve(sums, floor: 0, growth: Math.Pow(2, 32.0 / 352));
        Assert.Equal(LinearPrediction.MinOrder, prediction.Order);
        short[] coefficients = new short[PredictorLanes.MaxOrder];
        int shift = prediction.Quantize(coefficients, most: 32_000, bits: 17);
        Assert.Equal([0.9, -2.5, 2.6], coefficients[1..4].Select(c => Math.Round((double)c / (1 << shift), 2)));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, double.NaN)]
    [InlineData(1, 5)]
    [InlineData(double.PositiveInfinity, 1)]
    [InlineData(1e300, -1e300)]
    public void Sums_of_no_signal_give_coefficients_that_can_be_sent(double energy, double other)
    {
        double[] sums = [energy, .. Enumerable.Repeat(other, Autocorrelation.MaxLag)];
        var prediction = new LinearPrediction();
        prediction.Solve(sums, floor: 1, growth: 1.01);
        Assert.InRange(prediction.Order, LinearPrediction.MinOrder, PredictorLanes.MaxOrder);
        short[] coefficients = new short[PredictorLanes.MaxOrder];
        Assert.InRange(prediction.Quantize(coefficients, most: 16_383, bits: 17), 1, 15);
        Assert.All(coefficients, c => Assert.InRange(c, -16_383, 16_383));
    }

    [Fact]
    public void The_hardest_of_resonances_stay_within_sixteen_bits()
    {
        double[] sums = [.. Enumerable.Range(0, Autocorrelation.Lags).Select(lag => lag % 2 == 0 ? 1.0 : -1.0)];
        var prediction = new LinearPrediction();
        for (double damping = 1; damping > 0.9; damping -= 0.0001)
        {
            prediction.Solve([.. sums.Select((s, lag) => s * Math.Pow(damping, lag * lag))], 0, 1);
            short[] coefficients = new short[PredictorLanes.MaxOrder];
            prediction.Quantize(coefficients, most: 16_383, bits: 17);
            Assert.All(coefficients, c => Assert.InRange(c, -16_383, 16_383));
        }
    }

    [Fact]
    public void Channels_that_are_alike_are_sent_as_middle_and_difference()
    {
        int[] left = [.. Enumerable.Range(0, 352).Select(i => (int)(Math.Sin(i * 0.05) * 9000))], right = [.. left.Select(l => l + l % 2)], inverse = [.. left.Select(l => -l)];
        var random = new Random(1);
        int[] other = [.. left.Select(_ => random.Next(-9000, 9000))], quiet = [.. left.Select(_ => random.Next(-9, 9))];
        var analysis = new SignalAnalysis(352);
        Assert.NotEqual(StereoMode.LeftRight, analysis.Choose(left, right, isWeighted: false, out _, out _));
        Assert.NotEqual(StereoMode.LeftRight, analysis.Choose(other, [.. other.Zip(quiet, (a, b) => a + b)], isWeighted: false, out _, out _));
        Assert.Equal(StereoMode.MiddleSide, analysis.Choose(other, [.. other.Select(o => -o)], isWeighted: true, out _, out _));
        Assert.Equal(StereoMode.LeftRight, analysis.Choose(other, quiet, isWeighted: true, out _, out _));
        Assert.NotEqual(StereoMode.LeftRight, analysis.Choose(left, inverse, isWeighted: true, out _, out _));
    }
}
