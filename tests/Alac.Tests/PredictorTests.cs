namespace Alac.Tests;

/// <summary>The vector predictor against its scalar twin, on what music has and on what only an attacker sends.</summary>
public sealed class PredictorTests
{
    private const int Seed = 20_261_123;

    public static TheoryData<int> Widths => [16, 17, 20, 21, 24, 25];

    [Theory, MemberData(nameof(Widths))]
    public void Both_kernels_restore_alike(int bits)
    {
        int compared = ForAll(bits, (random, first, second, firstShift, secondShift) =>
        {
            int[] values = Residuals(random, bits), others = Residuals(random, bits)[..1];
            Array.Resize(ref others, values.Length);
            for (int i = 1; i < others.Length; i++) others[i] = Residual(random, bits, i % 9);
            short[] a = [.. first], b = [.. second], scalarA = [.. first], scalarB = [.. second];
            int[] scalarValues = [.. values], scalarOthers = [.. others];
            PredictorChannel one = new(values, a, firstShift), other = new(others, b, secondShift);
            if (!PredictorLanes.CanRestore(one, bits, Magnitudes(values)) || !PredictorLanes.CanRestore(other, bits, Magnitudes(others))) return false;
            if (PredictorLanes.IsSupported) PredictorLanes.Restore(one, other, bits);
            else Predictor.RestorePair(one, Magnitudes(values), other, Magnitudes(others), bits); // without AVX2 there is but one kernel
            Predictor.Restore(scalarValues, scalarA, firstShift, bits);
            Predictor.Restore(scalarOthers, scalarB, secondShift, bits);
            return Same(scalarValues, values) && Same(scalarOthers, others) && Same(scalarA, a) && Same(scalarB, b);
        });
        Assert.True(compared > 1000, $"{compared} compared");
    }

    [Theory, MemberData(nameof(Widths))]
    public void Both_kernels_predict_alike_and_restoring_undoes_it(int bits)
    {
        int compared = ForAll(bits, (random, first, second, firstShift, secondShift) =>
        {
            int[] values = Samples(random, bits), others = Samples(random, bits);
            Array.Resize(ref others, values.Length);
            short[] a = [.. first], b = [.. second], scalarA = [.. first], scalarB = [.. second];
            int[] residuals = new int[values.Length], otherResiduals = new int[values.Length], expected = new int[values.Length], otherExpected = new int[values.Length];
            PredictorChannel one = new(values, a, firstShift), other = new(others, b, secondShift);
            if (!PredictorLanes.CanPredict(one, bits) || !PredictorLanes.CanPredict(other, bits)) return false;
            if (PredictorLanes.IsSupported) PredictorLanes.Predict(one, residuals, other, otherResiduals, bits);
            else Predictor.PredictPair(one, residuals, other, otherResiduals, bits);
            Predictor.Predict(values, expected, scalarA, firstShift, bits);
            Predictor.Predict(others, otherExpected, scalarB, secondShift, bits);
            Same(expected, residuals);
            Same(otherExpected, otherResiduals);
            Same(scalarA, a);
            Same(scalarB, b);
            first.CopyTo(a, 0);
            Predictor.Restore(residuals, a, firstShift, bits);
            return Same(values, residuals);
        });
        Assert.True(compared > 1000, $"{compared} compared");
    }

    [Theory]
    [InlineData(0, 16, 0)] // no coefficients
    [InlineData(9, 16, 0)] // too many
    [InlineData(8, 27, 0)] // sums could leave 32 bits
    [InlineData(8, 16, 32_700)] // a coefficient could wrap
    [InlineData(8, 16, -32_768)]
    public void What_could_overflow_is_left_to_the_scalar_kernel(int order, int bits, int coefficient)
    {
        short[] coefficients = new short[order];
        coefficients.AsSpan().Fill((short)coefficient);
        Assert.False(PredictorLanes.CanPredict(new PredictorChannel(new int[352], coefficients, 9), bits));
    }

