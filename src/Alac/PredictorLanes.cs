using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using static System.Runtime.Intrinsics.X86.Avx2;

namespace Alac;

/// <summary>
/// <see cref="Predictor"/> for two channels at once and without branches, by AVX2: the channels' chains of dependent instructions are
/// independent of each other, and one alone leaves the processor waiting. Gives what <see cref="Predictor"/> gives, bit for bit.
/// </summary>
/// <remarks>
/// Lane 0 belongs to the newest sample. A lane's coefficient moves when the residual is larger than the shares of all older samples
/// together, and so does not depend on the newest: it is found from the history as it was one sample ago, in which each sample is
/// still one lane nearer to the beginning.
/// </remarks>
internal static class PredictorLanes
{
    /// <summary>The most coefficients a channel may have here.</summary>
    public const int MaxOrder = 8;

    /// <summary>The widest samples: the sum of shares, 28 differences of them, stays inside 32 bits.</summary>
    private const int MaxBits = 26;

    /// <summary>Samples that <see cref="Predictor"/> does: a whole history.</summary>
    private const int Start = MaxOrder + 1;

    /// <summary>Whether this machine can. A program compiled ahead of time can only if it was compiled for AVX2 (IlcInstructionSet).</summary>
    public static bool IsSupported => Avx2.IsSupported;

    /// <summary>Whether a channel can be given to <see cref="Restore"/>.</summary>
    /// <param name="channel">The channel's residuals.</param>
    /// <param name="bits">Width of a sample.</param>
    /// <param name="magnitudes">All residuals' magnitudes together, as <see cref="Decoding.ResidualReader"/> gives them.</param>
    public static bool CanRestore(PredictorChannel channel, int bits, uint magnitudes)
    {
        int first = channel.Values[0]; // the only sample that nothing has cut to the width
        return magnitudes <= int.MaxValue && first << (32 - bits) >> (32 - bits) == first && CanPredict(channel, bits);
    }

    /// <summary>Whether a channel can be given to <see cref="Predict"/>: none of its sums leaves 32 bits, no coefficient 16.</summary>
    /// <param name="channel">The channel's samples, all of <paramref name="bits"/> bits.</param>
    /// <param name="bits">Width of a sample.</param>
    public static bool CanPredict(PredictorChannel channel, int bits)
    {
        if (channel.Order is 0 or > MaxOrder || bits > MaxBits) return false;
        int most = short.MaxValue - channel.Values.Length;
        foreach (short coefficient in channel.Coefficients)
        {
            if (coefficient > most || coefficient < -most) return false;
        }

        return true;
    }

    /// <summary>Turns residuals of two channels into samples, in place. Both must have passed <see cref="CanRestore"/> and have as many frames.</summary>
    /// <param name="first">A channel.</param>
    /// <param name="second">The other.</param>
    /// <param name="bits">Width of a sample.</param>
    public static void Restore(PredictorChannel first, PredictorChannel second, int bits)
    {
        Span<int> a = first.Values, b = second.Values[..a.Length];
        Predictor.Restore(a[..Math.Min(Start, a.Length)], first.Coefficients, first.Shift, bits);
        Predictor.Restore(b[..Math.Min(Start, a.Length)], second.Coefficients, second.Shift, bits);
        if (a.Length <= Start) return;

        Vector128<int> unused = Vector128.CreateScalar(32 - bits);
        Vector128<int> shiftA = Vector128.CreateScalar(first.Shift), shiftB = Vector128.CreateScalar(second.Shift);
        Vector128<int> fractionA = Vector128.CreateScalar(32 - first.Shift), fractionB = Vector128.CreateScalar(32 - second.Shift);
        Vector128<int> halfA = Vector128.Create(1 << (first.Shift - 1)), halfB = Vector128.Create(1 << (second.Shift - 1));
        Vector256<int> weightsA = Weights(first.Order), weightsB = Weights(second.Order), usedA = Used(first.Order), usedB = Used(second.Order);
        Vector256<int> topA = Vector256.Create(first.Order - 1), topB = Vector256.Create(second.Order - 1);
        Vector256<int> tapsA = Load(first.Coefficients), tapsB = Load(second.Coefficients);
        Vector256<int> historyA = History(a), historyB = History(b);
        Vector128<int> newestA = Vector128.CreateScalar(a[Start - 1]), newestB = Vector128.CreateScalar(b[Start - 1]);
        for (int j = Start; j < a.Length; j++)
        {
            Vector256<int> residualA = Vector256.Create(a[j]), residualB = Vector256.Create(b[j]);
            Vector256<int> baseA = PermuteVar8x32(historyA, topA), baseB = PermuteVar8x32(historyB, topB);
            Vector256<int> spentA = Spent(Rounded(Subtract(historyA, baseA), residualA, fractionA), weightsA, shiftA);
            Vector256<int> spentB = Spent(Rounded(Subtract(historyB, baseB), residualB, fractionB), weightsB, shiftB);
            historyA = Insert(historyA, newestA);
            historyB = Insert(historyB, newestB);
            Vector256<int> stepsA = Subtract(historyA, baseA), stepsB = Subtract(historyB, baseB);
            Vector128<int> sumA = Sum(MultiplyLow(stepsA, tapsA)), sumB = Sum(MultiplyLow(stepsB, tapsB));
            newestA = Cut(Sse2.Add(Sse2.ShiftRightArithmetic(Sse2.Add(sumA, halfA), shiftA), Sse2.Add(baseA.GetLower(), residualA.GetLower())), unused);
            newestB = Cut(Sse2.Add(Sse2.ShiftRightArithmetic(Sse2.Add(sumB, halfB), shiftB), Sse2.Add(baseB.GetLower(), residualB.GetLower())), unused);
            tapsA = Adapt(tapsA, stepsA, residualA, spentA, usedA);
            tapsB = Adapt(tapsB, stepsB, residualB, spentB, usedB);
            a[j] = newestA.ToScalar();
            b[j] = newestB.ToScalar();
        }

        Store(tapsA, first.Coefficients);
        Store(tapsB, second.Coefficients);
    }

