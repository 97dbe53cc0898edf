namespace Alac.Decoding;

/// <summary>What a compressed element says about one channel before its residuals.</summary>
internal sealed class ChannelHeader
{
    private readonly short[] _coefficients = new short[Predictor.MaxOrder];
    private bool _isDifferencedTwice;
    private int _denominatorShift, _multiplierQuarters, _order;

    /// <summary>Whether the parameters can be decoded with.</summary>
    public bool IsValid => _order == Predictor.Difference || _order == 0 || _denominatorShift > 0;

    /// <summary>Reads the parameters and the coefficients.</summary>
    public void Read(ref BitReader reader)
    {
        _isDifferencedTwice = reader.Read(4) != 0;
        _denominatorShift = (int)reader.Read(4);
        _multiplierQuarters = (int)reader.Read(3);
        _order = (int)reader.Read(5);
        if (_order == Predictor.Difference)
        {
            reader.Skip(16 * Predictor.Difference);
            return;
        }

        for (int i = _order - 1; i >= 0; i--) _coefficients[i] = (short)reader.Read(16);
    }

    /// <summary>The rice code's start for this channel.</summary>
    public RiceState NewState(AlacConfig config) => new(
        config.RiceInitialHistory, (uint)(config.RiceHistoryMultiplier * _multiplierQuarters / 4), config.RiceLimit);

    /// <summary>Undoes what is coded besides the predictor: a difference, or two.</summary>
    /// <returns>Whether a predictor is left to undo.</returns>
    public bool RestoreDifferences(Span<int> values, int bits)
    {
        if (_isDifferencedTwice) Predictor.RestoreDifference(values, bits);
        if (_order == Predictor.Difference) Predictor.RestoreDifference(values, bits);
        return _order is not (0 or Predictor.Difference);
    }

    /// <summary>The channel for its predictor.</summary>
    public PredictorChannel Channel(Span<int> values) => new(values, _coefficients.AsSpan(0, _order), _denominatorShift);
}
