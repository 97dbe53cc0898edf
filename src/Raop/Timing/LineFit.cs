namespace Raop.Timing;

/// <summary>
/// A straight line y = a + b·x through noisy points of the last minutes, read at the newest end. Each point carries the same fact
/// at several levels (least, middle, mean of a block of samples); the line is taken from the level, and from as long a past, as
/// promise the smallest error.
/// </summary>
/// <remarks>
/// Which level is best depends on the noise: the lower edge where packets mostly pass and sometimes queue, the mean where delays are
/// spread evenly. The scatter of the points about the line tells, so nothing is assumed. x and y are in seconds. Level 0 is the
/// reference: a higher one that contradicts it is biased (queueing in one direction only) and is not used.
/// </remarks>
internal sealed class LineFit
{
    /// <summary>Points kept: 17 min at the fastest pace of one a second, hours when all is quiet.</summary>
    private const int Capacity = 1024;

    /// <summary>Least length of a part of the past that is judged by itself; less says too little about its own noise.</summary>
    private const int LeastPoints = 12;

    private const int MostWindows = 20;

    /// <summary>Squares of how many standard deviations are no accident: a part of the window off its line, a level off the reference.</summary>
    private const double OffLine = 12, OffReference = 9;

    /// <summary>What a slope that was known well may have changed since.</summary>
    private const double LeastSlopeSpread = 2e-6;

    /// <summary>No slope is further than so many spreads from the likely one.</summary>
    private const double MostSpreads = 8;

    private readonly double[] _x = new double[Capacity], _weight = new double[Capacity];
    private readonly double[][] _y;
    private readonly Sums[] _sums = new Sums[MostWindows];
    private readonly (double Offset, double Variance)[] _reference = new (double, double)[MostWindows];
    private readonly double _usualSpread, _drift;
    private int _next;
    private double _slopeSpread, _priorSlope, _x0, _xSpread, _slopeVariance, _variance, _span;

    /// <param name="levels">Numbers of each point.</param>
    /// <param name="slopeSpread">Standard deviation of slopes in general, 1e-4 for quartz.</param>
    /// <param name="drift">How fast a slope may change, per second: longer pasts are trusted less.</param>
    public LineFit(int levels, double slopeSpread, double drift)
    {
        _y = new double[levels][];
        for (int level = 0; level < levels; level++) _y[level] = new double[Capacity];
        (_usualSpread, _slopeSpread, _drift) = (slopeSpread, slopeSpread, drift);
    }

    public int Count { get; private set; }

    /// <summary>Of the line, per x.</summary>
    public double Slope { get; private set; }

    /// <summary>Which of the levels is used.</summary>
    public int Level { get; private set; }

    /// <summary>Length of the past that is used, in x.</summary>
    public double Window => _span;

    private double Offset { get; set; }

    /// <summary>Forgets all points.</summary>
    /// <param name="keepSlope">Whether the slope stays likely: the clocks are the same, only their readings are not.</param>
    public void Reset(bool keepSlope)
    {
        if (Count == 0 && keepSlope) return;
        _slopeSpread = keepSlope ? Math.Clamp(Math.Sqrt(_slopeVariance), LeastSlopeSpread, _usualSpread) : _usualSpread;
        _priorSlope = Slope = keepSlope ? Slope : 0;
        (Count, _next, Level) = (0, 0, 0);
    }

    /// <summary>Takes the points away, to be given anew; the line stays until it is found again.</summary>
    public void Clear() => (Count, _next) = (0, 0);

    /// <summary>The line at x.</summary>
    public double At(double x) => Offset + (Slope * (x - _x0));

    /// <summary>Standard error of the line at x; grows beyond the newest point.</summary>
    public double ErrorAt(double x)
    {
        double ahead = Math.Max(0, x - _x0), drift = _drift * ahead * (ahead + _span) / 2;
        return Math.Sqrt(_variance + (_slopeVariance * ahead * (ahead + (2 * _xSpread))) + (drift * drift));
    }

    /// <summary>Adds a point, newest last.</summary>
    /// <param name="x">Seconds.</param>
    /// <param name="weight">How much it counts: the samples that it stands for, or one over the square of its standard error.</param>
    /// <param name="y">For each level, in seconds.</param>
    public void Add(double x, double weight, ReadOnlySpan<double> y)
    {
        (_x[_next], _weight[_next]) = (x, weight);
        for (int level = 0; level < _y.Length; level++) _y[level][_next] = y[level];
        _next = (_next + 1) % Capacity;
        Count = Math.Min(Count + 1, Capacity);
    }

