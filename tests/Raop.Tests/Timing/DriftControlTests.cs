using Raop.Timing;

namespace Raop.Tests.Timing;

/// <summary>A sound device with a clock of its own, for an hour, under control.</summary>
public class DriftControlTests
{
    private const long Second = 1_000_000_000;
    private static readonly double[] Drifts = [0, 20, -20, 100, -100, 300, -300];
    private static readonly double[] StartErrors = [0, 0.020, -0.020];

    public static TheoryData<Report, double, double> Devices
    {
        get
        {
            var data = new TheoryData<Report, double, double>();
            foreach (Report report in Enum.GetValues<Report>())
                foreach (double drift in Drifts)
                    foreach (double error in report <= Report.Period10Ms ? StartErrors : [0]) data.Add(report, drift, error);
            return data;
        }
    }

    /// <summary>How a device tells its delay.</summary>
    public enum Report { Exact, Noise1Ms, Period10Ms, Period10MsEachPacket, Period20Ms }

    [Theory, MemberData(nameof(Devices))]
    public void Is_locked_within_a_minute_and_stays(Report report, double driftPpm, double startError)
    {
        var device = new Device(report, driftPpm, startError, seed: 1);
        device.Run(60);
        device.Errors.Clear();
        device.Run(3600);
        device.Errors.Sort();
        double p99 = device.Errors[(int)(device.Errors.Count * 0.99)];
        Assert.InRange(p99, 0, report is Report.Exact ? 0.1e-3 : 0.5e-3);
        Assert.InRange(device.Errors[^1], 0, report is Report.Exact ? 0.1e-3 : 0.6e-3);
        Assert.InRange(device.Control.DriftPpm - driftPpm, -0.5, 0.5);
        Assert.InRange(device.LargestStep, 0, 1.5001e-6); // updates are up to 15 ms apart
        Assert.InRange(device.LargestChangeInASecond, 0, 100.1e-6);
        Assert.InRange(device.LargestDeviation, 0, 1000.1e-6);
    }

    [Theory]
    [InlineData(Report.Exact)]
    [InlineData(Report.Noise1Ms)]
    [InlineData(Report.Period10Ms)]
    [InlineData(Report.Period10MsEachPacket)]
    [InlineData(Report.Period20Ms)]
    public void Without_drift_the_ratio_is_exactly_1_all_the_time(Report report)
    {
        for (int seed = 1; seed <= 5; seed++)
        {
            var device = new Device(report, 0, 0, seed);
            device.Run(3600);
            Assert.True(device.LargestDeviation == 0, $"seed {seed}: {device.LargestDeviation * 1e6} ppm");
        }
    }

    [Theory]
    [InlineData(Report.Exact)]
    [InlineData(Report.Noise1Ms)]
    public void After_an_error_without_drift_the_ratio_returns_to_exactly_1(Report report)
    {
        var device = new Device(report, 0, 0.020, seed: 1);
        device.Run(300);
        Assert.Equal(1.0, device.Control.Ratio);
        Assert.InRange(device.Error, -50e-6, 50e-6);
    }

    [Fact]
    public void The_next_stream_starts_with_the_drift_that_was_learned()
    {
        var device = new Device(Report.Period10Ms, 100, 0, seed: 1);
        device.Run(600);
        device.Control.Reset(keepDrift: true);
        Assert.InRange(device.Control.Ratio, 1 + 99.5e-6, 1 + 100.5e-6);
        device.Errors.Clear();
        device.Run(900);
        device.Errors.Sort();
        Assert.InRange(device.Errors[(int)(device.Errors.Count * 0.99)], 0, 2e-3); // from the first second: the reports alone tell 10 ms
        device.Control.Reset(keepDrift: false);
        Assert.Equal(1.0, device.Control.Ratio);
        Assert.Equal(0, device.Control.DriftPpm);
    }

    [Fact]
    public void An_error_above_50_ms_asks_for_a_resync()
    {
        var device = new Device(Report.Exact, 50, 0, seed: 1);
        device.Run(120);
        Assert.False(device.Control.NeedsResync);
        device.Error += 0.2; // the device stood still
        device.Run(120.2);
        Assert.True(device.Control.NeedsResync);
        Assert.InRange(device.Control.DriftPpm, 49.9, 50.1);
        device.Error = 0;
        device.Control.Reset(keepDrift: true);
        device.Errors.Clear();
        device.Run(130);
        Assert.False(device.Control.NeedsResync);
        Assert.InRange(device.Errors.Max(), 0, 0.1e-3);
    }

