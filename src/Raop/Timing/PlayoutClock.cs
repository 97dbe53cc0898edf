namespace Raop.Timing;

/// <summary>
/// Says when a frame is to be heard, in local ticks: the sender's clock from timing exchanges, its line of frames from sync packets.
/// What it says never jumps while music plays: it is moved to where the estimates are by at most 0.1 ms a second.
/// </summary>
/// <remarks>
/// Without exchanges (a firewall) the arrival of the sync packets has to do: every frame is then late by the quickest packet's way.
/// One owner, no locks, nothing allocated after construction.
/// </remarks>
internal sealed class PlayoutClock
{
    /// <summary>Slew: 100 ppm on top of the rate, which is 1/6 of a hundredth of a semitone: inaudible.</summary>
    public const double SlewRate = 1e-4;

    /// <summary>An error above this is heard as an echo between speakers for minutes if slewed: it is taken at once. Seconds.</summary>
    public const double StepLimit = 0.05;

    /// <summary>How long exchanges are waited for after the first sync packet, in seconds.</summary>
    public const double ExchangePatience = 2;

    /// <summary>A small error is worn off over this many seconds, so that the noise of the estimates is not followed.</summary>
    private const double SlewTime = 1;

    /// <summary>Pairs later than this, in seconds, are off the line: stamps by scheduling, arrivals by queueing.</summary>
    private const double StampLateness = 0.02, ArrivalLateness = 0.2;

    /// <summary>How much pairs are thought to scatter before there is evidence, in seconds.</summary>
    private const double StampNoise = 20e-6, ArrivalNoise = 1e-3;

    /// <summary>Senders' clocks for frames: iTunes runs 80 ppm slow.</summary>
    private const double SlopeSpread = 1e-4;

    private readonly long _ticksPerSecond;
    private readonly int _sampleRate;
    private readonly SyncLine _stamps, _arrivals;
    private ulong _ntp0;
    private long _local0, _firstSync, _lastFrame;
    private bool _hasSync, _hasMapping;
    private int _clockSteps;
    private long _frame, _local, _advanced; // the mapping: this frame is heard at _local + _rest
    private double _rest, _ticksPerFrame;

    /// <param name="ticksPerSecond">Of the local clock.</param>
    /// <param name="sampleRate">Nominal frames a second.</param>
    public PlayoutClock(long ticksPerSecond, int sampleRate)
    {
        (_ticksPerSecond, _sampleRate) = (ticksPerSecond, sampleRate);
        Peer = new ClockEstimate(ticksPerSecond);
        _stamps = new SyncLine(sampleRate, StampLateness, StampNoise, SlopeSpread);
        _arrivals = new SyncLine(sampleRate, ArrivalLateness, ArrivalNoise, SlopeSpread);
        _ticksPerFrame = (double)ticksPerSecond / sampleRate;
    }

    /// <summary>The sender's clock: round trips, jitter, errors, and when the next exchange should be made.</summary>
    public ClockEstimate Peer { get; }

    /// <summary>Whether <see cref="DueAt"/> has a meaning: there is a line of frames, and a clock for it or no hope of one.</summary>
    public bool IsReady => _hasMapping;

    /// <summary>Whether times come from the arrival of sync packets, for want of timing exchanges.</summary>
    public bool IsByArrival { get; private set; }

    /// <summary>Whether music plays, so that nothing may jump.</summary>
    public bool IsLocked { get; private set; }

    /// <summary>How often the times jumped while music played.</summary>
    public int Steps { get; private set; }

    /// <summary>Sync packets that lay on no line.</summary>
    public long OddSyncs => _stamps.Rejected;

    /// <summary>How much faster than nominal, by the local clock, the sender's frames come, in parts per million.</summary>
    public double SenderPpm => (((double)_ticksPerSecond / _sampleRate / _ticksPerFrame) - 1) * 1e6;

    /// <summary>Where the estimates are, less where <see cref="DueAt"/> still is: what is being slewed, in seconds.</summary>
    public double Deviation { get; private set; }

    /// <summary>Standard error of the estimates, in seconds.</summary>
    public double StandardError
    {
        get
        {
            if (IsByArrival) return _arrivals.StandardError;
            double clock = Peer.StandardError, line = _stamps.StandardError;
            return Math.Sqrt((clock * clock) + (line * line));
        }
    }

