using Raop.Audio;
using Raop.Tests.Simulation;

namespace Raop.Tests.Fakes;

/// <summary>A sound device with a buffer and a crystal of its own: keeps when each frame was heard, by the host's clock.</summary>
internal sealed class DeviceSink(SimulatedHost host) : IPcmSink
{
    private readonly MemoryStream _pcm = new();
    private readonly Random _random = new(1);
    private double _end; // host seconds at which what is queued has been heard
    private double _zero; // host seconds at which its pointer began
    private PcmFormat _format;

    /// <summary>How much faster than the host's clock it plays, ppm.</summary>
    public double RatePpm { get; init; }

    /// <summary>What it holds before a write has to wait.</summary>
    public TimeSpan Buffer { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The step in which its pointer moves, its period: delay and room are as of the last one. 0 is exact.</summary>
    public TimeSpan Period { get; init; }

    /// <summary>By how much at most a writer is woken too late.</summary>
    public TimeSpan WakeLateness { get; init; }

    public bool IsRealTime => true;

    /// <summary>What it played, lead-in silence included.</summary>
    public byte[] Pcm => _pcm.ToArray();

    /// <summary>Runs of frames: the first one's number in <see cref="Pcm"/>, what it was said to be, and the host's seconds at which it was heard.</summary>
    public List<(long Frame, FrameTime Time, double HeardAt)> Runs { get; } = [];

    /// <summary>Runs before which it had nothing to play, while music was under way.</summary>
    public int Underruns { get; private set; }

    public int Flushes { get; private set; }

    public TimeSpan Delay => TimeSpan.FromSeconds(Math.Max(0, _end - Pointer(Now)));

    private double Now => host.Clock.GetTimestamp() / 1e9;

    private double Pace => 1 + (RatePpm / 1e6);

    public ValueTask StartAsync(PcmFormat format, CancellationToken cancellationToken = default)
    {
        (_format, _zero) = (format, Now);
        return ValueTask.CompletedTask;
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> frames, FrameTime time, CancellationToken cancellationToken = default)
    {
        double now = Now;
        if (_end < now && Runs.Count > 0) Underruns++;
        double heard = Math.Max(_end, now);
        Runs.Add((_pcm.Length / _format.BytesPerFrame, time, heard));
        _pcm.Write(frames.Span);
        _end = heard + (frames.Length / _format.BytesPerFrame / (_format.SampleRate * Pace));
        double room = RoomAt(_end - Buffer.TotalSeconds);
        if (room <= now) return;
        room += _random.NextDouble() * WakeLateness.TotalSeconds;
        await host.Clock.Delay(TimeSpan.FromTicks((long)Math.Ceiling((room - now) * TimeSpan.TicksPerSecond)), cancellationToken);
    }

    /// <summary>When a frame of <see cref="Pcm"/> was heard, by the host's clock in seconds.</summary>
    public double HeardAt(double frame)
    {
        int low = 0, high = Runs.Count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (Runs[middle].Frame <= frame) low = middle;
            else high = middle - 1;
        }

        return Runs[low].HeardAt + ((frame - Runs[low].Frame) / (_format.SampleRate * Pace));
    }

    /// <summary>It hangs for so long, or loses so much of what it holds: seconds.</summary>
    public void Glitch(double seconds) => _end += seconds;

    public void Flush()
    {
        Flushes++;
        _end = Math.Min(_end, Now);
    }

    public ValueTask DrainAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private double Pointer(double now)
    {
        double period = Period.TotalSeconds / Pace;
        return period > 0 ? _zero + (Math.Floor(((now - _zero) / period) + 1e-6) * period) : now;
    }

    /// <summary>When the pointer is there.</summary>
    private double RoomAt(double at)
    {
        double period = Period.TotalSeconds / Pace;
        return period > 0 ? _zero + (Math.Ceiling(((at - _zero) / period) - 1e-6) * period) : at;
    }
}
