using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Alac.Decoding;

/// <summary>Reads the residuals of a channel: Golomb-Rice values with runs of zeros between them.</summary>
internal struct ResidualReader
{
    private const int Escape = 9, WindowBits = 56;

    /// <summary>How to read a <see cref="RiceState.Disputed"/> value: false as Apple's decoder does, true as FFmpeg's.</summary>
    public bool ClampsDisputed { get; init; }

    /// <summary>Whether a disputed value was met.</summary>
    public bool HasDisputed { get; private set; }

    /// <summary>Fills <paramref name="residuals"/>.</summary>
    /// <param name="reader">Stands at the channel's first value.</param>
    /// <param name="residuals">As many values as the packet has frames.</param>
    /// <param name="state">The code's start.</param>
    /// <param name="bits">Bits of a value that is sent raw, 1 to 32.</param>
    /// <param name="magnitudes">All residuals by OR, each twice its magnitude, less one if negative. 0: all are zero.</param>
    /// <remarks>
    /// The window holds the next bits at its upper end, <c>have</c> of them for certain; those below are right as well or zero, so that the
    /// next bytes can be put over them. Filled up to 56 bits it outlasts the longest code, 41 bits, and two of the usual ones.
    /// </remarks>
    public AlacStatus Read(ref BitReader reader, Span<int> residuals, RiceState state, int bits, out uint magnitudes)
    {
        ReadOnlySpan<byte> bytes = reader.Bytes;
        int next = reader.Position >> 3, have = 0, count = 0, limit = state.Limit;
        uint mean = state.Mean, multiplier = state.Multiplier, notZero = 0, usual = state.UsualMeans();
        ulong window = 0;
        magnitudes = 0;
        Fill(bytes, ref window, ref have, ref next);
        window <<= reader.Position & 7;
        have -= reader.Position & 7;
        bool isValueNext = true; // whatever the mean is
        while (count < residuals.Length)
        {
            int before = count;
            if (mean - RiceState.QuietMean < usual) count = ReadUsual(bytes, residuals, count, usual, multiplier, ref mean, ref window, ref have, ref next, ref magnitudes);
            isValueNext &= count == before;
            if (count == residuals.Length) break;
            if (isValueNext || mean >= RiceState.QuietMean)
            {
                Fill(bytes, ref window, ref have, ref next);
                uint coded = ReadValue(Math.Min(31 - BitOperations.LeadingZeroCount((mean >> RiceState.MeanShift) + 3), limit), bits, ref window, ref have);
                uint value = coded + notZero;
                residuals[count++] = (int)(value >> 1) ^ -(int)(value & 1);
                magnitudes |= value;
                mean = MeanAfter(coded, value, notZero, multiplier, mean);
                notZero = 0;
                isValueNext = false;
                if (mean >= RiceState.QuietMean || count == residuals.Length) continue;
            }

            uint run = ReadRun(bytes, mean, limit, ref window, ref have, ref next);
            if (run > (uint)(residuals.Length - count)) return next * 8 - have > bytes.Length * 8 ? AlacStatus.Truncated : AlacStatus.Malformed;
            residuals.Slice(count, (int)run).Clear();
            count += (int)run;
            notZero = run >= RiceState.LongestRun ? 0u : 1u;
            mean = 0;
            isValueNext = true;
        }

        reader.Position = next * 8 - have;
        return reader.IsPastEnd ? AlacStatus.Truncated : AlacStatus.Ok;
    }

