using System.Numerics;
using System.Runtime.CompilerServices;

namespace Alac;

/// <summary>The running mean of an adaptive Golomb-Rice code, one a channel and packet. Both directions move it alike.</summary>
internal struct RiceState(uint initialHistory, uint multiplier, int limit)
{
    /// <summary>Bits of a run of zeros that is sent raw.</summary>
    public const int RunBits = 16;

    /// <summary>A run this long is not known to be followed by another value than zero.</summary>
    public const int LongestRun = 65_535;

    /// <summary>
    /// The value, less <see cref="NotZero"/>, that decoders dispute when <see cref="NotZero"/> is 1: Apple's looks at it as it is and
    /// does not clamp the mean, FFmpeg's and Hammerton's add the 1 first and do.
    /// </summary>
    public const uint Disputed = 65_535;

    /// <summary>Fraction bits of the mean.</summary>
    public const int MeanShift = 9;

    /// <summary>A mean below this is followed by a run of zeros.</summary>
    public const uint QuietMean = 128;

    /// <summary>Parameters after a usual mean are smaller.</summary>
    public const int UsualParameters = 14;

    private uint _mean = initialHistory;

    /// <summary>The mean of recent values.</summary>
    public readonly uint Mean => _mean;

    /// <summary>How fast the mean moves.</summary>
    public readonly uint Multiplier => multiplier;

    /// <summary>The largest parameter of a value.</summary>
    public readonly int Limit => limit;

    /// <summary>1 right after a run of zeros, when the next value is known not to be zero.</summary>
    public uint NotZero { get; private set; }

    /// <summary>Whether a run of zeros comes next, if values remain.</summary>
    public readonly bool IsQuiet => _mean < QuietMean;

    /// <summary>Rice parameter of the next value.</summary>
    public readonly int ValueParameter => Math.Min(BitOperations.Log2((_mean >> MeanShift) + 3), limit);

    /// <summary>Rice parameter of the next run.</summary>
    public readonly int RunParameter => RunParameterOf(_mean);

    /// <summary>Divisor of a run.</summary>
    public readonly uint RunDivisor(int parameter) => RunDivisorOf(parameter, limit);

    /// <summary>Rice parameter of a run after this mean, which is quiet: 1 to 8.</summary>
    public static int RunParameterOf(uint mean) => BitOperations.LeadingZeroCount(mean) - 24 + (int)((mean + 16) >> 6);

    /// <summary>Divisor of a run.</summary>
    public static uint RunDivisorOf(int parameter, int limit) => ((1u << parameter) - 1) & ((1u << limit) - 1);

    /// <summary>
    /// How many means, from <see cref="QuietMean"/> on, are usual: the parameter of the next value is below <see cref="UsualParameters"/> and not
    /// limited, no product with them leaves 32 bits, and a value that leaves one behind is smaller than <see cref="Disputed"/>, unless it is clamped.
    /// </summary>
    public readonly uint UsualMeans()
    {
        long most = ((1L << Math.Min(limit + 1, UsualParameters)) - 3) << MeanShift;
        return (uint)Math.Max(Math.Min(most, (long)Disputed * multiplier) - QuietMean, 0);
    }

    /// <summary>Takes a value into account.</summary>
    /// <param name="coded">The value as coded, less <see cref="NotZero"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddValue(uint coded)
    {
        _mean = coded > Disputed
            ? Disputed
            : multiplier * (coded + NotZero) + _mean - ((multiplier * _mean) >> MeanShift);
        NotZero = 0;
    }

    /// <summary>Undoes what <see cref="AddValue"/> did with a disputed value, in favour of FFmpeg.</summary>
    public void Clamp() => _mean = Disputed;

    /// <summary>Takes a run into account.</summary>
    public void AddRun(uint length)
    {
        NotZero = length >= LongestRun ? 0u : 1u;
        _mean = 0;
    }
}
