namespace Alac.Encoding;

/// <summary>Turns left and right into a weighted middle and a difference.</summary>
internal static class StereoMixer
{
    /// <summary>Weights are quarters.</summary>
    public const int MixBits = 2;

    private const int MaxMixRes = 4;

    /// <summary>The weight of the left channel, 0 (leave both as they are) to 4, that promises the shortest packet.</summary>
    public static int Choose(ReadOnlySpan<int> left, ReadOnlySpan<int> right)
    {
        // Second differences stand in for residuals; their mean's logarithm stands in for bits a sample.
        right = right[..left.Length];
        Span<long> sums = stackalloc long[MaxMixRes + 1];
        sums.Clear();
        long sumRight = 0, sumDifference = 0;
        for (int i = 2; i < left.Length; i++)
        {
            int l = left[i] - 2 * left[i - 1] + left[i - 2], r = right[i] - 2 * right[i - 1] + right[i - 2];
            sums[0] += Math.Abs((long)l);
            sumRight += Math.Abs((long)r);
            sumDifference += Math.Abs((long)l - r);
            for (int mixRes = 1; mixRes <= MaxMixRes; mixRes++) sums[mixRes] += Math.Abs((mixRes * (long)l + (4 - mixRes) * (long)r) >> MixBits);
        }

        int best = 0;
        double least = (sums[0] + 1.0) * (sumRight + 1.0);
        for (int mixRes = 1; mixRes <= MaxMixRes; mixRes++)
        {
            double product = (sums[mixRes] + 1.0) * (sumDifference + 1.0);
            if (product >= least) continue;
            least = product;
            best = mixRes;
        }

        return best;
    }

    /// <summary>Mixes in place: left becomes the weighted middle, right the difference.</summary>
    public static void Mix(Span<int> left, Span<int> right, int mixRes)
    {
        right = right[..left.Length];
        for (int i = 0; i < left.Length; i++)
        {
            int l = left[i], r = right[i];
            left[i] = (mixRes * l + ((1 << MixBits) - mixRes) * r) >> MixBits;
            right[i] = l - r;
        }
    }
}
