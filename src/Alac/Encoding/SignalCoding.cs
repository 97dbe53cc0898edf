namespace Alac.Encoding;

/// <summary>A channel of a packet: its predictor, and what that leaves.</summary>
internal sealed class SignalCoding
{
    private const int MultiplierQuarters = 4, HeaderBits = 16;
    private readonly AlacConfig _config;
    private readonly int _most;
    private Pass _pass, _spare;

    /// <param name="config">The stream's parameters.</param>
    public SignalCoding(AlacConfig config)
    {
        _config = config;
        _most = short.MaxValue - config.FrameLength; // adapting cannot take them out of their 16 bits
        _pass = new Pass(config.FrameLength);
        _spare = new Pass(config.FrameLength);
    }

    private RiceState NewState => new(
        _config.RiceInitialHistory, (uint)(_config.RiceHistoryMultiplier * MultiplierQuarters / 4), _config.RiceLimit);

    /// <summary>What is left of the samples.</summary>
    public ReadOnlySpan<int> Residuals(int frames) => _pass.Residuals.AsSpan(0, frames);

    /// <summary>Begins with a predictor.</summary>
    /// <param name="prediction">The predictor.</param>
    /// <param name="bits">Width of a sample.</param>
    public void Begin(LinearPrediction prediction, int bits)
    {
        _pass.Order = prediction.Order;
        _pass.IsUnsafe = false;
        _pass.Shift = prediction.Quantize(_pass.Start, _most, bits >= 24 ? 17 : bits); // 24 bits of which none are sent apart are 16 in truth
    }

    /// <summary>Finds the residuals of two channels.</summary>
    /// <param name="first">A channel's coding.</param>
    /// <param name="samples">Its samples.</param>
    /// <param name="second">Another's.</param>
    /// <param name="secondSamples">As many samples.</param>
    /// <param name="bits">Width of a sample.</param>
    public static void Predict(SignalCoding first, Span<int> samples, SignalCoding second, Span<int> secondSamples, int bits)
    {
        Pass one = first._pass, other = second._pass;
        bool isAgain;
        do
        {
            (int reach, int otherReach) = Predictor.PredictPair(one.Channel(samples), one.Residuals, other.Channel(secondSamples), other.Residuals, bits);
            isAgain = one.IsCoarsened(samples, reach) | other.IsCoarsened(secondSamples, otherReach);
        }
        while (isAgain);
    }

    /// <summary>Finds the residuals of one channel.</summary>
    /// <param name="samples">The channel.</param>
    /// <param name="bits">Width of a sample.</param>
    public void Predict(Span<int> samples, int bits)
    {
        int reach;
        do
        {
            PredictorChannel channel = _pass.Channel(samples);
            reach = Predictor.Predict(samples, _pass.Residuals, channel.Coefficients, channel.Shift, bits);
        }
        while (_pass.IsCoarsened(samples, reach));
    }

    /// <summary>Counts the bits of the residuals.</summary>
    public void Measure(int frames, int bits) =>
        _pass.Bits = _pass.IsUnsafe ? null : ResidualWriter.Count(_pass.Residuals.AsSpan(0, frames), NewState, bits) + HeaderBits + LinearPrediction.CoefficientBits * _pass.Order;

    /// <summary>Puts what was found aside, to try another predictor.</summary>
    public void PutAside() => (_pass, _spare) = (_spare, _pass);

    /// <summary>Takes the shorter of what was tried and what was put aside.</summary>
    /// <returns>Whether it is what was tried.</returns>
    public bool KeepShorter(int frames, int bits)
    {
        Measure(frames, bits);
        if ((_pass.Bits ?? int.MaxValue) < (_spare.Bits ?? int.MaxValue)) return true;
        PutAside();
        return false;
    }

    /// <summary>Writes what a decoder must know.</summary>
    public void WriteHeader(ref BitWriter writer)
    {
        writer.Write(0, 4); // mode
        writer.Write((uint)_pass.Shift, 4);
        writer.Write(MultiplierQuarters, 3);
        writer.Write((uint)_pass.Order, 5);
        for (int i = _pass.Order - 1; i >= 0; i--) writer.Write((ushort)_pass.Start[i], LinearPrediction.CoefficientBits);
    }

    /// <summary>Writes the residuals.</summary>
    /// <returns>False when decoders would dispute them.</returns>
    public bool WriteResiduals(ref BitWriter writer, int frames, int bits) =>
        !_pass.IsUnsafe && ResidualWriter.Write(ref writer, _pass.Residuals.AsSpan(0, frames), NewState, bits);

    /// <summary>A packet predicted: the coefficients before, oldest sample first, and what came of it.</summary>
    private sealed class Pass(int frameLength)
    {
        private readonly short[] _adapting = new short[PredictorLanes.MaxOrder];

        public int Order { get; set; }

        public int Shift { get; set; }

        public short[] Start { get; } = new short[PredictorLanes.MaxOrder];

        public int[] Residuals { get; } = new int[frameLength];

        public int? Bits { get; set; }

        /// <summary>Whether sums leave 32 bits, however coarse the coefficients are: nothing that can be sent.</summary>
        public bool IsUnsafe { get; set; }

        /// <summary>The channel for its predictor, at its beginning.</summary>
        public PredictorChannel Channel(Span<int> samples)
        {
            Span<short> adapting = _adapting.AsSpan(0, Order);
            Start.AsSpan(0, Order).CopyTo(adapting);
            return new PredictorChannel(samples, adapting, Shift);
        }

        /// <summary>Takes a fraction bit from the coefficients if the sums of the prediction could have left 32 bits.</summary>
        /// <param name="samples">The channel.</param>
        /// <param name="reach">What came of the prediction.</param>
        /// <returns>Whether it is to be predicted again.</returns>
        public bool IsCoarsened(ReadOnlySpan<int> samples, int reach)
        {
            if (PredictionSum.Fits(samples, reach, Shift)) return false;
            IsUnsafe = Shift == 1;
            if (IsUnsafe) return false;
            Shift--;
            for (int i = 0; i < Order; i++) Start[i] = (short)((Start[i] + 1) >> 1);
            return true;
        }
    }
}