    /// <summary>Turns samples of two channels into residuals: the inverse of <see cref="Restore"/>.</summary>
    /// <param name="first">A channel.</param>
    /// <param name="firstResiduals">Takes its residuals.</param>
    /// <param name="second">The other.</param>
    /// <param name="secondResiduals">Takes its residuals.</param>
    /// <param name="bits">Width of a sample.</param>
    /// <returns>What the magnitudes of each channel's coefficients never add up to more than.</returns>
    public static (int First, int Second) Predict(PredictorChannel first, Span<int> firstResiduals, PredictorChannel second, Span<int> secondResiduals, int bits)
    {
        Span<int> a = first.Values, b = second.Values[..a.Length], outA = firstResiduals[..a.Length], outB = secondResiduals[..a.Length];
        int start = Math.Min(Start, a.Length);
        int reachA = Predictor.Predict(a[..start], outA, first.Coefficients, first.Shift, bits);
        int reachB = Predictor.Predict(b[..start], outB, second.Coefficients, second.Shift, bits);
        if (a.Length <= Start) return (reachA, reachB);

        Vector128<int> unused = Vector128.CreateScalar(32 - bits);
        Vector128<int> shiftA = Vector128.CreateScalar(first.Shift), shiftB = Vector128.CreateScalar(second.Shift);
        Vector256<int> almostA = Vector256.Create((1 << first.Shift) - 1), almostB = Vector256.Create((1 << second.Shift) - 1);
        Vector128<int> halfA = Vector128.Create(1 << (first.Shift - 1)), halfB = Vector128.Create(1 << (second.Shift - 1));
        Vector256<int> weightsA = Weights(first.Order), weightsB = Weights(second.Order), usedA = Used(first.Order), usedB = Used(second.Order);
        Vector256<int> topA = Vector256.Create(first.Order - 1), topB = Vector256.Create(second.Order - 1);
        Vector256<int> tapsA = Load(first.Coefficients), tapsB = Load(second.Coefficients);
        Vector256<int> historyA = Insert(History(a), Vector128.CreateScalar(a[Start - 1])), historyB = Insert(History(b), Vector128.CreateScalar(b[Start - 1]));
        Vector256<int> baseA = Vector256.Create(a[Start - 1 - first.Order]), baseB = Vector256.Create(b[Start - 1 - second.Order]);
        for (int j = Start; j < a.Length; j++)
        {
            if ((j & (Predictor.ReachEvery - 1)) == 0)
            {
                reachA = Math.Max(reachA, Reach(tapsA, first.Order));
                reachB = Math.Max(reachB, Reach(tapsB, second.Order));
            }

            // Both shares are found, for a residual of either sign, before the residual is known: the way from one to the next is shorter so.
            Vector256<int> stepsA = Subtract(historyA, baseA), stepsB = Subtract(historyB, baseB);
            Vector256<int> olderA = Abs(Older(stepsA)).AsInt32(), olderB = Abs(Older(stepsB)).AsInt32();
            Vector128<int> sumA = Sum(MultiplyLow(stepsA, tapsA)), sumB = Sum(MultiplyLow(stepsB, tapsB));
            Vector128<int> newestA = Vector128.CreateScalar(a[j]), newestB = Vector128.CreateScalar(b[j]);
            Vector128<int> cutA = Cut(Sse2.Subtract(Sse2.Subtract(newestA, baseA.GetLower()), Sse2.ShiftRightArithmetic(Sse2.Add(sumA, halfA), shiftA)), unused);
            Vector128<int> cutB = Cut(Sse2.Subtract(Sse2.Subtract(newestB, baseB.GetLower()), Sse2.ShiftRightArithmetic(Sse2.Add(sumB, halfB), shiftB)), unused);
            outA[j] = cutA.ToScalar();
            outB[j] = cutB.ToScalar();
            Vector256<int> residualA = BroadcastScalarToVector256(cutA), residualB = BroadcastScalarToVector256(cutB);
            Vector256<int> spentA = BlendVariable(Spent(olderA, weightsA, shiftA), Spent(Add(olderA, almostA), weightsA, shiftA), ShiftRightArithmetic(residualA, 31));
            Vector256<int> spentB = BlendVariable(Spent(olderB, weightsB, shiftB), Spent(Add(olderB, almostB), weightsB, shiftB), ShiftRightArithmetic(residualB, 31));
            tapsA = Adapt(tapsA, stepsA, residualA, spentA, usedA);
            tapsB = Adapt(tapsB, stepsB, residualB, spentB, usedB);
            baseA = PermuteVar8x32(historyA, topA);
            baseB = PermuteVar8x32(historyB, topB);
            historyA = Insert(historyA, newestA);
            historyB = Insert(historyB, newestB);
        }

        Store(tapsA, first.Coefficients);
        Store(tapsB, second.Coefficients);
        return (Math.Max(reachA, Reach(tapsA, first.Order)), Math.Max(reachB, Reach(tapsB, second.Order)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Reach(Vector256<int> taps, int order) => Sum(Abs(taps).AsInt32()).ToScalar() + order * (Predictor.ReachEvery / 2);

    /// <summary>Magnitudes of steps, such that their whole parts are rounded up when the residual is negative.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Rounded(Vector256<int> steps, Vector256<int> residual, Vector128<int> fraction) =>
        Add(Abs(steps).AsInt32(), ShiftRightLogical(ShiftRightArithmetic(residual, 31), fraction));

    /// <summary>What the samples older than each lane's take of the residual: the whole parts of their steps, times their weights.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Spent(Vector256<int> older, Vector256<int> weights, Vector128<int> shift)
    {
        Vector256<int> share = MultiplyLow(ShiftRightLogical(older, shift), weights);
        share = Add(share, ShiftRightLogical128BitLane(share, 4));
        share = Add(share, ShiftRightLogical128BitLane(share, 8));
        Vector256<int> upper = And(PermuteVar8x32(share, Vector256.Create(4)), Vector256.Create(-1, -1, -1, -1, 0, 0, 0, 0));
        return Add(share, upper);
    }

    /// <summary>Moves the coefficients whose turn it is by one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Adapt(Vector256<int> taps, Vector256<int> steps, Vector256<int> residual, Vector256<int> spent, Vector256<int> used)
    {
        Vector256<int> moves = And(CompareGreaterThan(Abs(residual).AsInt32(), spent), used);
        return Subtract(taps, Sign(Sign(moves, steps), residual));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Insert(Vector256<int> history, Vector128<int> newest) =>
        Blend(PermuteVar8x32(history, Vector256.Create(0, 0, 1, 2, 3, 4, 5, 6)), newest.ToVector256Unsafe(), 1);

    /// <summary>Each lane's next older neighbour.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Older(Vector256<int> steps) => PermuteVar8x32(steps, Vector256.Create(1, 2, 3, 4, 5, 6, 7, 7));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Sum(Vector256<int> products)
    {
        Vector128<int> sum = Sse2.Add(products.GetLower(), ExtractVector128(products, 1));
        sum = Sse2.Add(sum, Sse2.Shuffle(sum, 0b_01_00_11_10));
        return Sse2.Add(sum, Sse2.Shuffle(sum, 0b_10_11_00_01));
    }

    /// <summary>Keeps a sample's bits and extends its sign.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Cut(Vector128<int> value, Vector128<int> unused) =>
        Sse2.ShiftRightArithmetic(Sse2.ShiftLeftLogical(value, unused), unused);

    /// <summary>How often a step counts: once for the oldest sample's, which is told by the lane before it.</summary>
    private static Vector256<int> Weights(int order) =>
        Max(Subtract(Vector256.Create(order - 1), Vector256.Create(0, 1, 2, 3, 4, 5, 6, 7)), Vector256<int>.Zero);

    private static Vector256<int> Used(int order) => CompareGreaterThan(Vector256.Create(order), Vector256.Create(0, 1, 2, 3, 4, 5, 6, 7));

    /// <summary>The eight samples before the newest of <see cref="Start"/>.</summary>
    private static Vector256<int> History(ReadOnlySpan<int> values) =>
        PermuteVar8x32(Vector256.Create(values), Vector256.Create(7, 6, 5, 4, 3, 2, 1, 0));

    private static Vector256<int> Load(ReadOnlySpan<short> coefficients)
    {
        Span<int> lanes = stackalloc int[MaxOrder];
        lanes.Clear();
        for (int i = 0; i < coefficients.Length; i++) lanes[i] = coefficients[^(i + 1)];
        return Vector256.Create<int>(lanes);
    }

    private static void Store(Vector256<int> taps, Span<short> coefficients)
    {
        for (int i = 0; i < coefficients.Length; i++) coefficients[^(i + 1)] = (short)taps[i];
    }
}