    [Fact]
    public void A_single_wild_report_changes_nothing()
    {
        var device = new Device(Report.Noise1Ms, 50, 0, seed: 1);
        device.Run(120);
        double ratio = device.Control.Ratio;
        device.Control.Update(3 * Second, (long)(120.005 * Second));
        Assert.False(device.Control.NeedsResync);
        Assert.InRange(device.Control.Ratio - ratio, -1e-6, 1e-6);
        Assert.InRange(device.Control.DriftPpm, 49.5, 50.5);
    }

    [Fact]
    public void A_step_of_the_error_is_worked_off_without_a_new_drift()
    {
        var device = new Device(Report.Exact, -70, 0, seed: 1);
        device.Run(120);
        device.Error += 0.010; // an underrun
        device.Run(120.5);
        Assert.InRange(device.Control.DriftPpm, -70.1, -69.9);
        device.Run(160);
        Assert.InRange(device.Error, -0.1e-3, 0.1e-3);
    }

    [Fact]
    public void A_clock_that_wanders_is_followed()
    {
        var device = new Device(Report.Noise1Ms, 0, 0, seed: 1);
        device.Run(60);
        device.Errors.Clear();
        for (int second = 60; second < 3600; second++)
        {
            device.DriftPpm = 30 * (1 - Math.Exp(-second / 900.0)); // a device that warms up
            device.Run(second);
        }

        device.Errors.Sort();
        Assert.InRange(device.Errors[(int)(device.Errors.Count * 0.99)], 0, 0.5e-3);
    }

    [Fact]
    public void Time_that_stands_still_or_leaps_does_no_harm()
    {
        var control = new DriftControl(Second);
        long[] times = [0, 0, 10, 5, Second, Second * 3600 * 24 * 365, 0, long.MaxValue, long.MinValue, 7];
        long[] errors = [0, long.MaxValue, long.MinValue, 1, -1, Second];
        foreach (long time in times)
        {
            foreach (long error in errors) Assert.InRange(control.Update(error, time), 0.999, 1.001);
        }
    }

    [Fact]
    public void Allocates_nothing()
    {
        var control = new DriftControl(Second);
        long second = 0;
        Assert.Equal(0, Garbage.Of(() =>
        {
            for (int i = 1; i < 1000; i++) control.Update(i * 1000, ++second * 10_000_000L);
        }));
    }

    private sealed class Device(Report report, double driftPpm, double startError, int seed)
    {
        private readonly Random _random = new(seed);
        private readonly Queue<(double Time, double Ratio)> _lastSecond = new();
        private double _time, _played;

        public DriftControl Control { get; } = new(Second);

        public double DriftPpm { get; set; } = driftPpm;

        public double Error { get; set; } = startError;

        public List<double> Errors { get; } = [];

        public double LargestStep { get; private set; }

        public double LargestChangeInASecond { get; private set; }

        public double LargestDeviation { get; private set; }

        public void Run(double until)
        {
            while (_time < until)
            {
                // Waking is never on the dot; only a packet's own pace is. A period of exactly the same length would hide the drift.
                double elapsed = report == Report.Period10MsEachPacket ? 352 / 44_100.0 : 0.005 + (0.010 * _random.NextDouble());
                double ratio = Control.Ratio;
                _time += elapsed;
                _played += elapsed * (1 - (DriftPpm * 1e-6));
                Error += ((DriftPpm * 1e-6) - (ratio - 1)) * elapsed;
                Errors.Add(Math.Abs(Error));
                Check(ratio, Control.Update((long)(Measured() * Second), (long)(_time * Second)));
            }
        }

        private void Check(double before, double after)
        {
            LargestStep = Math.Max(LargestStep, Math.Abs(after - before));
            LargestDeviation = Math.Max(LargestDeviation, Math.Abs(after - 1));
            _lastSecond.Enqueue((_time, after));
            while (_lastSecond.Peek().Time < _time - 1) _lastSecond.Dequeue();
            LargestChangeInASecond = Math.Max(LargestChangeInASecond, Math.Abs(after - _lastSecond.Peek().Ratio));
        }

        private double Measured() => report switch
        {
            Report.Exact => Error,
            Report.Noise1Ms => Error + ((_random.NextDouble() - 0.5) * 2e-3),
            Report.Period20Ms => Error + Sawtooth(0.020),
            _ => Error + Sawtooth(0.010),
        };

        /// <summary>The position that the device tells moves on by whole periods of its own clock.</summary>
        private double Sawtooth(double period) => _played - (Math.Floor(_played / period) * period) - (period / 2);
    }
}
