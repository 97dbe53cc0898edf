namespace Raop.Timing;

/// <summary>
/// The line on which a sender's sync packets lie: which frame is heard at which time. Its slope is the sender's real rate. Times are
/// seconds from the line's beginning; the caller knows whose clock they are of.
/// </summary>
/// <param name="sampleRate">Nominal, frames a second.</param>
/// <param name="lateness">How much later than the line a pair may be and still belong to it, in seconds.</param>
/// <param name="noise">Scatter that is expected before there is evidence, in seconds.</param>
/// <param name="slopeSpread">Standard deviation of senders' rates from the nominal one.</param>
/// <remarks>
/// Most senders' pairs are exact. Some stamp a packet when they get round to it, so pairs come late, never early: the line is the lower
/// edge. Arrival times of packets behave alike. A pair off the line is set aside; three in a row that agree make a new line.
/// </remarks>
internal sealed class SyncLine(int sampleRate, double lateness, double noise, double slopeSpread)
{
    /// <summary>Pairs off the line, and in line with each other, that make a new one.</summary>
    private const int NewLinePairs = 3;

    /// <summary>
    /// How far a pair may be before the line, besides four standard errors: so many times what pairs are usually late, and at least so
    /// many seconds; more while little is known.
    /// </summary>
    private const double EarlyShare = 6, LeastEarliness = 0.0005, FirstEarliness = 0.005;

    /// <summary>Pairs kept, and how they are gathered: the edge of eight is eight times as sharp as one pair.</summary>
    private const int MostPairs = 512, BlockPairs = 8, FewestBlocks = 4;

    /// <summary>Pairs after which their usual lateness is known.</summary>
    private const int KnownPairs = 4 * BlockPairs;

    /// <summary>Slopes may change by 1 ppm in a quarter of an hour.</summary>
    private const double Drift = 1e-9;

    private readonly LineFit _fit = new(levels: 1, slopeSpread, Drift);
    private readonly (double X, double Y)[] _pairs = new (double, double)[MostPairs];
    private readonly double[] _late = new double[BlockPairs];
    private readonly (double Time, long Frame)[] _odd = new (double, long)[NewLinePairs];
    private long _frame0, _lastFrame, _total;
    private double _time0, _lastTime, _usuallyLate;
    private int _oddCount;

    /// <summary>Whether there is a line.</summary>
    public bool IsReady => _fit.Count > 0;

    /// <summary>Pairs used since the line began.</summary>
    public long Count => _total;

    /// <summary>Pairs that were off the line.</summary>
    public long Rejected { get; private set; }

    /// <summary>Seconds of one frame.</summary>
    public double SecondsPerFrame => (1 + _fit.Slope) / sampleRate;

    /// <summary>How much longer a nominal second of frames takes on the clock of the pairs, as a fraction.</summary>
    public double Slope => _fit.Slope;

    /// <summary>Standard error at the newest pair, in seconds.</summary>
    public double StandardError => IsReady ? _fit.ErrorAt(X(_lastFrame)) : double.PositiveInfinity;

    /// <summary>The time at which a frame is heard, in seconds of the pairs' clock. Valid when <see cref="IsReady"/>.</summary>
    public double TimeOf(long frame)
    {
        double x = X(frame);
        return _time0 + x + _fit.At(x);
    }

    /// <summary>Forgets the line: the next pair begins a new one. The slope stays likely.</summary>
    public void Restart()
    {
        _fit.Reset(keepSlope: true);
        (_oddCount, _total) = (0, 0);
    }

    /// <summary>Forgets the slope, too: another sender.</summary>
    public void Reset()
    {
        _fit.Reset(keepSlope: false);
        (_oddCount, _total) = (0, 0);
    }

    /// <summary>Takes a pair in, in any order.</summary>
    /// <param name="time">Seconds.</param>
    /// <param name="frame">Heard at that time.</param>
    /// <returns>Whether it lies on the line.</returns>
    public bool Add(double time, long frame)
    {
        if (_total > 0 && frame == _lastFrame && time == _lastTime) return true; // said again
        if (_total > 0 && IsOff(time, frame))
        {
            Rejected++;
            if (_oddCount > 0 && !Agree(_odd[_oddCount - 1], (time, frame))) _oddCount = 0;
            _odd[_oddCount++] = (time, frame);
            if (_oddCount < NewLinePairs) return false;
            Restart();
            foreach ((double oddTime, long oddFrame) in _odd) Use(oddTime, oddFrame);
            return true;
        }

        _oddCount = 0;
        Use(time, frame);
        return true;
    }

    private double X(long frame) => (double)(frame - _frame0) / sampleRate;

    private bool IsOff(double time, long frame)
    {
        double late = time - TimeOf(frame), error = 4 * _fit.ErrorAt(X(frame));
        double early = _total < KnownPairs ? FirstEarliness : Math.Max(LeastEarliness, EarlyShare * _usuallyLate);
        return late > lateness + error || late < -early - error;
    }

    /// <summary>Whether two pairs may be of one line: the same distance in time and in frames, but for lateness.</summary>
    private bool Agree((double Time, long Frame) a, (double Time, long Frame) b)
    {
        double x = (double)(b.Frame - a.Frame) / sampleRate;
        return Math.Abs(b.Time - a.Time - x) <= lateness + (Math.Abs(x) * 4 * slopeSpread) && a != b;
    }

    private void Use(double time, long frame)
    {
        if (_total == 0) (_time0, _frame0) = (time, frame);
        (_lastTime, _lastFrame) = (time, frame);
        double x = X(frame);
        _pairs[_total++ % MostPairs] = (x, time - _time0 - x);

        int count = (int)Math.Min(_total, MostPairs), size = Math.Clamp(count / FewestBlocks, 1, BlockPairs);
        double slope = _fit.Slope; // taken off within a block, so that only the lateness differs
        _fit.Clear();
        for (long first = _total - (count / size * size); first < _total; first += size) AddBlock(first, size, slope);
        _fit.Solve(noise);
    }

    private void AddBlock(long first, int size, double slope)
    {
        double sum = 0;
        for (int i = 0; i < size; i++)
        {
            (double x, double y) = _pairs[(first + i) % MostPairs];
            _late[i] = y - (slope * x);
            sum += x;
        }

        double at = sum / size;
        (double edge, _, double usual) = BlockLevels.Of(_late.AsSpan(0, size));
        _usuallyLate += (usual - edge - _usuallyLate) / 4; // of about the last four blocks
        ReadOnlySpan<double> level = [edge + (slope * at)];
        _fit.Add(at, size, level);
    }
}
