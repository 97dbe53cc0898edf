using System.Numerics;
using System.Runtime.Intrinsics;

namespace Alac.Encoding;

/// <summary>Looks at a packet's samples, and finds how they are best sent: the stereo mode, and the coefficients to begin with.</summary>
/// <remarks>Its arithmetic is of floats, so that another processor may choose another coefficient. The packet's samples are the same.</remarks>
internal sealed class SignalAnalysis
{
    private const int Block = 16, Half = Block / 2;

    /// <summary>Energy that each residual has in any case, because it is whole.</summary>
    private const double Floor = 0.05;

    /// <summary>How much of left's and right's energy the middle is thought to have at least: less cannot be told from sums of theirs.</summary>
    private const double LeastMiddle = 1e-6;

    /// <summary>How far each sample of a half block is on the way from one block to the next.</summary>
    private static readonly float[] Ramp = [.. Enumerable.Range(0, Half).Select(i => (i + 0.5f) / Block)];

    private readonly float[] _window, _weights, _first, _second, _side, _loudness;
    private readonly double[] _firstSums = new double[Autocorrelation.Lags], _secondSums = new double[Autocorrelation.Lags];
    private readonly double[] _sideSums = new double[Autocorrelation.Lags], _middleSums = new double[Autocorrelation.Lags];
    private readonly LinearPrediction _left = new(), _right = new(), _middle = new(), _differ = new();
    private int _frames, _room;
    private double _growth, _floor;

    /// <param name="frameLength">The most frames of a packet.</param>
    public SignalAnalysis(int frameLength)
    {
        int room = Autocorrelation.Room(frameLength);
        _window = new float[room];
        _weights = new float[room];
        _first = new float[room];
        _second = new float[room];
        _side = new float[room];
        _loudness = new float[room / Block + 3]; // one more at either end
    }

    /// <summary>Finds the mode and the predictors of a pair of channels.</summary>
    /// <param name="left">Left.</param>
    /// <param name="right">Right; as many samples.</param>
    /// <param name="isWeighted">Whether what is loud counts less: that pays where a packet is long enough to be loud here and quiet there.</param>
    /// <param name="first">The first channel's predictor.</param>
    /// <param name="second">The second's.</param>
    public StereoMode Choose(ReadOnlySpan<int> left, ReadOnlySpan<int> right, bool isWeighted, out LinearPrediction first, out LinearPrediction second)
    {
        Begin(left.Length);
        Differences(left, _first);
        Differences(right, _second);
        if (isWeighted)
        {
            MeasureLoudness();
            Weigh();
        }

        ReadOnlySpan<float> weights = isWeighted ? _weights : _window;
        Scale(weights);
        Autocorrelation.Sum(_first.AsSpan(0, _room), _firstSums);
        Autocorrelation.Sum(_second.AsSpan(0, _room), _secondSums);
        Autocorrelation.Sum(_side.AsSpan(0, _room), _sideSums);
        for (int i = 0; i < _middleSums.Length; i++) _middleSums[i] = (2 * (_firstSums[i] + _secondSums[i]) - _sideSums[i]) / 4;
        _middleSums[0] = Math.Max(_middleSums[0], 0) + LeastMiddle * (_firstSums[0] + _secondSums[0]);
        return Compare(out first, out second);
    }

    /// <summary>Finds the predictor of one channel.</summary>
    /// <param name="samples">The channel. Whoever gives one here gives no pairs: the second channel is silence.</param>
    /// <param name="isWeighted">As for <see cref="Choose"/>.</param>
    public LinearPrediction Solve(ReadOnlySpan<int> samples, bool isWeighted)
    {
        Begin(samples.Length);
        Differences(samples, _first);
        if (!isWeighted) return Solve(_window);
        MeasureLoudness();
        Weigh();
        return Solve(_weights);
    }

    /// <summary>Finds the predictor of one channel anew, in which what was hard to predict counts less: such parts are long in any case.</summary>
    /// <param name="samples">The channel.</param>
    /// <param name="residuals">What came of the predictor before.</param>
    public LinearPrediction Solve(ReadOnlySpan<int> samples, ReadOnlySpan<int> residuals)
    {
        Begin(samples.Length);
        _loudness.AsSpan().Clear();
        for (int i = 0; i < residuals.Length; i++) _loudness[i / Block + 1] += Math.Abs(residuals[i]);
        for (int i = 0; i < _loudness.Length; i++)
        {
            float mean = _loudness[i] / Block + 0.3f, root = MathF.Sqrt(mean);
            _loudness[i] = 1 / (root * MathF.Sqrt(root)); // found by trying: less than the whole, more than the root
        }

        return SolveWeighed(samples);
    }

    private LinearPrediction SolveWeighed(ReadOnlySpan<int> samples)
    {
        ExtendLoudness();
        Interpolate();
        Differences(samples, _first);
        return Solve(_weights);
    }

    private LinearPrediction Solve(ReadOnlySpan<float> weights)
    {
        Scale(_first, weights);
        Autocorrelation.Sum(_first.AsSpan(0, _room), _firstSums);
        _left.Solve(_firstSums, _floor, _growth);
        return _left;
    }

