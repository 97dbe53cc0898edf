using System.Numerics;

namespace Alac.Decoding;

/// <summary>Turns the weighted middle and the difference back into left and right.</summary>
internal static class StereoUnmixer
{
    /// <summary>Unmixes in place.</summary>
    /// <param name="left">The weighted middle, then left.</param>
    /// <param name="right">The difference, then right; as many samples.</param>
    /// <param name="mixBits">Fraction bits of the weight, 0 to 31.</param>
    /// <param name="mixRes">The weight.</param>
    public static void Unmix(Span<int> left, Span<int> right, int mixBits, int mixRes)
    {
        right = right[..left.Length];
        int i = 0;
        for (; i <= left.Length - Vector<int>.Count; i += Vector<int>.Count)
        {
            Vector<int> difference = new(right[i..]);
            Vector<int> l = Left(new Vector<int>(left[i..]), difference, mixBits, mixRes);
            l.CopyTo(left[i..]);
            (l - difference).CopyTo(right[i..]);
        }

        for (; i < left.Length; i++)
        {
            int difference = right[i];
            left[i] = Left(left[i], difference, mixBits, mixRes);
            right[i] = left[i] - difference;
        }
    }

    /// <summary>The left channel.</summary>
    public static int Left(int middle, int difference, int mixBits, int mixRes) => middle + difference - ((mixRes * difference) >> mixBits);

    /// <summary>The left channel.</summary>
    public static Vector<int> Left(Vector<int> middle, Vector<int> difference, int mixBits, int mixRes) =>
        middle + difference - Vector.ShiftRightArithmetic(difference * mixRes, mixBits);
}
