using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Alac.Encoding;

/// <summary>Writes the residuals of a channel: the inverse of <see cref="Decoding.ResidualReader"/>.</summary>
internal static class ResidualWriter
{
    private const int EscapeBits = 9, LongestCode = 25;
    private const uint EscapePrefix = (1 << EscapeBits) - 1, One = 1u << 31;

    /// <summary>
    /// By parameter k, 2^31 / (2^k - 1), rounded up. What that adds to a quotient below ten is less than one divisor's part, as long as the
    /// divisor has no more than 13 bits: all parameters below <see cref="RiceState.UsualParameters"/>.
    /// </summary>
    private static readonly uint[] UsualReciprocals =
    [
        0, One + 1, One / 3 + 1, One / 7 + 1, One / 15 + 1, One / 31 + 1, One / 63 + 1, One / 127 + 1, One / 255 + 1, One / 511 + 1,
        One / 1023 + 1, One / 2047 + 1, One / 4095 + 1, One / 8191 + 1, 0, 0,
    ];

    /// <summary>Writes residuals.</summary>
    /// <returns>
    /// False when they hold the value that decoders dispute: +32768 right after a run of zeros. Such a packet must not be sent.
    /// </returns>
    public static bool Write(ref BitWriter destination, ReadOnlySpan<int> residuals, RiceState state, int bits)
    {
        Span<byte> room = destination.Room(out ulong pending, out int pendingBits);
        uint mean = state.Mean, multiplier = state.Multiplier, notZero = 0, usual = state.UsualMeans();
        int count = 0, limit = state.Limit, at = 0;
        bool isValueNext = true; // whatever the mean is
        while (count < residuals.Length)
        {
            int before = count;
            if (mean - RiceState.QuietMean < usual) count = WriteUsual(room, residuals, count, usual, multiplier, ref mean, ref at, ref pending, ref pendingBits);
            isValueNext &= count == before;
            if (count == residuals.Length) break;
            if (isValueNext || mean >= RiceState.QuietMean)
            {
                uint value = ZigZag(residuals[count++]), coded = value - notZero;
                if (coded == RiceState.Disputed && notZero != 0) return false;
                (ulong code, int length) = ValueCode(coded, mean, limit, bits);
                if (!TryPut(room, code, length, ref at, ref pending, ref pendingBits)) break;
                mean = MeanAfter(coded, value, multiplier, mean);
                notZero = 0;
                isValueNext = false;
                if (mean >= RiceState.QuietMean || count == residuals.Length) continue;
            }

            int run = CountZeros(residuals[count..]);
            (ulong runCode, int runLength) = RunCode((uint)run, mean, limit);
            if (!TryPut(room, runCode, runLength, ref at, ref pending, ref pendingBits)) break;
            notZero = run >= RiceState.LongestRun ? 0u : 1u;
            mean = 0;
            count += run;
            isValueNext = true;
        }

        destination.Advance(at, pending, pendingBits);
        return true;
    }

    /// <summary>The bits that <see cref="Write"/> would write.</summary>
    /// <returns>null when it would refuse.</returns>
    public static int? Count(ReadOnlySpan<int> residuals, RiceState state, int bits)
    {
        uint mean = state.Mean, multiplier = state.Multiplier, notZero = 0, usual = state.UsualMeans();
        int count = 0, limit = state.Limit, total = 0;
        bool isValueNext = true;
        while (count < residuals.Length)
        {
            int before = count;
            if (mean - RiceState.QuietMean < usual) count = CountUsual(residuals, count, usual, multiplier, ref mean, ref total);
            isValueNext &= count == before;
            if (count == residuals.Length) break;
            if (isValueNext || mean >= RiceState.QuietMean)
            {
                uint value = ZigZag(residuals[count++]), coded = value - notZero;
                if (coded == RiceState.Disputed && notZero != 0) return null;
                total += ValueCode(coded, mean, limit, bits).Length;
                mean = MeanAfter(coded, value, multiplier, mean);
                notZero = 0;
                isValueNext = false;
                if (mean >= RiceState.QuietMean || count == residuals.Length) continue;
            }

            int run = CountZeros(residuals[count..]);
            total += RunCode((uint)run, mean, limit).Length;
            notZero = run >= RiceState.LongestRun ? 0u : 1u;
            mean = 0;
            count += run;
            isValueNext = true;
        }

        return total;
    }