    [Theory]
    [InlineData(32_768, 0u)] // the first residual is as wide as its sender likes
    [InlineData(-32_769, 0u)]
    [InlineData(0, 0x8000_0000u)]
    public void Residuals_wider_than_the_samples_are_left_to_the_scalar_kernel(int first, uint magnitudes)
    {
        int[] values = new int[352];
        Assert.True(PredictorLanes.CanRestore(new PredictorChannel(values, new short[8], 9), 16, 0));
        values[0] = first;
        Assert.False(PredictorLanes.CanRestore(new PredictorChannel(values, new short[8], 9), 16, magnitudes));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(30)]
    public void A_channel_beside_silence_is_restored_as_alone(int order)
    {
        var random = new Random(Seed);
        for (int round = 0; round < 50; round++)
        {
            int[] values = Residuals(random, 17), expected = [.. values], silence = new int[values.Length];
            short[] coefficients = Coefficients(random, order), same = [.. coefficients];
            Predictor.RestoreOne(new PredictorChannel(values, coefficients, 9), Magnitudes(values), silence, 17);
            Predictor.Restore(expected, same, 9, 17);
            Same(expected, values);
            Assert.Equal(-1, silence.AsSpan().IndexOfAnyExcept(0));
        }
    }

    [Fact]
    public void Pairs_of_any_order_and_width_are_those_of_the_scalar_kernel()
    {
        var random = new Random(Seed);
        for (int round = 0; round < 3000; round++)
        {
            int bits = random.Next(1, 33), shift = random.Next(1, 16), otherShift = random.Next(1, 16);
            int[] values = Residuals(random, bits), others = Residuals(random, bits);
            Array.Resize(ref others, values.Length);
            int[] expected = [.. values], otherExpected = [.. others];
            short[] a = Coefficients(random, random.Next(31)), b = Coefficients(random, random.Next(31)), sameA = [.. a], sameB = [.. b];
            Predictor.RestorePair(new(values, a, shift), Magnitudes(values), new(others, b, otherShift), Magnitudes(others), bits);
            Predictor.Restore(expected, sameA, shift, bits);
            Predictor.Restore(otherExpected, sameB, otherShift, bits);
            Same(expected, values);
            Same(otherExpected, others);
        }
    }

    /// <summary>Every pair of orders with every denominator.</summary>
    private static int ForAll(int bits, Func<Random, short[], short[], int, int, bool> compare)
    {
        TestContext.Current.SendDiagnosticMessage($"seed {Seed + bits}");
        var random = new Random(Seed + bits);
        int compared = 0;
        for (int order = 1; order <= PredictorLanes.MaxOrder; order++)
        {
            for (int other = 1; other <= PredictorLanes.MaxOrder; other++)
            {
                for (int shift = 1; shift <= 15; shift++)
                {
                    for (int round = 0; round < 3; round++)
                    {
                        if (compare(random, Coefficients(random, order), Coefficients(random, other), shift, random.Next(1, 16))) compared++;
                    }
                }
            }
        }

        return compared;
    }

    private static short[] Coefficients(Random random, int order)
    {
        int limit = random.Next(4) switch { 0 => 2, 1 => 600, 2 => 8000, _ => 32_767 };
        return [.. Enumerable.Range(0, order).Select(_ => (short)random.Next(-limit - 1, limit + 1))];
    }

    private static int[] Residuals(Random random, int bits)
    {
        int kind = random.Next(10);
        return [.. Enumerable.Range(0, random.Next(1, 120)).Select(_ => Residual(random, bits, kind))];
    }

    private static int Residual(Random random, int bits, int kind)
    {
        int full = (int)((1L << (bits - 1)) - 1);
        return kind switch
        {
            0 => 0,
            1 => random.Next(-1, 2),
            2 => random.Next(2) == 0 ? full : -full - 1,
            3 => random.Next(8) == 0 ? full : 0,
            4 => random.Next(-40, 41),
            5 => (int)random.NextInt64(-(long)full - 1, (long)full + 1),
            6 => full,
            7 => random.Next(5) == 0 ? random.Next(int.MinValue, int.MaxValue) : random.Next(-9, 10), // only an attacker's
            8 => -full - 1,
            _ => random.Next(-Math.Min(full, 3000) - 1, Math.Min(full, 3000)),
        };
    }

    private static int[] Samples(Random random, int bits)
    {
        int kind = random.Next(7);
        int full = (int)((1L << (bits - 1)) - 1);
        double step = random.NextDouble();
        return [.. Enumerable.Range(0, random.Next(1, 120)).Select(i => kind == 6 ? (int)(Math.Sin(i * step) * full) : Math.Clamp(Residual(random, bits, kind), -full - 1, full))];
    }

    private static uint Magnitudes(int[] residuals) => residuals.Aggregate(0u, (all, r) => all | (uint)((r << 1) ^ (r >> 31)));

    private static bool Same<T>(T[] expected, T[] actual)
    {
        Assert.Equal(expected, actual);
        return true;
    }
}
