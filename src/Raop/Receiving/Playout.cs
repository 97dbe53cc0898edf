using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Raop.Audio;
using Raop.Timing;

namespace Raop.Receiving;

/// <summary>
/// From decoded frames to the sink: a queue that pushes back when 8 s are in it, a start buffer, the volume, and a pace for sinks
/// that have none. One writer; <see cref="Flush"/>, <see cref="SetGain"/> and <see cref="Complete"/> may come from any thread.
/// </summary>
internal sealed class Playout
{
    /// <summary>As much as an AirPort Express takes before it pushes back (330,750 frames, 7.5 s).</summary>
    private const int QueueSeconds = 8;

    /// <summary>Frames given to the sink at a time: 10 ms, so that a FLUSH or a volume is heard soon.</summary>
    private const int ChunksPerSecond = 100;

    /// <summary>No wait is so short.</summary>
    private static readonly TimeSpan Unworthy = TimeSpan.FromMilliseconds(1);

    private readonly IPcmSink _sink;
    private readonly PcmFormat _format;
    private readonly TimeProvider _time;
    private readonly TimeSpan _startBuffer;
    private readonly Action _playing;
    private readonly Pipe _queue;
    private readonly byte[] _chunk;
    private readonly Gain _gain;
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ITimer _startTimer;
    private readonly Bell _bell; // for the pace
    private double _gainDb;
    private bool _gainChanged;
    private volatile bool _started; // the sink has frames; the gain no longer jumps
    private long _queued; // bytes ever written
    private long _consumed; // bytes ever taken out
    private long _voidUntil; // bytes before this are dropped
    private volatile bool _startNow;
    private bool _dry;

