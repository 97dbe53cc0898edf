using System.Globalization;
using Raop.Audio;

namespace Raop.Cli;

/// <summary>
/// Writes down which frame was due when, when it was written, and the device's delay then: a line for each write, frames and nanoseconds of
/// the machine's monotonic clock, which all processes of a machine share.
/// </summary>
internal sealed class TimingLogSink(IPcmSink inner, TextWriter log, TimeProvider time) : IPcmSink
{
    private PcmFormat _format;
    private bool _headed;

    public bool IsRealTime => inner.IsRealTime;

    public TimeSpan Delay => inner.Delay;

    public ValueTask StartAsync(PcmFormat format, CancellationToken cancellationToken = default)
    {
        _format = format;
        if (!_headed) log.WriteLine("rtptime,frames,due_ns,written_ns,delay_ns");
        _headed = true;
        return inner.StartAsync(format, cancellationToken);
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> frames, FrameTime time, CancellationToken cancellationToken = default)
    {
        if (time is { RtpTime: uint rtpTime, Due: long due })
            log.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rtpTime},{frames.Length / _format.BytesPerFrame},{Nanoseconds(due)},{Nanoseconds(Now)},{inner.Delay.Ticks * 100}"));
        return inner.WriteAsync(frames, time, cancellationToken);
    }

    public void Flush() => inner.Flush();

    public async ValueTask DrainAsync(CancellationToken cancellationToken = default)
    {
        await inner.DrainAsync(cancellationToken);
        await log.FlushAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync();
        await log.DisposeAsync();
    }

    private long Now => time.GetTimestamp();

    private long Nanoseconds(long ticks) => (long)((Int128)ticks * 1_000_000_000 / time.TimestampFrequency);
}
