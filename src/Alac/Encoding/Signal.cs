namespace Alac.Encoding;

/// <summary>Something that a channel of a packet can carry: left, right, their middle, or their difference.</summary>
internal sealed class Signal
{
    private readonly int[] _samples;
    private readonly SignalCoding[] _codings;

    /// <param name="config">The stream's parameters.</param>
    /// <param name="choices">The predictors to choose from; the first is for silence.</param>
    public Signal(AlacConfig config, ReadOnlySpan<PredictorChoice> choices)
    {
        _samples = new int[config.FrameLength];
        _codings = new SignalCoding[choices.Length];
        for (int i = 0; i < choices.Length; i++) _codings[i] = new SignalCoding(config, choices[i]);
        Coding = _codings[0];
    }

    /// <summary>The coding in use.</summary>
    public SignalCoding Coding { get; private set; }

    /// <summary>A packet's samples.</summary>
    public Span<int> Samples(int frames) => _samples.AsSpan(0, frames);

    /// <summary>Forgets what was learned.</summary>
    public void Reset()
    {
        foreach (SignalCoding coding in _codings) coding.Reset();
        Coding = _codings[0];
    }

    /// <summary>Compares the codings of two signals and takes the best of each.</summary>
    public static void Search(Signal first, Signal second, int frames, int bits)
    {
        for (int i = 0; i < first._codings.Length; i++)
        {
            SignalCoding.Predict(first._codings[i], first.Samples(frames), second._codings[i], second.Samples(frames), bits);
        }

        first.Choose(frames, bits);
        second.Choose(frames, bits);
    }

    /// <summary>Compares the codings and takes the best.</summary>
    public void Search(int frames, int bits)
    {
        foreach (SignalCoding coding in _codings) coding.Predict(Samples(frames), bits);
        Choose(frames, bits);
    }

    private void Choose(int frames, int bits)
    {
        Coding = _codings[0];
        foreach (SignalCoding coding in _codings)
        {
            coding.Measure(frames, bits);
            if (coding.Bits < (Coding.Bits ?? int.MaxValue)) Coding = coding;
        }
    }
}