    public Playout(IPcmSink sink, PcmFormat format, TimeSpan startBuffer, TimeProvider time, TaskCreationOptions completions, Action playing)
    {
        (_sink, _format, _startBuffer, _time, _playing) = (sink, format, startBuffer, time, playing);
        _bell = new Bell(completions, time);
        PipeScheduler scheduler = completions.HasFlag(TaskCreationOptions.RunContinuationsAsynchronously) ? PipeScheduler.ThreadPool : PipeScheduler.Inline;
        int limit = format.SampleRate * format.BytesPerFrame * QueueSeconds;
        _queue = new Pipe(new PipeOptions(
            pauseWriterThreshold: limit, resumeWriterThreshold: limit / 2, minimumSegmentSize: 16 * 1024,
            readerScheduler: scheduler, writerScheduler: scheduler, useSynchronizationContext: false));
        _chunk = new byte[Math.Max(1, format.SampleRate / ChunksPerSecond) * format.BytesPerFrame];
        _gain = new Gain(format);
        _startTimer = time.CreateTimer(_ => StartNow(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public long FramesWritten { get; private set; }

    public long FramesFlushed { get; private set; }

    public long FramesChanged { get; private set; }

    public int Underruns { get; private set; }

    /// <summary>Where the decoder writes whole frames; <see cref="Append"/> makes them count.</summary>
    public Memory<byte> GetMemory(int bytes) => _queue.Writer.GetMemory(bytes);

    /// <summary>Queues frames written to <see cref="GetMemory"/>: a <see cref="Flush"/> from now on drops them.</summary>
    public void Append(int bytes)
    {
        lock (_lock) _queued += bytes;
        _queue.Writer.Advance(bytes);
    }

    /// <summary>Hands what was queued to the player; waits while the queue is full.</summary>
    /// <returns>False when nobody plays any more.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> PushAsync()
    {
        FlushResult result = await _queue.Writer.FlushAsync().ConfigureAwait(false);
        return !result.IsCompleted;
    }

    /// <summary>Sets the attenuation, heard within a chunk and the sink's delay.</summary>
    public void SetGain(double db)
    {
        lock (_lock) (_gainDb, _gainChanged) = (db, true);
    }

    /// <summary>Drops everything that is queued and what the sink has not played yet.</summary>
    /// <returns>Frames dropped from the queue.</returns>
    public long Flush()
    {
        long dropped;
        lock (_lock)
        {
            dropped = (_queued - Math.Max(_consumed, _voidUntil)) / _format.BytesPerFrame;
            _voidUntil = _queued;
        }

        if (_started) _sink.Flush();
        _queue.Reader.CancelPendingRead(); // the pump drops it, and the decoder may go on
        return dropped;
    }

    /// <summary>No more frames will come. What is queued is still played.</summary>
    public void Complete() => _queue.Writer.Complete();

    /// <summary>Ends at once; what is queued is dropped.</summary>
    public void Stop()
    {
        Flush();
        _stop.Cancel();
        _bell.Ring();
    }

    /// <summary>Moves frames to the sink until <see cref="Complete"/> and the last frame, or <see cref="Stop"/>.</summary>
    /// <exception cref="RaopException">The sink failed.</exception>
    public async Task RunAsync()
    {
        try
        {
            await _sink.StartAsync(_format, _stop.Token).ConfigureAwait(false);
            while (await GatherAsync().ConfigureAwait(false)) await PlayUntilDryAsync().ConfigureAwait(false);
            await _sink.DrainAsync(_stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
        finally
        {
            await _startTimer.DisposeAsync().ConfigureAwait(false);
            _bell.Dispose();
            await _queue.Reader.CompleteAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Plays until the queue is empty or a FLUSH empties it.</summary>
    private async ValueTask PlayUntilDryAsync()
    {
        if (_dry) Underruns++;
        _dry = false;
        _playing();
        long start = _time.GetTimestamp(), played = 0;
        while (_queue.Reader.TryRead(out ReadResult result))
        {
            int bytes = Take(result.Buffer, out bool flushed);
            if (flushed) return;
            if (bytes == 0) break;
            await _sink.WriteAsync(_chunk.AsMemory(0, bytes), default, _stop.Token).ConfigureAwait(false);
            played += bytes / _format.BytesPerFrame;
            lock (_lock) flushed = _voidUntil >= _consumed;
            if (flushed) _sink.Flush(); // a FLUSH came while this chunk was on its way
            else if (!_sink.IsRealTime) await WaitAsync(start, played).ConfigureAwait(false);
        }

        _dry = true; // an underrun if more comes, the end if not
    }

    /// <summary>Waits until enough is queued to start, or what there is has waited long enough.</summary>
    /// <returns>False when the queue is completed and empty.</returns>
    private async ValueTask<bool> GatherAsync()
    {
        _startNow = false;
        bool timing = false;
        int enough = (int)_format.Frames(_startBuffer) * _format.BytesPerFrame;
        while (true)
        {
            ReadResult result = await _queue.Reader.ReadAsync(_stop.Token).ConfigureAwait(false);
            DropVoid(result.Buffer, out ReadOnlySequence<byte> rest);
            if (rest.IsEmpty && result.IsCompleted) return false;
            bool start = !rest.IsEmpty && (rest.Length >= enough || _startNow || result.IsCompleted);
            _queue.Reader.AdvanceTo(rest.Start, start ? rest.Start : rest.End);
            if (start)
            {
                _startTimer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                return true;
            }

            if (rest.IsEmpty || timing) continue;
            timing = true;
            _startTimer.Change(_startBuffer, Timeout.InfiniteTimeSpan);
        }
    }

    private void StartNow()
    {
        _startNow = true;
        _queue.Reader.CancelPendingRead();
    }

    /// <summary>Copies the next chunk out of the queue, with the volume applied.</summary>
    private int Take(in ReadOnlySequence<byte> buffer, out bool flushed)
    {
        flushed = DropVoid(buffer, out ReadOnlySequence<byte> rest);
        int bytes = flushed ? 0 : (int)Math.Min(rest.Length, _chunk.Length);
        rest.Slice(0, bytes).CopyTo(_chunk);
        _queue.Reader.AdvanceTo(rest.GetPosition(bytes));
        lock (_lock)
        {
            _consumed += bytes;
            if (_gainChanged) _gain.Set(_gainDb, atOnce: !_started);
            _gainChanged = false;
        }

        if (bytes == 0) return 0;
        _started = true;
        int frames = bytes / _format.BytesPerFrame;
        FramesWritten += frames;
        if (_gain.Apply(_chunk.AsSpan(0, bytes))) FramesChanged += frames;
        return bytes;
    }

    private bool DropVoid(in ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> rest)
    {
        lock (_lock)
        {
            long drop = Math.Min(buffer.Length, Math.Max(0, _voidUntil - _consumed));
            _consumed += drop;
            FramesFlushed += drop / _format.BytesPerFrame;
            rest = buffer.Slice(drop);
            return drop > 0;
        }
    }

    /// <summary>Waits until the frames played since <paramref name="start"/> have had their time; counted from the start, so that nothing drifts.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WaitAsync(long start, long played)
    {
        TimeSpan ahead;
        while ((ahead = _format.Duration(played) - _time.GetElapsedTime(start)) > Unworthy)
        {
            await _bell.WaitAsync(ahead).ConfigureAwait(false);
            _stop.Token.ThrowIfCancellationRequested();
        }
    }
}