    private StereoMode Compare(out LinearPrediction first, out LinearPrediction second)
    {
        _left.Solve(_firstSums, _floor, _growth);
        _right.Solve(_secondSums, _floor, _growth);
        _middle.Solve(_middleSums, _floor, _growth);
        _differ.Solve(_sideSums, _floor, _growth);
        double leftRight = _left.Score * _right.Score, middleSide = _middle.Score * _differ.Score, leftSide = _left.Score * _differ.Score;
        StereoMode mode = StereoMode.LeftSide;
        if (leftRight <= middleSide && leftRight <= leftSide) mode = StereoMode.LeftRight;
        else if (middleSide <= leftSide) mode = StereoMode.MiddleSide;
        first = mode == StereoMode.MiddleSide ? _middle : _left;
        second = mode == StereoMode.LeftRight ? _right : _differ;
        return mode;
    }

    /// <summary>Makes what depends on the number of frames: the window (Welch's), and what a coefficient is worth.</summary>
    private void Begin(int frames)
    {
        if (frames == _frames) return;
        _frames = frames;
        _room = Autocorrelation.Room(frames);
        _growth = Math.Pow(2, 2.0 * LinearPrediction.CoefficientBits / frames);
        _floor = Floor * frames;
        foreach (float[] values in (ReadOnlySpan<float[]>)[_window, _weights, _first, _second, _side]) values.AsSpan().Clear();
        for (int i = 1; i < frames; i++)
        {
            float at = (2f * i - frames) / frames;
            _window[i] = 1 - at * at;
        }
    }

    /// <summary>First differences; the first sample has none.</summary>
    private static void Differences(ReadOnlySpan<int> samples, Span<float> differences)
    {
        differences[0] = 0;
        ReadOnlySpan<int> before = samples[..^1];
        Span<float> after = differences.Slice(1, before.Length);
        samples = samples.Slice(1, before.Length);
        int i = 0;
        for (; i <= samples.Length - Vector<int>.Count; i += Vector<int>.Count)
        {
            Vector.ConvertToSingle(new Vector<int>(samples[i..]) - new Vector<int>(before[i..])).CopyTo(after[i..]);
        }

        for (; i < samples.Length; i++) after[i] = samples[i] - before[i];
    }

    /// <summary>Sums up the magnitudes of both channels' second differences in each block: what predictors leave is more or less in proportion to them.</summary>
    private void MeasureLoudness()
    {
        Span<float> loudness = _loudness.AsSpan(1, _frames / Block);
        _loudness.AsSpan().Clear();
        for (int k = 0; k < loudness.Length; k++)
        {
            ReadOnlySpan<float> part = _first.AsSpan(k * Block, Block + 1), other = _second.AsSpan(k * Block, Block + 1);
            Vector<float> sum = default;
            for (int i = 0; i < Block; i += Vector<float>.Count)
            {
                sum += Vector.Abs(new Vector<float>(part[(i + 1)..]) - new Vector<float>(part[i..]));
                sum += Vector.Abs(new Vector<float>(other[(i + 1)..]) - new Vector<float>(other[i..]));
            }

            loudness[k] = Vector.Sum(sum);
        }
    }

    /// <summary>Makes weights of loudness.</summary>
    private void Weigh()
    {
        for (int i = 0; i < _loudness.Length; i++) _loudness[i] = 1 / MathF.Sqrt(_loudness[i] / Block + 1);
        ExtendLoudness();
        Interpolate();
    }

    /// <summary>Before the first block it is as loud as in it, and after the last.</summary>
    private void ExtendLoudness()
    {
        int blocks = Math.Max(_frames / Block, 1);
        _loudness[0] = _loudness[1];
        _loudness.AsSpan(blocks + 1).Fill(_loudness[blocks]);
    }

    /// <summary>The window times the blocks' weights, each in the middle of its block and straight lines between them: what is cut hard is not predicted well.</summary>
    private void Interpolate()
    {
        Vector256<float> ramp = Vector256.Create<float>(Ramp); // half a block, however wide Vector<float> is
        for (int half = 0; half < (_room - Autocorrelation.Padding) / Half; half++)
        {
            int block = (half + 1) / 2;
            float from = _loudness[block], step = _loudness[block + 1] - from, start = from + step * (half % 2 == 0 ? 0.5f : 0);
            ReadOnlySpan<float> window = _window.AsSpan(half * Half, Half);
            Span<float> weights = _weights.AsSpan(half * Half, Half);
            ((Vector256.Create(start) + ramp * step) * Vector256.Create(window)).CopyTo(weights);
        }
    }

    private void Scale(Span<float> values, ReadOnlySpan<float> weights)
    {
        values = values[.._room];
        weights = weights[.._room];
        for (int i = 0; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count) (new Vector<float>(values[i..]) * new Vector<float>(weights[i..])).CopyTo(values[i..]);
    }

    /// <summary>Scales both channels, and makes their difference.</summary>
    private void Scale(ReadOnlySpan<float> weights)
    {
        Span<float> first = _first.AsSpan(0, _room), second = _second.AsSpan(0, _room), side = _side.AsSpan(0, _room);
        weights = weights[.._room];
        for (int i = 0; i <= weights.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> weight = new(weights[i..]), one = weight * new Vector<float>(first[i..]), other = weight * new Vector<float>(second[i..]);
            one.CopyTo(first[i..]);
            other.CopyTo(second[i..]);
            (one - other).CopyTo(side[i..]);
        }
    }
}
