namespace Alac.Encoding;

/// <summary>
/// Finds the shortest coding of one channel and keeps its predictors trained from packet to packet. Decoders need no such
/// memory: a packet carries the coefficients that it begins with.
/// </summary>
internal sealed class ChannelEncoder
{
    private const int DenominatorShift = 9, MultiplierQuarters = 4, HeaderBits = 16;
    private readonly Candidate[] _candidates;
    private readonly AlacConfig _config;
    private Candidate _best;

    public ChannelEncoder(AlacConfig config)
    {
        _config = config;
        _candidates = [new(4, config.FrameLength), new(8, config.FrameLength)];
        _best = _candidates[0];
    }

    private RiceState NewState => new(
        _config.RiceInitialHistory, (uint)(_config.RiceHistoryMultiplier * MultiplierQuarters / 4), _config.RiceLimit);

    /// <summary>Forgets what was learned.</summary>
    public void Reset()
    {
        foreach (Candidate candidate in _candidates) candidate.Reset();
    }

    /// <summary>Tries each predictor on the channel.</summary>
    /// <param name="samples">The channel's samples, mixed and without low bytes.</param>
    /// <param name="bits">Width of a sample.</param>
    /// <returns>Bits of header and residuals, or null when no coding is safe.</returns>
    public int? Analyze(ReadOnlySpan<int> samples, int bits)
    {
        int? shortest = null;
        foreach (Candidate candidate in _candidates)
        {
            Span<int> residuals = candidate.Residuals.AsSpan(0, samples.Length);
            candidate.Trained.CopyTo(candidate.Start, 0);
            Predictor.Predict(samples, residuals, candidate.Trained, DenominatorShift, bits);
            var counter = default(BitCounter);
            if (!ResidualWriter.Write(ref counter, residuals, NewState, bits)) continue;
            int length = counter.Bits + HeaderBits + 16 * candidate.Start.Length;
            if (length >= shortest) continue;
            shortest = length;
            _best = candidate;
        }

        return shortest;
    }

    /// <summary>Writes the parameters of the coding that <see cref="Analyze"/> found.</summary>
    public void WriteHeader(ref BitWriter writer)
    {
        writer.Write(0, 4); // mode
        writer.Write(DenominatorShift, 4);
        writer.Write(MultiplierQuarters, 3);
        writer.Write((uint)_best.Start.Length, 5);
        for (int i = _best.Start.Length - 1; i >= 0; i--) writer.Write((ushort)_best.Start[i], 16);
    }

    /// <summary>Writes the residuals of the coding that <see cref="Analyze"/> found.</summary>
    public void WriteResiduals(ref BitWriter writer, int frames, int bits) =>
        ResidualWriter.Write(ref writer, _best.Residuals.AsSpan(0, frames), NewState, bits);

    /// <summary>A predictor of one order: its coefficients before and after the packet, oldest sample first.</summary>
    private sealed class Candidate
    {
        public Candidate(int order, int frameLength)
        {
            Start = new short[order];
            Trained = new short[order];
            Residuals = new int[frameLength];
            Reset();
        }

        public short[] Start { get; }

        public short[] Trained { get; }

        public int[] Residuals { get; }

        public void Reset()
        {
            Trained.AsSpan().Clear();
            Trained[^1] = (38 * 512) >> 4; // the start set of Apple's encoder
            Trained[^2] = (-29 * 512) >> 4;
            Trained[^3] = (-2 * 512) >> 4;
        }
    }
}
