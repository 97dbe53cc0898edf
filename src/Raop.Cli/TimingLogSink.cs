using System.Globalization;
using Raop.Audio;

namespace Raop.Cli;

/// <summary>
/// Writes down which frame was due when, when it was written, and the device's delay then: a line for each write, frames and nanoseconds of
/// the machine's monotonic clock, which all processes of a machine share. A log that cannot be written is given up; music goes on.
/// </summary>
/// <param name="inner">Takes the frames; disposed with this.</param>
/// <param name="log">Disposed with this.</param>
/// <param name="time">The receiver's clock.</param>
/// <param name="failed">Told once why the log ends.</param>
internal sealed class TimingLogSink(IPcmSink inner, TextWriter log, TimeProvider time, Action<string> failed) : IPcmSink
{
    private PcmFormat _format;
    private bool _headed;
    private bool _hasFailed;

    public bool IsRealTime => inner.IsRealTime;

    public TimeSpan Delay => inner.Delay;

    private long Now => time.GetTimestamp();

    public ValueTask StartAsync(PcmFormat format, CancellationToken cancellationToken = default)
    {
        _format = format;
        if (!_headed) Write(log => log.WriteLine("rtptime,frames,due_ns,written_ns,delay_ns"));
        _headed = true;
        return inner.StartAsync(format, cancellationToken);
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> frames, FrameTime time, CancellationToken cancellationToken = default)
    {
        if (time is { RtpTime: uint rtpTime, Due: long due })
        {
            string line = string.Create(CultureInfo.InvariantCulture,
                $"{rtpTime},{frames.Length / _format.BytesPerFrame},{Nanoseconds(due)},{Nanoseconds(Now)},{inner.Delay.Ticks * 100}");
            Write(log => log.WriteLine(line));
        }

        return inner.WriteAsync(frames, time, cancellationToken);
    }

    public void Flush() => inner.Flush();

    public ValueTask DrainAsync(CancellationToken cancellationToken = default)
    {
        Write(static log => log.Flush());
        return inner.DrainAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        Write(static log => log.Dispose());
        await inner.DisposeAsync();
    }

    private void Write(Action<TextWriter> write)
    {
        if (_hasFailed) return;
        try
        {
            write(log);
        }
        catch (IOException e)
        {
            _hasFailed = true;
            failed(e.Message);
        }
    }

    private long Nanoseconds(long ticks) => (long)((Int128)ticks * 1_000_000_000 / time.TimestampFrequency);
}
