namespace Raop.Timing;

/// <summary>
/// Decides how much faster or slower a sound device's output is to be resampled so that frames are heard when they are due, from measured errors.
/// A Kalman filter of two states (error, drift) learns the device's clock; the ratio follows the drift and works the error off.
/// While neither differs from zero by more than the measurements can tell, the ratio is exactly 1. Pure numbers: no clock, no allocation.
/// </summary>
/// <remarks>
/// The mean of the reports is what becomes zero. A device that reports its delay in whole periods must be asked at times unrelated to its period,
/// or the reports hide the drift; one that always rounds down is heard half a period off, which is the caller's to subtract.
/// </remarks>
/// <param name="ticksPerSecond">Unit of errors and times.</param>
internal sealed class DriftControl(long ticksPerSecond)
{
    /// <summary>The ratio stays within 1 ± this.</summary>
    public const double MaxDeviation = 1000e-6;

    /// <summary>The most that the ratio changes in a second: a correction that grows by 0.1 ms a second each second.</summary>
    public const double MaxChangePerSecond = 100e-6;

    /// <summary>Above this error, in seconds, resampling is the wrong remedy.</summary>
    public const double ResyncError = 0.05;

    private const double LongestStep = 0.1;          // s: a later update still changes the ratio by no more than 10 ppm
    private const double SettlingTime = 4;           // s: an error is worked off to a third in this time
    private const double SmallError = 50e-6;         // s
    private const double SmallDrift = 0.5e-6;
    private const double Certain = 5;                // standard deviations
    private const double PriorDrift = 150e-6;        // standard deviation of crystals, with room
    private const double Wander = 0.02e-6;           // of the drift, per square root of a second: about 1 ppm an hour
    private const double FinestNoise = 20e-6;        // s: no report is trusted more than this
    private const double FirstNoise = 3e-3;          // s: until there are enough reports to know
    private const int FirstReports = 16, NoiseReports = 2000;
    private const double Outlier = 8;                // standard deviations
    private const int OutliersOfAStep = 5;

    private double _error, _drift;                   // s; s per s
    private double _p00, _p01, _p11 = PriorDrift * PriorDrift; // their covariance
    private double _differences, _innovations;       // mean squares, s²
    private double _lastReport, _ratio = 1;
    private long _last;
    private int _reports, _noiseReports, _outliers;
    private bool _isActive;

    /// <summary>How much faster than the device's own pace its frames have to be fed, in parts per million. Positive: its clock is slow.</summary>
    public double DriftPpm => _drift * 1e6;

    /// <summary>The error as the filter sees it, in seconds. Positive: frames are heard late.</summary>
    public double Error => _error;

    /// <summary>The last answer of <see cref="Update"/>.</summary>
    public double Ratio => _ratio;

    /// <summary>Whether the error is above 50 ms: the caller skips frames or inserts silence, then calls <see cref="Reset"/> with its drift kept.</summary>
    public bool NeedsResync { get; private set; }

    /// <summary>Starts anew, at a new stream or after a resync.</summary>
    /// <param name="keepDrift">Whether the device is still the same: what was learned about its clock stays.</param>
    public void Reset(bool keepDrift)
    {
        _error = _lastReport = 0;
        _reports = _outliers = 0;
        NeedsResync = false;
        if (!keepDrift)
        {
            _drift = _differences = _innovations = 0;
            _p11 = PriorDrift * PriorDrift;
            _noiseReports = 0;
            _isActive = false;
        }

        _ratio = _isActive ? 1 + Math.Clamp(_drift, -MaxDeviation, MaxDeviation) : 1;
    }

