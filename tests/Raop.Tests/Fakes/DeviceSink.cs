using Raop.Audio;
using Raop.Tests.Simulation;

namespace Raop.Tests.Fakes;

/// <summary>A sound device with a buffer and a crystal of its own: keeps when each frame was heard, in true time.</summary>
internal sealed class DeviceSink(SimulatedHost host) : IPcmSink
{
    private readonly MemoryStream _pcm = new();
    private double _end; // host seconds at which what is queued has been heard
    private PcmFormat _format;
    private long _flushes;

    /// <summary>How much faster than the host's clock it plays, ppm.</summary>
    public double RatePpm { get; init; }

    /// <summary>What it holds before a write has to wait.</summary>
    public TimeSpan Buffer { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The step in which it reports its delay; 0 is exact.</summary>
    public TimeSpan ReportStep { get; init; }

    public bool IsRealTime => true;

    /// <summary>What it played, lead-in silence included.</summary>
    public byte[] Pcm => _pcm.ToArray();

    /// <summary>Runs of frames: the first one's number in <see cref="Pcm"/>, what it was said to be, and the host's seconds at which it was heard.</summary>
    public List<(long Frame, FrameTime Time, double HeardAt)> Runs { get; } = [];

    public int Underruns { get; private set; }

    public long Flushes => _flushes;

    public TimeSpan Delay
    {
        get
        {
            double delay = Math.Max(0, _end - Now);
            return TimeSpan.FromSeconds(ReportStep > TimeSpan.Zero ? Math.Floor(delay / ReportStep.TotalSeconds) * ReportStep.TotalSeconds : delay);
        }
    }

    private double Now => host.Clock.GetTimestamp() / 1e9;

    private double Rate => _format.SampleRate * (1 + (RatePpm / 1e6));

    public ValueTask StartAsync(PcmFormat format, CancellationToken cancellationToken = default)
    {
        _format = format;
        return ValueTask.CompletedTask;
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> frames, FrameTime time, CancellationToken cancellationToken = default)
    {
        double now = Now;
        if (_end < now && Runs.Count > 0) Underruns++;
        double heard = Math.Max(_end, now);
        Runs.Add((_pcm.Length / _format.BytesPerFrame, time, heard));
        _pcm.Write(frames.Span);
        _end = heard + (frames.Length / _format.BytesPerFrame / Rate);
        double over = _end - now - Buffer.TotalSeconds;
        if (over > 0) await host.Clock.Delay(TimeSpan.FromSeconds(over), cancellationToken);
    }

    public void Flush()
    {
        _flushes++;
        _end = Math.Min(_end, Now);
    }

    public ValueTask DrainAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
