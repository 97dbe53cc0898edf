namespace Alac.Encoding;

/// <summary>Writes the residuals of a channel: the inverse of <see cref="Decoding.ResidualReader"/>.</summary>
internal static class ResidualWriter
{
    private const int EscapeBits = 9, LongestCode = 25;
    private const uint EscapePrefix = (1 << EscapeBits) - 1;

    /// <summary>Writes residuals to a sink.</summary>
    /// <returns>
    /// False when they hold the value that decoders dispute: +32768 right after a run of zeros. Such a packet must not be sent.
    /// </returns>
    public static bool Write<TSink>(ref TSink sink, ReadOnlySpan<int> residuals, RiceState state, int bits)
        where TSink : struct, IBitSink, allows ref struct
    {
        int count = 0;
        while (count < residuals.Length)
        {
            int residual = residuals[count++];
            uint coded = (uint)((residual << 1) ^ (residual >> 31)) - state.NotZero;
            if (coded == RiceState.Disputed && state.NotZero != 0) return false;
            int parameter = state.ValueParameter;
            WriteRice(ref sink, coded, (1u << parameter) - 1, parameter, bits);
            state.AddValue(coded);
            if (!state.IsQuiet || count == residuals.Length) continue;

            int run = residuals[count..].IndexOfAnyExcept(0);
            if (run < 0) run = residuals.Length - count;
            run = Math.Min(run, RiceState.LongestRun);
            parameter = state.RunParameter;
            WriteRice(ref sink, (uint)run, state.RunDivisor(parameter), parameter, RiceState.RunBits);
            state.AddRun((uint)run);
            count += run;
        }

        return true;
    }

    /// <summary>Writes a Golomb-Rice value: the inverse of <see cref="Decoding.BitReader.ReadRice"/>.</summary>
    public static void WriteRice<TSink>(ref TSink sink, uint value, uint divisor, int parameter, int rawBits)
        where TSink : struct, IBitSink, allows ref struct
    {
        uint quotient = value / divisor, remainder = value - quotient * divisor;
        int length = (int)quotient + parameter + (remainder != 0 ? 1 : 0);
        if (quotient >= EscapeBits || length > LongestCode)
        {
            sink.Write(EscapePrefix, EscapeBits);
            sink.Write(value, rawBits);
            return;
        }

        // The ones of the prefix, a zero, and the remainder plus one; a zero remainder is one bit shorter.
        uint prefix = (1u << (int)quotient) - 1;
        if (remainder == 0) sink.Write(prefix << parameter, length);
        else sink.Write(prefix << (parameter + 1) | (remainder + 1), length);
    }
}
