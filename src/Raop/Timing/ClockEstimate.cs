namespace Raop.Timing;

/// <summary>
/// A peer's clock against the local one, from timing exchanges over a network that delays each packet as it likes: offset and rate,
/// with the error they probably have, and how soon the next exchange should be made.
/// </summary>
/// <param name="ticksPerSecond">Of the local clock.</param>
/// <remarks>
/// Exchanges are gathered in blocks of about a second. Of each direction's delays in a block three figures are kept: the lower edge,
/// the middle and the mean; <see cref="LineFit"/> finds the line and which of the figures serves best. No estimator can see a delay that
/// is always longer in one direction: half of the difference is its error. One owner, no locks, nothing allocated after construction.
/// </remarks>
internal sealed class ClockEstimate(long ticksPerSecond)
{
    /// <summary>A round trip longer than this is a packet that was stuck, in seconds.</summary>
    public const double RoundTripLimit = 0.5;

    /// <summary>Exchanges in a row over the limit after which it is the link that is slow, up to <see cref="SlowestRoundTrip"/>.</summary>
    private const int SlowExchanges = 8;

    private const double SlowestRoundTrip = 5;

    /// <summary>A peer that holds a request longer than this, in seconds, answers rubbish.</summary>
    private const double LongestHold = 1;

    /// <summary>Exchanges in a row that contradict the estimate and agree with each other: the peer has set its clock.</summary>
    private const int StepExchanges = 4;

    /// <summary>Contradictions smaller than this, in seconds, are left to the fit.</summary>
    private const double StepMargin = 0.002;

    private const int SmallBlock = 8, LargestBlock = 128;
    private const double BlockSeconds = 1, LongestBlock = 10;

    /// <summary>Quartz: 50 ppm each, rarely over 100; the difference changes by 1 ppm in about a quarter of an hour.</summary>
    private const double RateSpread = 1e-4, RateDrift = 1e-9;

    /// <summary>Noise of the time stamps alone, and the share of a round trip that is thought to be noise until there is evidence.</summary>
    private const double StampNoise = 10e-6, NoisyShare = 0.1;

    /// <summary>Newest blocks whose scatter together tells how good each is, and what two quartiles of a normal distribution are apart.</summary>
    private const int ScatterBlocks = 4;

    private const double Quartiles = 1.349;

    /// <summary>Exchanges at the first pace: 5 s, in which a quiet link is known to some µs.</summary>
    private const int FirstExchanges = 100;

    /// <summary>While the standard error is above the figure, in seconds, there is an exchange each so many ms.</summary>
    /// <remarks>
    /// With jitter the error falls with the root of the number of exchanges and nothing else helps. 83 a second are two thirds of the
    /// stream's packets, and 5 % of its bytes; only a bad link has them. Errors below 0.1 ms are heard by nobody. The paces below 50 µs serve the
    /// first half minute of a quiet link, in which the rate is learned.
    /// </remarks>
    private static readonly (double Error, int Milliseconds)[] Paces =
        [(150e-6, 12), (100e-6, 25), (50e-6, 125), (7e-6, 250), (5e-6, 500), (0, 1000)];

    private const int FirstPace = 50, Unanswered = 60, UnansweredPace = 1000;

    private readonly LineFit _fit = new(levels: 3, RateSpread, RateDrift);
    private readonly double[] _there = new double[LargestBlock], _back = new double[LargestBlock];
    private readonly Sample[] _odd = new Sample[StepExchanges];
    private readonly (double Squares, double Freedom)[] _scatter = new (double, double)[ScatterBlocks];
    private long _local0;
    private ulong _peer0;
    private int _inBlock, _oddCount, _slow, _scatterAt;
    private long _total;
    private double _blockStart, _sumX, _leastTrip, _sumTrip, _newest = double.NegativeInfinity, _single;

    /// <summary>Whether there is an estimate.</summary>
    public bool IsReady => _fit.Count > 0;

    /// <summary>Whether the newest exchanges contradict the estimate: perhaps the peer has set its clock.</summary>
    public bool IsDoubtful => _oddCount > 0;

    /// <summary>Exchanges used since the last step of the peer's clock.</summary>
    public long Count => _total;

    /// <summary>Exchanges that were impossible, stuck or contradicted the others.</summary>
    public long Rejected { get; private set; }

    /// <summary>How often the peer's clock was learned anew because it had stepped.</summary>
    public int Steps { get; private set; }

    /// <summary>How much faster the peer's clock runs than the local one, in parts per million.</summary>
    public double RatePpm => _fit.Slope * 1e6;

    /// <summary>How much faster the peer's clock runs, as a fraction.</summary>
    public double Rate => _fit.Slope;

    /// <summary>Shortest and mean round trip of the last blocks, in seconds, the peer's own time taken off.</summary>
    public double LeastRoundTrip { get; private set; }

    public double MeanRoundTrip { get; private set; }

    /// <summary>By how much a packet is usually later than the quickest, in seconds one way.</summary>
    public double Jitter => Math.Max(0, MeanRoundTrip - LeastRoundTrip) / 2;

