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

    /// <summary>The weight of the left channel in quarters; 0 means that nothing is mixed.</summary>
    public static int MixRes(StereoMode mode) => mode switch { StereoMode.LeftRight => 0, StereoMode.MiddleSide => 2, _ => 4 };

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