    /// <summary>Takes a reply to a timing request in; see <see cref="ClockEstimate.Add"/>.</summary>
    public bool AddExchange(long sent, ulong peerReceived, ulong peerSent, long arrived)
    {
        bool isUsed = Peer.Add(sent, peerReceived, peerSent, arrived);
        if (Peer.Steps != _clockSteps)
        {
            _clockSteps = Peer.Steps;
            _stamps.Restart(); // its pairs are of the clock as it was; until there are new ones the mapping runs on
        }

        if (!IsLocked) Advance(arrived);
        return isUsed;
    }

    /// <summary>Takes a sync packet in, in any order.</summary>
    /// <param name="ntp">The sender's clock, 32.32 of any epoch.</param>
    /// <param name="frame">The frame that is heard at that time: RTP time in 64 bits, the latency taken off.</param>
    /// <param name="now">When the packet arrived, local ticks.</param>
    /// <returns>Whether it lies on the line of those before.</returns>
    public bool AddSync(ulong ntp, long frame, long now)
    {
        if (!_hasSync) (_hasSync, _ntp0, _local0, _firstSync) = (true, ntp, now, now);
        _lastFrame = frame;
        bool isUsed = _stamps.Add((double)NtpTime.Ticks(ntp, _ntp0, _ticksPerSecond) / _ticksPerSecond, frame);
        if (!Peer.IsReady) _arrivals.Add((double)(now - _local0) / _ticksPerSecond, frame);
        if (!IsLocked) Advance(now);
        return isUsed;
    }

    /// <summary>Music begins: from now on times are slewed.</summary>
    public void Lock() => IsLocked = _hasMapping;

    /// <summary>After FLUSH: the next sync packet may begin another line. The clock of the sender stays known.</summary>
    public void Restart()
    {
        _stamps.Restart();
        _arrivals.Restart();
        (_hasMapping, IsLocked, Deviation) = (false, false, 0);
    }

    /// <summary>Moves the times towards the estimates. Called every 10 ms or so; any gap will do.</summary>
    /// <param name="now">Local ticks.</param>
    public void Advance(long now)
    {
        long elapsed = Math.Max(0, now - _advanced);
        _advanced = now;
        if (!HasTarget(now)) return;
        long frame = _hasMapping ? FrameAt(now) : _lastFrame;
        (long want, double ticksPerFrame) = Target(frame);
        double have = _rest + ((frame - _frame) * _ticksPerFrame); // after _local
        double off = want - _local - have;
        if (!IsLocked || Math.Abs(off) > StepLimit * _ticksPerSecond)
        {
            if (IsLocked) Steps++;
            (_frame, _local, _rest, _ticksPerFrame, _hasMapping, Deviation) = (frame, want, 0, ticksPerFrame, true, 0);
            return;
        }

        double most = SlewRate * elapsed;
        double move = Math.Clamp(off * Math.Min(1, elapsed / (SlewTime * _ticksPerSecond)), -most, most);
        Deviation = (off - move) / _ticksPerSecond;
        double whole = Math.Floor(have + move);
        (_frame, _local, _rest, _ticksPerFrame) = (frame, _local + (long)whole, have + move - whole, ticksPerFrame);
    }

    /// <summary>The local time, in ticks, at which a frame is to be heard. Valid when <see cref="IsReady"/>.</summary>
    public long DueAt(long frame) => _local + (long)Math.Round(_rest + ((frame - _frame) * _ticksPerFrame));

    /// <summary>The frame that is to be heard at a local time. Valid when <see cref="IsReady"/>.</summary>
    public long FrameAt(long local) => _frame + (long)Math.Floor((local - _local - _rest) / _ticksPerFrame);

    /// <summary>Whether the estimates are good for a mapping. While the sender seems to be setting its clock they are not.</summary>
    private bool HasTarget(long now)
    {
        if (Peer.IsReady)
        {
            if (!_stamps.IsReady || Peer.IsDoubtful) return false;
            IsByArrival = false;
            return true;
        }

        if (_hasSync && now - _firstSync >= ExchangePatience * _ticksPerSecond) IsByArrival = true;
        return IsByArrival && _arrivals.IsReady;
    }

    private (long Local, double TicksPerFrame) Target(long frame)
    {
        if (IsByArrival)
        {
            return (_local0 + (long)Math.Round(_arrivals.TimeOf(frame) * _ticksPerSecond), _arrivals.SecondsPerFrame * _ticksPerSecond);
        }

        ulong ntp = NtpTime.Add(_ntp0, (long)Math.Round(_stamps.TimeOf(frame) * _ticksPerSecond), _ticksPerSecond);
        return (Peer.ToLocal(ntp), _stamps.SecondsPerFrame * _ticksPerSecond / (1 + Peer.Rate));
    }
}
