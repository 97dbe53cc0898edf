using System.Numerics;

namespace Alac.Encoding;

/// <summary>The ways in which a pair of channels is sent.</summary>
internal enum StereoMode
{
    /// <summary>Left and right.</summary>
    LeftRight,

    /// <summary>Middle and difference.</summary>
    MiddleSide,

    /// <summary>Left and difference.</summary>
    LeftSide,
}

/// <summary>Makes the signals that a packet carries of left and right.</summary>
internal static class StereoMixer
{
    /// <summary>Weights are quarters.</summary>
    public const int MixBits = 2;

    /// <summary>A fifth more of a product of sums is an eighth of a bit a sample, less than the guess is sure of.</summary>
    private const double Unclear = 1.2;

    // Second differences of 26-bit samples have 28 bits: so many of them still fit a lane's sum.
    private const int LongestBlock = 64;

    /// <summary>The weight of the left channel in quarters; 0 means that nothing is mixed.</summary>
    public static int MixRes(StereoMode mode) => mode switch { StereoMode.LeftRight => 0, StereoMode.MiddleSide => 2, _ => 4 };

    /// <summary>The mode that promises the shortest packet.</summary>
    /// <param name="left">Left.</param>
    /// <param name="right">Right; as many samples.</param>
    /// <param name="current">The mode of the packet before, which is kept unless another promises clearly more: its predictors are trained.</param>
    /// <param name="isClear">Whether no other promises nearly as much.</param>
    public static StereoMode Choose(ReadOnlySpan<int> left, ReadOnlySpan<int> right, StereoMode current, out bool isClear)
    {
        // Second differences stand in for residuals; their mean's logarithm stands in for bits a sample.
        right = right[..left.Length];
        double sumLeft = 1, sumRight = 1, sumMiddle = 1, sumSide = 1;
        int width = Vector<int>.Count;
        for (int i = 2; i + width <= left.Length;)
        {
            Vector<int> lefts = default, rights = default, middles = default, sides = default;
            int last = Math.Min(i + LongestBlock, left.Length) - width;
            for (; i <= last; i += width)
            {
                Vector<int> l = new Vector<int>(left[i..]) - 2 * new Vector<int>(left[(i - 1)..]) + new Vector<int>(left[(i - 2)..]);
                Vector<int> r = new Vector<int>(right[i..]) - 2 * new Vector<int>(right[(i - 1)..]) + new Vector<int>(right[(i - 2)..]);
                lefts += Vector.Abs(l);
                rights += Vector.Abs(r);
                middles += Vector.Abs(Vector.ShiftRightArithmetic(l + r, 1));
                sides += Vector.Abs(l - r);
            }

            sumLeft += (uint)Vector.Sum(lefts);
            sumRight += (uint)Vector.Sum(rights);
            sumMiddle += (uint)Vector.Sum(middles);
            sumSide += (uint)Vector.Sum(sides);
        }

        double leftRight = sumLeft * sumRight, middleSide = sumMiddle * sumSide, leftSide = sumLeft * sumSide;
        double least = Math.Min(Math.Min(leftRight, middleSide), leftSide), limit = least * Unclear;
        isClear = (leftRight <= limit ? 1 : 0) + (middleSide <= limit ? 1 : 0) + (leftSide <= limit ? 1 : 0) == 1;
        double currentProduct = current switch { StereoMode.LeftRight => leftRight, StereoMode.MiddleSide => middleSide, _ => leftSide };
        if (currentProduct <= limit) return current;
        if (leftRight == least) return StereoMode.LeftRight;
        return middleSide == least ? StereoMode.MiddleSide : StereoMode.LeftSide;
    }

    /// <summary>Makes the middle and the difference.</summary>
    public static void Mix(ReadOnlySpan<int> left, ReadOnlySpan<int> right, Span<int> middle, Span<int> side)
    {
        right = right[..left.Length];
        middle = middle[..left.Length];
        side = side[..left.Length];
        int i = 0;
        for (; i <= left.Length - Vector<int>.Count; i += Vector<int>.Count)
        {
            Vector<int> l = new(left[i..]), r = new(right[i..]);
            Vector.ShiftRightArithmetic(l + r, 1).CopyTo(middle[i..]);
            (l - r).CopyTo(side[i..]);
        }

        for (; i < left.Length; i++)
        {
            middle[i] = (left[i] + right[i]) >> 1;
            side[i] = left[i] - right[i];
        }
    }
}