    /// <summary>Takes a measurement, about each 10 ms.</summary>
    /// <param name="error">When the next frame would be heard less when it is due, in ticks. Positive: late.</param>
    /// <param name="now">When that was measured, in ticks.</param>
    /// <returns>Input frames for each output frame until the next call. Above 1 plays faster.</returns>
    public double Update(long error, long now)
    {
        double report = (double)error / ticksPerSecond;
        if (_reports == 0)
        {
            Restart(report);
            _p01 = 0;
        }
        else
        {
            double elapsed = Math.Max(0, (double)(now - _last) / ticksPerSecond);
            Predict(elapsed);
            Correct(report);
            Steer(Math.Min(elapsed, LongestStep));
        }

        _lastReport = report;
        _last = now;
        _reports = Math.Min(_reports + 1, int.MaxValue - 1);
        NeedsResync = _reports >= OutliersOfAStep && Math.Abs(_error) > ResyncError;
        return _ratio;
    }

    private double Noise
    {
        get
        {
            double known = Math.Max(FinestNoise * FinestNoise, Math.Max(_differences, _innovations));
            return _noiseReports < FirstReports ? Math.Max(known, FirstNoise * FirstNoise) : known;
        }
    }

    /// <summary>Takes the error from one report; the drift stays.</summary>
    private void Restart(double report)
    {
        _error = report;
        _p00 = Noise;
        _p01 = 0;
        _outliers = 0;
    }

    private void Predict(double elapsed)
    {
        _error += (_drift - (_ratio - 1)) * elapsed;
        _p00 += elapsed * ((2 * _p01) + (elapsed * _p11));
        _p01 += elapsed * _p11;
        _p11 += elapsed * Wander * Wander;
    }

    private void Correct(double report)
    {
        double innovation = report - _error, expected = _p00 + Noise;
        if (innovation * innovation > Outlier * Outlier * expected)
        {
            // One is a glitch of the report. Several are a step, such as an underrun: the clock has not changed.
            if (++_outliers >= OutliersOfAStep) Restart(report);
            return;
        }

        _outliers = 0;
        LearnNoise(report, innovation);
        expected = _p00 + Noise;
        double gainError = _p00 / expected, gainDrift = _p01 / expected;
        _error += gainError * innovation;
        _drift = Math.Clamp(_drift + (gainDrift * innovation), -MaxDeviation, MaxDeviation);
        _p11 -= gainDrift * _p01;
        _p01 -= gainError * _p01;
        _p00 -= gainError * _p00;
    }

    /// <summary>From neighbouring reports, which no drift can hide, and from the filter's misses, which see noise slower than that.</summary>
    private void LearnNoise(double report, double innovation)
    {
        _noiseReports = Math.Min(_noiseReports + 1, NoiseReports);
        double difference = report - _lastReport, weight = 1.0 / _noiseReports;
        _differences += weight * ((difference * difference / 2) - _differences);
        _innovations += weight * ((innovation * innovation) - _innovations);
    }

    private void Steer(double elapsed)
    {
        double errorDoubt = Math.Sqrt(_p00), driftDoubt = Math.Sqrt(_p11);
        if (!_isActive)
        {
            _isActive = Math.Abs(_error) > Math.Max(SmallError, Certain * errorDoubt) || Math.Abs(_drift) > Math.Max(SmallDrift, Certain * driftDoubt);
        }
        else if (Math.Abs(_ratio - 1) < 2 * SmallDrift && Math.Abs(_drift) < SmallDrift && driftDoubt < SmallDrift && Math.Abs(_error) < Math.Max(SmallError / 4, errorDoubt))
        {
            _isActive = false;
        }

        if (!_isActive)
        {
            _ratio = 1;
            return;
        }

        // Towards a small error exponentially, from a large one along the parabola that the limit of change can still brake.
        double size = Math.Abs(_error), speed = Math.Min(size / SettlingTime, Math.Sqrt(1.6 * MaxChangePerSecond * size));
        double wanted = Math.Clamp(_drift + (NeedsResync ? 0 : Math.CopySign(speed, _error)), -MaxDeviation, MaxDeviation);
        double change = MaxChangePerSecond * elapsed;
        _ratio += Math.Clamp(1 + wanted - _ratio, -change, change);
    }
}
