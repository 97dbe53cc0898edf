using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Alac.Encoding;

/// <summary>Writes the residuals of a channel: the inverse of <see cref="Decoding.ResidualReader"/>.</summary>
internal static class ResidualWriter
{
    private const int EscapeBits = 9, LongestCode = 25, ReciprocalShift = 60, LargestParameter = 23;
    private const uint EscapePrefix = (1 << EscapeBits) - 1;

    /// <summary>
    /// By parameter k, 2^60 / (2^k - 1), rounded up. A value of at most 9 times the divisor, 27 bits, times this still fits 64 bits, and
    /// its error is below one divisor's part of 2^60.
    /// </summary>
    private static readonly ulong[] Reciprocals =
        [0, .. Enumerable.Range(1, LargestParameter).Select(k => (1ul << ReciprocalShift) / ((1ul << k) - 1) + 1)];

    /// <summary>Writes residuals.</summary>
    /// <returns>
    /// False when they hold the value that decoders dispute: +32768 right after a run of zeros. Such a packet must not be sent.
    /// </returns>
    public static bool Write(ref BitWriter destination, ReadOnlySpan<int> residuals, RiceState state, int bits)
    {
        Span<byte> room = destination.Room(out ulong pending, out int pendingBits); // in variables of its own, which stay in registers
        uint mean = state.Mean, multiplier = state.Multiplier, notZero = 0;
        int count = 0, limit = state.Limit, at = 0;
        while (count < residuals.Length)
        {
            int residual = residuals[count++];
            uint value = (uint)((residual << 1) ^ (residual >> 31)), coded = value - notZero;
            int parameter = Math.Min(31 - BitOperations.LeadingZeroCount((mean >> RiceState.MeanShift) + 3), limit);
            (int prefix, uint remainder) = Divide(coded, parameter);
            int isLonger = remainder != 0 ? 1 : 0, length = prefix + parameter + isLonger;

            // The ones of the prefix, a zero, and the remainder plus one; a zero remainder is one bit shorter.
            ulong code = (((1ul << prefix) - 1) << (parameter + isLonger)) + remainder + (uint)isLonger;
            if (prefix >= EscapeBits || length > LongestCode) (code, length) = ((ulong)EscapePrefix << bits | coded, EscapeBits + bits);
            if (!TryPut(room, code, length, ref at, ref pending, ref pendingBits)) break;

            mean = multiplier * value + mean - ((multiplier * mean) >> RiceState.MeanShift);
            if (coded >= RiceState.Disputed)
            {
                if (coded == RiceState.Disputed && notZero != 0) return false;
                if (coded > RiceState.Disputed) mean = RiceState.Disputed;
            }

            notZero = 0;
            if (mean >= RiceState.QuietMean || count == residuals.Length) continue;

            int run = CountZeros(residuals[count..]);
            parameter = RiceState.RunParameterOf(mean);
            (code, length) = Code((uint)run, RiceState.RunDivisorOf(parameter, limit), parameter, RiceState.RunBits);
            if (!TryPut(room, code, length, ref at, ref pending, ref pendingBits)) break;
            notZero = run >= RiceState.LongestRun ? 0u : 1u;
            mean = 0;
            count += run;
        }

        destination.Advance(at, pending, pendingBits);
        return true;
    }

    /// <summary>The bits that <see cref="Write"/> would write.</summary>
    /// <returns>null when it would refuse.</returns>
    public static int? Count(ReadOnlySpan<int> residuals, RiceState state, int bits)
    {
        uint mean = state.Mean, multiplier = state.Multiplier, notZero = 0;
        int count = 0, limit = state.Limit, total = 0;
        while (count < residuals.Length)
        {
            int residual = residuals[count++];
            uint value = (uint)((residual << 1) ^ (residual >> 31)), coded = value - notZero;
            int parameter = Math.Min(31 - BitOperations.LeadingZeroCount((mean >> RiceState.MeanShift) + 3), limit);
            (int prefix, uint remainder) = Divide(coded, parameter);
            int length = prefix + parameter + (remainder != 0 ? 1 : 0);
            total += prefix < EscapeBits && length <= LongestCode ? length : EscapeBits + bits;
            mean = multiplier * value + mean - ((multiplier * mean) >> RiceState.MeanShift);
            if (coded >= RiceState.Disputed)
            {
                if (coded == RiceState.Disputed && notZero != 0) return null;
                if (coded > RiceState.Disputed) mean = RiceState.Disputed;
            }

            notZero = 0;
            if (mean >= RiceState.QuietMean || count == residuals.Length) continue;

            int run = CountZeros(residuals[count..]);
            parameter = RiceState.RunParameterOf(mean);
            total += Code((uint)run, RiceState.RunDivisorOf(parameter, limit), parameter, RiceState.RunBits).Length;
            notZero = run >= RiceState.LongestRun ? 0u : 1u;
            mean = 0;
            count += run;
        }

        return total;
    }

    /// <summary>Writes a Golomb-Rice value of any divisor.</summary>
    public static void WriteRice(ref BitWriter writer, uint value, uint divisor, int parameter, int rawBits)
    {
        (ulong code, int length) = Code(value, divisor, parameter, rawBits);
        writer.Write(code, length);
    }

    private static (ulong Code, int Length) Code(uint value, uint divisor, int parameter, int rawBits)
    {
        uint quotient = value / divisor, remainder = value - quotient * divisor, isLonger = remainder != 0 ? 1u : 0;
        uint length = quotient + (uint)parameter + isLonger;
        return quotient >= EscapeBits || length > LongestCode
            ? ((ulong)EscapePrefix << rawBits | value, EscapeBits + rawBits)
            : ((((1ul << (int)quotient) - 1) << (parameter + (int)isLonger)) + remainder + isLonger, (int)length);
    }

    /// <summary>Puts a code behind the pending bits, and those out as a whole word: what of it is not yet known is written over by the next.</summary>
    /// <returns>False when there is no room for a word.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryPut(Span<byte> room, ulong code, int length, ref int at, ref ulong pending, ref int pendingBits)
    {
        pendingBits += length;
        pending |= code << (64 - pendingBits);
        if (!BinaryPrimitives.TryWriteUInt64BigEndian(room[at..], pending))
        {
            pendingBits = 64; // as many as are never left
            return false;
        }

        at += pendingBits >> 3;
        pending <<= pendingBits & ~7;
        pendingBits &= 7;
        return true;
    }

    /// <summary>Divides by 2^parameter - 1. A quotient of nine stands for all that are larger: such values are not coded by it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (int Quotient, uint Remainder) Divide(uint value, int parameter)
    {
        uint divisor = (1u << parameter) - 1;
        uint dividend = Math.Min(value, EscapeBits * divisor);
        uint quotient = (uint)(dividend * Reciprocals[parameter] >> ReciprocalShift);
        return ((int)quotient, dividend - quotient * divisor);
    }

    /// <summary>Zeros that a run can take up.</summary>
    private static int CountZeros(ReadOnlySpan<int> residuals)
    {
        int run = residuals.IndexOfAnyExcept(0);
        return Math.Min(run < 0 ? residuals.Length : run, RiceState.LongestRun);
    }
}