    /// <summary>Writes values while they are what nearly all are: not sent raw, no run before them, and room for more.</summary>
    /// <remarks>It has a method of its own so that all of its state stays in registers. Two codes, 44 bits at most, go out together.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int WriteUsual(Span<byte> room, ReadOnlySpan<int> residuals, int count, uint usual, uint multiplier, ref uint meanNow, ref int atNow, ref ulong pendingNow, ref int pendingBitsNow)
    {
        uint mean = meanNow, value = 0;
        int at = atNow, pendingBits = pendingBitsNow;
        ulong pending = pendingNow;
        while (at <= room.Length - sizeof(ulong) && (uint)count < (uint)residuals.Length)
        {
            int first = count;
            if (TryAppendUsual(residuals[count], multiplier, ref value, ref mean, ref pending, ref pendingBits))
            {
                count++;
                if (mean - RiceState.QuietMean < usual && (uint)count < (uint)residuals.Length
                    && TryAppendUsual(residuals[count], multiplier, ref value, ref mean, ref pending, ref pendingBits)) count++;
            }

            BinaryPrimitives.WriteUInt64BigEndian(room.Slice(at, sizeof(ulong)), pending);
            at += pendingBits >> 3;
            pending <<= pendingBits & ~7;
            pendingBits &= 7;
            if (mean - RiceState.QuietMean >= usual || count != first + 2) break;
        }

        if (value > RiceState.Disputed) mean = RiceState.Disputed; // only the last can be: it leaves a mean that is not usual
        (meanNow, atNow, pendingNow, pendingBitsNow) = (mean, at, pending, pendingBits);
        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryAppendUsual(int residual, uint multiplier, ref uint lastValue, ref uint mean, ref ulong pending, ref int pendingBits)
    {
        uint value = ZigZag(residual);
        int parameter = UsualParameter(mean);
        (ulong quotient, uint remainder) = DivideUsual(value, parameter);
        if (quotient >= EscapeBits) return false;

        // As many ones as the quotient, a zero, and the remainder plus one; a zero remainder is one bit shorter.
        int isLonger = (int)((0 - remainder) >> 31), tail = parameter + isLonger, length = (int)quotient + tail;
        ulong code = (1ul << length) - (1ul << tail) + (remainder + (uint)isLonger);
        pendingBits += length;
        pending |= code << -pendingBits;
        lastValue = value;
        mean = multiplier * value + mean - ((multiplier * mean) >> RiceState.MeanShift);
        return true;
    }

    /// <summary>Counts the bits of values while they are what nearly all are.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int CountUsual(ReadOnlySpan<int> residuals, int count, uint usual, uint multiplier, ref uint meanNow, ref int total)
    {
        uint mean = meanNow, value = 0;
        int bits = 0;
        for (; (uint)count < (uint)residuals.Length; count++)
        {
            if (mean - RiceState.QuietMean >= usual) break;
            uint next = ZigZag(residuals[count]);
            int parameter = UsualParameter(mean);
            (ulong quotient, uint remainder) = DivideUsual(next, parameter);
            if (quotient >= EscapeBits) break;
            value = next;
            bits += (int)quotient + parameter + (int)((0 - remainder) >> 31);
            mean = multiplier * value + mean - ((multiplier * mean) >> RiceState.MeanShift);
        }

        meanNow = value > RiceState.Disputed ? RiceState.Disputed : mean;
        total += bits;
        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint ZigZag(int residual) => (uint)((residual << 1) ^ (residual >> 31));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int UsualParameter(uint mean) => 31 ^ BitOperations.LeadingZeroCount((mean >> RiceState.MeanShift) + 3);

    /// <summary>Divides by 2^parameter - 1. Exact up to quotients of <see cref="EscapeBits"/>; what is more is more here as well.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (ulong Quotient, uint Remainder) DivideUsual(uint value, int parameter)
    {
        ulong quotient = (ulong)value * UsualReciprocals[parameter & 15] >> 31;
        return (quotient, value + (uint)quotient - ((uint)quotient << parameter));
    }

    private static uint MeanAfter(uint coded, uint value, uint multiplier, uint mean) =>
        coded > RiceState.Disputed ? RiceState.Disputed : multiplier * value + mean - ((multiplier * mean) >> RiceState.MeanShift);

    private static (ulong Code, int Length) ValueCode(uint coded, uint mean, int limit, int bits)
    {
        int parameter = Math.Min(BitOperations.Log2((mean >> RiceState.MeanShift) + 3), limit);
        return Code(coded, (1u << parameter) - 1, parameter, bits);
    }

    private static (ulong Code, int Length) RunCode(uint run, uint mean, int limit)
    {
        int parameter = RiceState.RunParameterOf(mean);
        return Code(run, RiceState.RunDivisorOf(parameter, limit), parameter, RiceState.RunBits);
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

    /// <summary>Zeros that a run can take up.</summary>
    private static int CountZeros(ReadOnlySpan<int> residuals)
    {
        int run = residuals.IndexOfAnyExcept(0);
        return Math.Min(run < 0 ? residuals.Length : run, RiceState.LongestRun);
    }
}