    /// <summary>Standard error of the offset at the newest exchange, in seconds.</summary>
    public double StandardError => IsReady ? _fit.ErrorAt(_newest) : double.PositiveInfinity;

    /// <summary>What no delay can exceed: half the shortest round trip, if all of it were in one direction. Seconds.</summary>
    public double ErrorBound => IsReady ? LeastRoundTrip / 2 : double.PositiveInfinity;

    /// <summary>Length of the past that is used, in seconds.</summary>
    public double Window => _fit.Window;

    /// <summary>Which figure of the delays is used: 0 lower edge, 1 middle, 2 mean.</summary>
    public int Level => _fit.Level;

    /// <summary>Ticks from one exchange to the next: 20 a second at first, up to 83 while jitter leaves an error, 1 when it is small.</summary>
    /// <param name="unanswered">Requests since the last reply. A peer that has not answered for 3 s is asked once a second.</param>
    public long Interval(int unanswered)
    {
        int pace = unanswered >= Unanswered ? UnansweredPace : FirstPace;
        if (unanswered < Unanswered && _total >= FirstExchanges)
        {
            double error = _fit.ErrorAt(_newest + 2); // the rate must be good enough for the second to come, too
            foreach ((double above, int milliseconds) in Paces)
            {
                pace = milliseconds;
                if (error > above) break;
            }
        }

        return pace * ticksPerSecond / 1000;
    }

    /// <summary>The local time at which the peer's clock shows <paramref name="ntp"/>. Valid when <see cref="IsReady"/>.</summary>
    public long ToLocal(ulong ntp)
    {
        double peer = NtpTime.Ticks(ntp, _peer0, ticksPerSecond);
        double seconds = peer / ticksPerSecond;
        double x = (seconds - _fit.At(0)) / (1 + _fit.Slope);
        return _local0 + (long)Math.Round(peer - (_fit.At(x) * ticksPerSecond));
    }

    /// <summary>What the peer's clock shows at a local time. Valid when <see cref="IsReady"/>.</summary>
    public ulong ToPeer(long local)
    {
        long ticks = local - _local0;
        return NtpTime.Add(_peer0, ticks + (long)Math.Round(_fit.At((double)ticks / ticksPerSecond) * ticksPerSecond), ticksPerSecond);
    }

    /// <summary>Forgets everything, for another peer.</summary>
    public void Reset() => Forget(keepRate: false);

    private void Forget(bool keepRate)
    {
        _fit.Reset(keepRate);
        (_inBlock, _total, _oddCount, _slow, _scatterAt, _newest) = (0, 0, 0, 0, 0, double.NegativeInfinity);
        Array.Clear(_scatter);
        (LeastRoundTrip, MeanRoundTrip) = (0, 0);
    }

    /// <summary>Takes a reply in.</summary>
    /// <param name="sent">When the request left, local ticks.</param>
    /// <param name="peerReceived">When the peer got it, NTP 32.32 of any epoch.</param>
    /// <param name="peerSent">When the peer answered.</param>
    /// <param name="arrived">When the answer came, local ticks.</param>
    /// <returns>Whether it was believed.</returns>
    public bool Add(long sent, ulong peerReceived, ulong peerSent, long arrived)
    {
        if (_total == 0 && _oddCount == 0) (_local0, _peer0) = (sent, peerReceived);
        var sample = new Sample(Seconds(sent - _local0), PeerSeconds(peerReceived), PeerSeconds(peerSent), Seconds(arrived - _local0));
        if (!IsPossible(sample) || IsOdd(sample))
        {
            Rejected++;
            return false;
        }

        Use(sample);
        return true;
    }

    private double Seconds(long ticks) => (double)ticks / ticksPerSecond;

    private double PeerSeconds(ulong ntp) => Seconds(NtpTime.Ticks(ntp, _peer0, ticksPerSecond));

    private bool IsPossible(in Sample sample)
    {
        if (sample.Arrived < sample.Sent || sample.Hold < 0 || sample.Hold > LongestHold) return false;
        if (sample.Trip < -StampNoise - (sample.Hold * 10 * RateSpread)) return false;
        if (sample.Arrived < _newest - LongestBlock) return false; // from long ago
        if (sample.Trip <= RoundTripLimit)
        {
            _slow = 0;
            return true;
        }

        return sample.Trip <= SlowestRoundTrip && ++_slow > SlowExchanges;
    }

    /// <summary>
    /// Whether an exchange cannot be true if the estimate is: the true offset lies between what the two directions show. A few such in
    /// a row that agree with each other are a stepped clock.
    /// </summary>
    private bool IsOdd(in Sample sample)
    {
        if (!IsReady) return false;
        double offset = _fit.At(sample.Middle), margin = StepMargin + (4 * _fit.ErrorAt(sample.Middle));
        if (offset <= sample.There + margin && offset >= -sample.Back - margin)
        {
            _oddCount = 0;
            return false;
        }

        if (_oddCount > 0 && !sample.AgreesWith(_odd[_oddCount - 1], StepMargin)) _oddCount = 0;
        _odd[_oddCount++] = sample;
        if (_oddCount < StepExchanges) return true;
        Forget(keepRate: true);
        Steps++;
        foreach (Sample odd in _odd.AsSpan(..(StepExchanges - 1))) Use(odd);
        return false;
    }

