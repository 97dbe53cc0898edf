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
    /// next bytes can be put over them. Filled up to 56 bits it outlasts the longest code, 41 bits.
    /// </remarks>
    public AlacStatus Read(ref BitReader reader, Span<int> residuals, RiceState state, int bits, out uint magnitudes)
    {
        ReadOnlySpan<byte> bytes = reader.Bytes;
        int next = reader.Position >> 3, have = 0, count = 0, limit = state.Limit;
        uint mean = state.Mean, multiplier = state.Multiplier, notZero = 0, all = 0;
        ulong window = 0;
        Fill(bytes, ref window, ref have, ref next);
        window <<= reader.Position & 7;
        have -= reader.Position & 7;
        while (count < residuals.Length)
        {
            Fill(bytes, ref window, ref have, ref next);
            int parameter = Math.Min(31 - BitOperations.LeadingZeroCount((mean >> RiceState.MeanShift) + 3), limit);
            int prefix = BitOperations.LeadingZeroCount(~window);
            uint coded;
            if (prefix < Escape)
            {
                // A prefix counts 2^parameter - 1; a zero remainder is one bit shorter than others.
                uint remainder = (uint)(window << (prefix + 1) >> (64 - parameter));
                int length = prefix + parameter + (remainder > 1 ? 1 : 0);
                coded = ((uint)prefix << parameter) - (uint)prefix + Math.Max(remainder, 1) - 1;
                window <<= length;
                have -= length;
            }
            else
            {
                coded = (uint)(window << Escape >> (64 - bits));
                window <<= Escape + bits;
                have -= Escape + bits;
            }

            uint value = coded + notZero;
            residuals[count++] = (int)(value >> 1) ^ -(int)(value & 1);
            all |= value;
            mean = multiplier * value + mean - ((multiplier * mean) >> RiceState.MeanShift);
            if (coded >= RiceState.Disputed)
            {
                bool isDisputed = coded == RiceState.Disputed && notZero != 0;
                HasDisputed |= isDisputed;
                if (coded > RiceState.Disputed || (isDisputed && ClampsDisputed)) mean = RiceState.Disputed;
            }

            notZero = 0;
            if (mean >= RiceState.QuietMean || count == residuals.Length) continue;

            uint run = ReadRun(bytes, mean, limit, ref window, ref have, ref next);
            if (run > (uint)(residuals.Length - count))
            {
                magnitudes = all;
                return next * 8 - have > bytes.Length * 8 ? AlacStatus.Truncated : AlacStatus.Malformed;
            }

            residuals.Slice(count, (int)run).Clear();
            count += (int)run;
            notZero = run >= RiceState.LongestRun ? 0u : 1u;
            mean = 0;
        }

        reader.Position = next * 8 - have;
        magnitudes = all;
        return reader.IsPastEnd ? AlacStatus.Truncated : AlacStatus.Ok;
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
