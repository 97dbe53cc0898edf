namespace Alac;

/// <summary>A channel as its predictor sees it.</summary>
/// <param name="values">Residuals or samples.</param>
/// <param name="coefficients">Its coefficients, oldest sample first; they adapt.</param>
/// <param name="shift">Fraction bits of the coefficients, 1 to 15.</param>
internal readonly ref struct PredictorChannel(Span<int> values, Span<short> coefficients, int shift)
{
    public Span<int> Values { get; } = values;

    public Span<short> Coefficients { get; } = coefficients;

    public int Shift { get; } = shift;

    public int Order => Coefficients.Length;
}