    private void Use(in Sample sample)
    {
        if (_inBlock == 0) (_blockStart, _sumX, _leastTrip, _sumTrip) = (sample.Middle, 0, double.MaxValue, 0);
        double rate = _fit.Slope * (sample.Middle - _blockStart); // taken off within the block, so that only the delays differ
        _there[_inBlock] = sample.There - rate;
        _back[_inBlock++] = sample.Back + rate;
        _sumX += sample.Middle - _blockStart;
        _leastTrip = Math.Min(_leastTrip, sample.Trip);
        _sumTrip += sample.Trip;
        _newest = Math.Max(_newest, sample.Middle);
        _total++;

        double length = sample.Middle - _blockStart;
        long enough = Math.Clamp(_total / SmallBlock, 1, SmallBlock);
        bool isFull = _inBlock >= enough && (length >= BlockSeconds || _total < SmallBlock * SmallBlock);
        if (isFull || _inBlock == LargestBlock || length > LongestBlock) CloseBlock();
    }

    private void CloseBlock()
    {
        int n = _inBlock;
        _inBlock = 0;
        (double edgeThere, double middleThere, double meanThere) = BlockLevels.Of(_there.AsSpan(0, n));
        (double edgeBack, double middleBack, double meanBack) = BlockLevels.Of(_back.AsSpan(0, n));
        double x = _sumX / n, rate = _fit.Slope * x;
        ReadOnlySpan<double> y =
        [
            ((edgeThere - edgeBack) / 2) + rate, ((middleThere - middleBack) / 2) + rate, ((meanThere - meanBack) / 2) + rate,
        ];
        _fit.Add(_blockStart + x, Weight(n, y[^1]), y);

        double keep = LeastRoundTrip == 0 ? 0 : 0.9; // figures for people: of about the last ten blocks
        LeastRoundTrip = keep == 0 ? _leastTrip : Math.Min(_leastTrip, (keep * LeastRoundTrip) + ((1 - keep) * _leastTrip));
        MeanRoundTrip = (keep * MeanRoundTrip) + ((1 - keep) * _sumTrip / n);
        _fit.Solve(noise: 1); // that of the weights
    }

    /// <summary>
    /// One over the square of a block's probable error. What was learned while a link was quiet is worth more than what comes after
    /// it went bad: a minute of quiet tells the rate so well that the line holds through minutes of jitter.
    /// </summary>
    /// <param name="n">Exchanges in the block; their delays in <see cref="_there"/> and <see cref="_back"/> are sorted.</param>
    /// <param name="mean">Of the block.</param>
    private double Weight(int n, double mean)
    {
        double squares = n < 4 ? (mean - _single) * (mean - _single) / 2 * n : (Scatter(_there, n) + Scatter(_back, n)) / 4;
        ref (double Squares, double Freedom) block = ref _scatter[_scatterAt++ % ScatterBlocks];
        block = _scatterAt == 1 ? default : (squares * Math.Max(1, n - 1), Math.Max(1, n - 1));
        _single = mean;

        double guess = StampNoise + (NoisyShare * Math.Max(0, _leastTrip)), freedom = 0, sum = 0;
        foreach ((double squaresOf, double freedomOf) in _scatter) (sum, freedom) = (sum + squaresOf, freedom + freedomOf);
        double unknown = Math.Max(0, ScatterBlocks - freedom);
        double variance = (sum + (unknown * guess * guess)) / (freedom + unknown);
        return 1 / ((variance / n) + (StampNoise * StampNoise));
    }

    /// <summary>Square of the standard deviation of most of the delays; what is stuck now and then does not count.</summary>
    private static double Scatter(double[] sorted, int n)
    {
        double quartiles = (sorted[n - 1 - (n / 4)] - sorted[n / 4]) / Quartiles;
        return quartiles * quartiles;
    }

    /// <summary>One exchange in seconds since the first; the peer's clock from its own beginning.</summary>
    private readonly record struct Sample(double Sent, double PeerReceived, double PeerSent, double Arrived)
    {
        public double Middle => (Sent + Arrived) / 2;

        public double Hold => PeerSent - PeerReceived;

        public double Trip => Arrived - Sent - Hold;

        /// <summary>Peer's clock less the local one, too large by the delay of the request.</summary>
        public double There => PeerReceived - Sent;

        /// <summary>The local clock less the peer's, too large by the delay of the reply.</summary>
        public double Back => Arrived - PeerSent;

        public bool AgreesWith(in Sample other, double margin) => There >= -other.Back - margin && other.There >= -Back - margin;
    }
}