    /// <summary>Reads values while they are what nearly all are: not sent raw, no run before them, and not among the packet's last bytes.</summary>
    /// <remarks>It has a method of its own so that all of its state stays in registers.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int ReadUsual(ReadOnlySpan<byte> bytes, Span<int> residuals, int count, uint usual, uint multiplier, ref uint meanNow, ref ulong windowNow, ref int haveNow, ref int nextNow, ref uint magnitudes)
    {
        uint mean = meanNow, all = 0;
        ulong window = windowNow;
        int have = haveNow, next = nextNow;
        uint value = 0;
        while (next <= bytes.Length - sizeof(ulong))
        {
            window |= BinaryPrimitives.ReadUInt64BigEndian(bytes.Slice(next, sizeof(ulong))) >> have;
            next += (63 - have) >> 3;
            have |= WindowBits;
            if ((uint)count >= (uint)residuals.Length || !TryReadUsual(multiplier, ref mean, ref window, ref have, ref value)) break;
            residuals[count++] = (int)(value >> 1) ^ -(int)(value & 1);
            all |= value;
            if (mean - RiceState.QuietMean >= usual || (uint)count >= (uint)residuals.Length) break;
            if (!TryReadUsual(multiplier, ref mean, ref window, ref have, ref value)) break;
            residuals[count++] = (int)(value >> 1) ^ -(int)(value & 1);
            all |= value;
            if (mean - RiceState.QuietMean >= usual) break;
        }

        if (value > RiceState.Disputed) mean = RiceState.Disputed; // only the last can be: it leaves a mean that is not usual
        (meanNow, windowNow, haveNow, nextNow) = (mean, window, have, next);
        magnitudes |= all;
        return count;
    }

    /// <summary>Reads a value that is not sent raw.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryReadUsual(uint multiplier, ref uint mean, ref ulong window, ref int have, ref uint value)
    {
        int parameter = 31 ^ BitOperations.LeadingZeroCount((mean >> RiceState.MeanShift) + 3), prefix = BitOperations.LeadingZeroCount(~window);
        if (prefix >= Escape) return false;

        // A prefix counts 2^parameter - 1; a zero remainder is one bit shorter than others, and those count from two.
        long remainder = (long)(window << (prefix + 1) >> -parameter), isLonger = (1 - remainder) >> 63; // 0 or -1
        int length = prefix + parameter - (int)isLonger;
        value = (uint)(prefix << parameter) - (uint)prefix + (uint)((remainder - 1) & isLonger);
        window <<= length;
        have -= length;
        mean = multiplier * value + mean - ((multiplier * mean) >> RiceState.MeanShift);
        return true;
    }

    /// <summary>Reads any value.</summary>
    private static uint ReadValue(int parameter, int bits, ref ulong window, ref int have)
    {
        int prefix = BitOperations.LeadingZeroCount(~window), length = Escape + bits;
        uint coded = (uint)(window << Escape >> (64 - bits));
        if (prefix < Escape)
        {
            uint remainder = (uint)(window << (prefix + 1) >> (64 - parameter));
            length = prefix + parameter + (remainder > 1 ? 1 : 0);
            coded = ((uint)prefix << parameter) - (uint)prefix + Math.Max(remainder, 1) - 1;
        }

        window <<= length;
        have -= length;
        return coded;
    }

    private uint MeanAfter(uint coded, uint value, uint notZero, uint multiplier, uint mean)
    {
        bool isDisputed = coded == RiceState.Disputed && notZero != 0;
        HasDisputed |= isDisputed;
        if (coded > RiceState.Disputed || (isDisputed && ClampsDisputed)) return RiceState.Disputed;
        return multiplier * value + mean - ((multiplier * mean) >> RiceState.MeanShift);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint ReadRun(ReadOnlySpan<byte> bytes, uint mean, int limit, ref ulong window, ref int have, ref int next)
    {
        Fill(bytes, ref window, ref have, ref next);
        int prefix = BitOperations.LeadingZeroCount(~window), parameter = RiceState.RunParameterOf(mean), length;
        uint run;
        if (prefix < Escape)
        {
            uint remainder = (uint)(window << (prefix + 1) >> (64 - parameter));
            length = prefix + parameter + (remainder > 1 ? 1 : 0);
            run = (uint)prefix * RiceState.RunDivisorOf(parameter, limit) + Math.Max(remainder, 1) - 1;
        }
        else
        {
            run = (uint)(window << Escape >> (64 - RiceState.RunBits));
            length = Escape + RiceState.RunBits;
        }

        window <<= length;
        have -= length;
        return run;
    }

    /// <summary>Fills the window up, without a branch but for the packet's last bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fill(ReadOnlySpan<byte> bytes, ref ulong window, ref int have, ref int next)
    {
        ulong more = next <= bytes.Length - sizeof(ulong) ? BinaryPrimitives.ReadUInt64BigEndian(bytes.Slice(next, sizeof(ulong))) : BitReader.ReadTail(bytes, next);
        window |= more >> have;
        next += (63 - have) >> 3;
        have |= WindowBits;
    }
}
