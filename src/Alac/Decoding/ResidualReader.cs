namespace Alac.Decoding;

/// <summary>Reads the residuals of a channel: Golomb-Rice values with runs of zeros between them.</summary>
internal struct ResidualReader
{
    /// <summary>How to read a <see cref="RiceState.Disputed"/> value: false as Apple's decoder does, true as FFmpeg's.</summary>
    public bool ClampsDisputed { get; init; }

    /// <summary>Whether a disputed value was met.</summary>
    public bool HasDisputed { get; private set; }

    /// <summary>Fills <paramref name="residuals"/>.</summary>
    /// <param name="reader">Stands at the channel's first value.</param>
    /// <param name="residuals">As many values as the packet has frames.</param>
    /// <param name="state">The code's start.</param>
    /// <param name="bits">Bits of a value that is sent raw, 1 to 32.</param>
    public AlacStatus Read(ref BitReader reader, Span<int> residuals, RiceState state, int bits)
    {
        int count = 0;
        while (count < residuals.Length)
        {
            int parameter = state.ValueParameter;
            uint coded = reader.ReadRice((1u << parameter) - 1, parameter, bits);
            uint value = coded + state.NotZero;
            residuals[count++] = (int)(value >> 1) ^ -(int)(value & 1);
            bool isDisputed = coded == RiceState.Disputed && state.NotZero != 0;
            state.AddValue(coded);
            if (isDisputed)
            {
                HasDisputed = true;
                if (ClampsDisputed) state.Clamp();
            }

            if (!state.IsQuiet || count == residuals.Length) continue;

            parameter = state.RunParameter;
            uint run = reader.ReadRice(state.RunDivisor(parameter), parameter, RiceState.RunBits);
            if (run > (uint)(residuals.Length - count)) return reader.IsPastEnd ? AlacStatus.Truncated : AlacStatus.Malformed;
            residuals.Slice(count, (int)run).Clear();
            count += (int)run;
            state.AddRun(run);
        }

        return reader.IsPastEnd ? AlacStatus.Truncated : AlacStatus.Ok;
    }
}
