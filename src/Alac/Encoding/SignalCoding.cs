namespace Alac.Encoding;

/// <summary>A predictor that can be tried.</summary>
/// <param name="Order">Number of coefficients, at least 3.</param>
/// <param name="Shift">Their fraction bits: the fewer, the faster they move.</param>
internal readonly record struct PredictorChoice(int Order, int Shift);

/// <summary>A predictor of one order for one signal, trained from packet to packet.</summary>
internal sealed class SignalCoding
{
    private const int MultiplierQuarters = 4, HeaderBits = 16, CoefficientBits = 16;
    private readonly AlacConfig _config;
    private readonly int _shift;
    private Pass _pass, _spare;

    /// <param name="config">The stream's parameters.</param>
    /// <param name="choice">The predictor.</param>
    public SignalCoding(AlacConfig config, PredictorChoice choice)
    {
        _config = config;
        _shift = choice.Shift;
        _pass = new Pass(choice.Order, config.FrameLength);
        _spare = new Pass(choice.Order, config.FrameLength);
        Reset();
    }

    /// <summary>Bits that the packet's channel takes with this coding, as last measured; null: decoders would dispute it.</summary>
    public int? Bits => _pass.Bits;

    private RiceState NewState => new(
        _config.RiceInitialHistory, (uint)(_config.RiceHistoryMultiplier * MultiplierQuarters / 4), _config.RiceLimit);

    /// <summary>Forgets what was learned.</summary>
    public void Reset()
    {
        Span<short> trained = _pass.Trained;
        trained.Clear();
        trained[^1] = (short)((38 << _shift) >> 4); // the start set of Apple's encoder
        trained[^2] = (short)((-29 << _shift) >> 4);
        trained[^3] = (short)((-2 << _shift) >> 4);
    }

    /// <summary>Finds the residuals of two signals, and trains on the way.</summary>
    /// <param name="first">A signal's coding.</param>
    /// <param name="samples">Its samples.</param>
    /// <param name="second">Another's.</param>
    /// <param name="secondSamples">As many samples.</param>
    /// <param name="bits">Width of a sample.</param>
    public static void Predict(SignalCoding first, Span<int> samples, SignalCoding second, Span<int> secondSamples, int bits)
    {
        Pass one = first._pass, other = second._pass;
        one.Trained.CopyTo(one.Start, 0);
        other.Trained.CopyTo(other.Start, 0);
        Predictor.PredictPair(
            new(samples, one.Trained, first._shift), one.Residuals, new(secondSamples, other.Trained, second._shift), other.Residuals, bits);
    }

    /// <summary>Finds the residuals of one signal, and trains on the way.</summary>
    /// <param name="samples">The signal.</param>
    /// <param name="bits">Width of a sample.</param>
    public void Predict(Span<int> samples, int bits)
    {
        _pass.Trained.CopyTo(_pass.Start, 0);
        Predictor.Predict(samples, _pass.Residuals, _pass.Trained, _shift, bits);
    }

    /// <summary>Counts the bits of the residuals.</summary>
    public void Measure(int frames, int bits) =>
        _pass.Bits = ResidualWriter.Count(_pass.Residuals.AsSpan(0, frames), NewState, bits) + HeaderBits + CoefficientBits * _pass.Start.Length;

    /// <summary>Predicts a measured packet once more, beginning with what it has taught, and takes that if it is shorter.</summary>
    /// <param name="first">A signal's coding.</param>
    /// <param name="samples">Its samples.</param>
    /// <param name="second">Another's.</param>
    /// <param name="secondSamples">As many samples.</param>
    /// <param name="bits">Width of a sample.</param>
    /// <returns>Whether one is shorter now.</returns>
    public static bool Refine(SignalCoding first, Span<int> samples, SignalCoding second, Span<int> secondSamples, int bits)
    {
        first.Swap();
        second.Swap();
        first._spare.Trained.CopyTo(first._pass.Trained, 0);
        second._spare.Trained.CopyTo(second._pass.Trained, 0);
        Predict(first, samples, second, secondSamples, bits);
        return first.KeepShorter(samples.Length, bits) | second.KeepShorter(samples.Length, bits);
    }

    private bool KeepShorter(int frames, int bits)
    {
        Measure(frames, bits);
        if (Bits < (_spare.Bits ?? int.MaxValue)) return true;
        Swap();
        return false;
    }

    private void Swap() => (_pass, _spare) = (_spare, _pass);

    /// <summary>Writes what a decoder must know.</summary>
    public void WriteHeader(ref BitWriter writer)
    {
        writer.Write(0, 4); // mode
        writer.Write((uint)_shift, 4);
        writer.Write(MultiplierQuarters, 3);
        writer.Write((uint)_pass.Start.Length, 5);
        for (int i = _pass.Start.Length - 1; i >= 0; i--) writer.Write((ushort)_pass.Start[i], CoefficientBits);
    }

    /// <summary>Writes the residuals.</summary>
    /// <returns>False when decoders would dispute them.</returns>
    public bool WriteResiduals(ref BitWriter writer, int frames, int bits) =>
        ResidualWriter.Write(ref writer, _pass.Residuals.AsSpan(0, frames), NewState, bits);

    /// <summary>A packet predicted: the coefficients before and after, oldest sample first, and what came of it.</summary>
    private sealed class Pass(int order, int frameLength)
    {
        public short[] Start { get; } = new short[order];

        public short[] Trained { get; } = new short[order];

        public int[] Residuals { get; } = new int[frameLength];

        public int? Bits { get; set; }
    }
}