    /// <summary>Finds the line anew.</summary>
    /// <param name="noise">What one sample's standard deviation is thought to be before there is evidence, in seconds.</param>
    public void Solve(double noise)
    {
        if (Count == 0) return;
        _x0 = _x[Newest];
        var best = new Candidate { Error = double.PositiveInfinity };
        double slope = Slope;
        for (int level = 0; level < _y.Length; level++) Examine(level, slope, noise * noise, ref best);
        (Offset, Slope, Level, _span) = (best.Offset, best.Slope, best.Level, best.Span);
        (_variance, _slopeVariance, _xSpread) = (best.Error, best.SlopeVariance, best.Centre);
    }

    private int Newest => (_next + Capacity - 1) % Capacity;

    /// <summary>One walk into the past sums up; at growing lengths the sums make a candidate.</summary>
    private void Examine(int level, double slope, double noise, ref Candidate best)
    {
        double[] y = _y[level];
        double y0 = y[Newest];
        var sums = default(Sums);
        int windows = 0, end = Math.Min(LeastPoints, Count);
        for (int n = 1, at = Newest; n <= Count; n++, at = (at + Capacity - 1) % Capacity)
        {
            double dx = _x[at] - _x0;
            sums.Add(dx, y[at] - y0 - (slope * dx), _weight[at]);
            if (n != end) continue;
            Candidate candidate = Judge(sums, windows, n, slope, noise, -dx);
            candidate.Offset += y0;
            candidate.Level = level;
            if (level == 0) _reference[windows] = (candidate.Offset, candidate.Variance);
            else candidate.Error += Contradiction(candidate, _reference[windows]);
            if (candidate.Error < best.Error) best = candidate;
            _sums[windows++] = sums;
            end = windows == MostWindows - 1 ? Count : Math.Min(Count, end + Math.Max(2, end / 2));
        }
    }

    private Candidate Judge(in Sums sums, int windows, int n, double slope, double noise, double span)
    {
        double w = sums.W, xm = sums.X / w, ym = sums.Y / w;
        double xx = Math.Max(0, sums.XX - (w * xm * xm)), xy = sums.XY - (xm * sums.Y), yy = sums.YY - (w * ym * ym);
        double steep = MostSpreads * _usualSpread, usual = _priorSlope - slope; // two noisy points make any slope: a likely one must explain them
        double likely = Math.Clamp(xx > 0 ? xy / xx : 0, usual - steep, usual + steep);
        double rest = Math.Max(0, yy - (2 * likely * xy) + (likely * likely * xx));
        double s2 = ((2 * noise) + rest) / (2 + Math.Max(0, n - 2)); // scatter of a sample; the assumed noise counts as two points
        double prior = s2 / (_slopeSpread * _slopeSpread); // of a slope near the usual one
        double b = (xy + (prior * usual)) / (xx + prior), a = ym - (b * xm);
        double drift = _drift * span * span / 12; // error at the end of a line through a curve
        double slopeVariance = s2 / (xx + prior);
        double variance = ((s2 / w) + (slopeVariance * xm * xm)) * (1 + (10.0 / n)); // few points flatter themselves
        double error = variance + (drift * drift);
        for (int part = 0; part < windows; part++) // does the newest part lie on the line?
        {
            Sums newest = _sums[part];
            double off = (newest.Y - (a * newest.W) - (b * newest.X)) / newest.W;
            if (off * off > OffLine * s2 / newest.W) error += off * off;
        }

        return new Candidate
        {
            Offset = a, Slope = slope + b, Variance = variance, Error = error, SlopeVariance = slopeVariance, Centre = -xm, Span = span,
        };
    }

    private static double Contradiction(in Candidate candidate, (double Offset, double Variance) reference)
    {
        double off = candidate.Offset - reference.Offset;
        return off * off > OffReference * (candidate.Variance + reference.Variance) ? off * off : 0;
    }

    private struct Candidate
    {
        public double Offset, Slope, Variance, Error, SlopeVariance, Centre, Span;
        public int Level;
    }

    private struct Sums
    {
        public double W, X, Y, XX, XY, YY;

        public void Add(double x, double y, double weight)
        {
            double wx = weight * x, wy = weight * y;
            (W, X, Y) = (W + weight, X + wx, Y + wy);
            (XX, XY, YY) = (XX + (wx * x), XY + (wx * y), YY + (wy * y));
        }
    }
}
