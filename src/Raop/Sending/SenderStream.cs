using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Raop.Audio;
using Raop.Rtsp;
using Raop.Timing;

namespace Raop.Sending;

/// <summary>
/// Plays one play list to whoever is behind a channel. One loop owns the feed and the channel; pause, seek and the rest reach it as commands, so
/// that nothing needs a lock.
/// </summary>
internal sealed class SenderStream(
    IStreamControl control, IAudioChannel audio, PacketFeed feed, TimeProvider time, TaskCreationOptions completions)
{
    /// <summary>A receiver that takes nothing for so long after a packet should have been heard is dead.</summary>
    private static readonly TimeSpan StallLimit = TimeSpan.FromSeconds(10);

    /// <summary>A wait that only a command or an end ends.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _time = time;
    private readonly Channel<Command> _commands = Channel.CreateUnbounded<Command>(
        new UnboundedChannelOptions { SingleReader = true, AllowSynchronousContinuations = true });

    private CancellationTokenSource _reading = new();
    private Task<int>? _next; // the packet being made, when it takes a while
    private int _made; // frames of the packet that was made and waits for its time
    private Task? _writing; // the packet being taken by the channel, when it takes a while
    private long _writingFrame;
    private bool _started;
    private bool _atEnd;
    private bool _stopped;
    private Exception? _failure; // of a source
    private bool _skipped;
    private long _pausedAt;

    private sealed record Command(Func<ValueTask> Action, TaskCompletionSource Done);

    public RaopSenderState State { get; private set; } = RaopSenderState.Playing;

    /// <summary>Where the listener is. Read from any thread: a moment's inconsistency only shows for one reading.</summary>
    public RaopSenderStatus Status
    {
        get
        {
            (Track? track, long frame) = feed.Where(HeardFrame());
            ChannelCounts counts = audio.Counts;
            return new RaopSenderStatus(
                State, track?.Original, PcmFormat.AirTunes.Duration(frame), feed.Peak, feed.PassedThrough,
                counts.Packets, counts.Bytes, counts.Resent, counts.Starved, counts.TimingSeen);
        }
    }

    /// <summary>What is heard: the source, which of its frames, of how many (null: not known), and that frame's number. From any thread.</summary>
    public (Track? Track, long TrackFrame, long? Length, long Frame) Place
    {
        get
        {
            long heard = HeardFrame();
            (Track? track, long frame) = feed.Where(heard);
            return (track, frame, track?.Pcm.Length, heard);
        }
    }

    /// <summary>Plays until the last frame has been heard or a Stop.</summary>
    /// <exception cref="RaopException">The receiver or a source failed.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration stop = cancellationToken.Register(() => _ = PostAsync(StopNowAsync));
        Task<bool> command = _commands.Reader.WaitToReadAsync(CancellationToken.None).AsTask();
        try
        {
            while (!_stopped)
            {
                if (command.IsCompleted)
                {
                    while (_commands.Reader.TryRead(out Command? next)) await ExecuteAsync(next).ConfigureAwait(false);
                    command = _commands.Reader.WaitToReadAsync(CancellationToken.None).AsTask();
                    continue;
                }

                ThrowIfLost();
                if (_next is null or { IsCompleted: true }) await feed.ForgetBeforeAsync(HeardFrame()).ConfigureAwait(false);
                if (await StepAsync().ConfigureAwait(false) is { } wait)
                {
                    using var timer = new CancellationTokenSource();
                    double ms = Math.Min(Math.Ceiling(wait.For.TotalMilliseconds), Quiet.TotalMilliseconds); // timers cut off parts of a ms, and take no more than 49 days
                    Task delay = _time.DelayAsync(TimeSpan.FromMilliseconds(ms), timer.Token);
                    await Task.WhenAny(wait.Or ?? delay, delay, command, control.Lost, audio.Closed).ConfigureAwait(false);
                    timer.Cancel();
                }
            }
        }
        finally
        {
            State = RaopSenderState.Idle;
            if (!_stopped) audio.Flush(); // it failed: what is queued is not to come before what plays next
            audio.Rest();
            _commands.Writer.TryComplete();
            while (_commands.Reader.TryRead(out Command? late)) late.Done.TrySetResult();
            await CancelReadingAsync().ConfigureAwait(false);
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    public Task PauseAsync() => PostAsync(async () =>
    {
        if (State != RaopSenderState.Playing) return;
        long before = _time.GetTimestamp();
        long? told = await FlushAsync().ConfigureAwait(false);
        long trip = Math.Min(_time.GetTimestamp() - before, _time.TimestampFrequency / 5); // the receiver fell silent half-way
        long heard = HeardFrame(before + (trip / 2));
        if (told is { } frame && Math.Abs(frame - heard) < PcmFormat.AirTunes.SampleRate) heard = frame; // it knows best, unless it errs
        feed.GoBackTo(heard);
        _pausedAt = heard;
        State = RaopSenderState.Paused;
    });

    public Task ResumeAsync() => PostAsync(() =>
    {
        if (State == RaopSenderState.Paused) Restart();
        return ValueTask.CompletedTask;
    });

    /// <summary>Continues at another place of what is heard; beyond its end is its end.</summary>
    public Task SeekAsync(TimeSpan position) => PostAsync(async () =>
    {
        long heard = HeardFrame();
        (Track? track, _) = feed.Where(heard);
        if (track is null) return;
        if (!track.Pcm.CanSeek) throw new NotSupportedException("This source cannot seek.");
        long frame = Math.Clamp(PcmFormat.AirTunes.Frames(position), 0, track.Pcm.Length ?? long.MaxValue);
        await FlushAsync().ConfigureAwait(false);
        await feed.SeekAsync(heard, track, frame, CancellationToken.None).ConfigureAwait(false);
        Continue(heard);
    });

    public Task SkipAsync() => PostAsync(async () =>
    {
        long heard = HeardFrame();
        await FlushAsync().ConfigureAwait(false);
        await feed.SkipAsync(heard, CancellationToken.None).ConfigureAwait(false);
        _skipped = true; // should nothing follow, nothing is left to be heard
        Continue(heard);
    });

    private ValueTask StopNowAsync()
    {
        _stopped = true;
        return State == RaopSenderState.Playing ? VoidAsync() : ValueTask.CompletedTask;

        async ValueTask VoidAsync() => await FlushAsync().ConfigureAwait(false);
    }

    private Task PostAsync(Func<ValueTask> action)
    {
        var command = new Command(action, new TaskCompletionSource(completions));
        if (!_commands.Writer.TryWrite(command)) command.Done.TrySetResult(); // it has just ended
        return command.Done.Task;
    }

    private static async ValueTask ExecuteAsync(Command command)
    {
        try
        {
            await command.Action().ConfigureAwait(false);
            command.Done.TrySetResult();
        }
        catch (NotSupportedException e)
        {
            command.Done.TrySetException(e); // the caller's mistake, not the session's end
        }
        catch (Exception e)
        {
            command.Done.TrySetResult(); // the session ends with it
            throw e is RaopException ? e : new RaopException(RaopError.ConnectionLost, e.Message, innerException: e);
        }
    }

    /// <summary>Does what can be done now.</summary>
    /// <returns>What to wait for, or null when there is more to do at once.</returns>
    private async ValueTask<(TimeSpan For, Task? Or)?> StepAsync()
    {
        long now = _time.GetTimestamp();
        if (State == RaopSenderState.Paused) return (Quiet, null);
        if (_writing is { IsCompleted: false }) return (WaitForRoom(now), _writing);
        if (_writing is not null)
        {
            await _writing.ConfigureAwait(false);
            _writing = null;
        }

        if (_atEnd) return UntilHeard(now);
        if (_made == 0 && await MakeAsync().ConfigureAwait(false) is { } making) return (Quiet, making);
        if (_made == 0) return null; // the end, or a source's error
        long frame = feed.NextFrame - _made;
        now = _time.GetTimestamp(); // making one took its time
        if (!_started) audio.Start(frame, now);
        _started = true;
        long due = audio.UntilDue(frame, now);
        if (due > 0) return (Span(due), null);
        _skipped = false;
        _writingFrame = frame;
        ValueTask writing = audio.SendAsync(feed.Packet, now);
        _made = 0;
        if (writing.IsCompletedSuccessfully) writing.GetAwaiter().GetResult();
        else _writing = writing.AsTask();
        return null;
    }

    /// <summary>Makes the next packet.</summary>
    /// <returns>What to wait for while it is being made; null when it is there, or there is no more.</returns>
    private async ValueTask<Task?> MakeAsync()
    {
        try
        {
            if (_next is null)
            {
                ValueTask<int> next = feed.NextAsync(_reading.Token);
                if (next.IsCompletedSuccessfully)
                {
                    _made = next.GetAwaiter().GetResult();
                    _atEnd = _made == 0;
                    return null;
                }

                _next = next.AsTask();
            }

            if (!_next.IsCompleted) return _next;
            Task<int> done = _next;
            _next = null;
            _made = await done.ConfigureAwait(false);
            _atEnd = _made == 0;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            (_failure, _atEnd) = (e, true); // told when what came before it has been heard
        }

        return null;
    }

    private (TimeSpan, Task?)? UntilHeard(long now)
    {
        TimeSpan left = _started && !_skipped ? Span(audio.UntilHeard(feed.NextFrame, now)) + audio.Tail : TimeSpan.Zero;
        if (left > TimeSpan.Zero) return (left, null);
        if (_failure is not null) ExceptionDispatchInfo.Throw(_failure);
        _stopped = true;
        return null;
    }

    private TimeSpan WaitForRoom(long now)
    {
        TimeSpan stalled = Span(-audio.UntilHeard(_writingFrame, now));
        if (stalled < StallLimit) return StallLimit - stalled;
        throw new RaopException(
            RaopError.Timeout, $"The receiver has taken no audio for {stalled.TotalSeconds:0} s.", "See whether the receiver still runs; its sound device may hang.");
    }

    /// <summary>Voids what was sent and not heard. Afterwards no packet is in the making.</summary>
    /// <returns>The first frame that was not heard, if the receiver says.</returns>
    private async ValueTask<long?> FlushAsync()
    {
        await CancelReadingAsync().ConfigureAwait(false);
        if (!_started) return null;
        return await control.FlushAsync(audio.Flush()).ConfigureAwait(false) is { } rtpTime ? audio.FrameAt(rtpTime) : null;
    }

    private async ValueTask CancelReadingAsync()
    {
        _reading.Cancel();
        if (_next is not null)
        {
            try
            {
                if (await _next.ConfigureAwait(false) is > 0 and int frames) feed.GoBackTo(feed.NextFrame - frames); // made, not sent
            }
            catch (Exception e) when (e is OperationCanceledException or RaopException)
            {
                // Said again when it is read again, unless somebody seeks or skips past it.
            }
        }

        if (_made > 0) feed.GoBackTo(feed.NextFrame - _made);
        _made = 0;
        _next = null;
        _reading.Dispose();
        _reading = new CancellationTokenSource();
    }

    /// <summary>The feed continues at this frame: at once when playing, on resume when paused.</summary>
    private void Continue(long frame)
    {
        _pausedAt = frame;
        _atEnd = false;
        _failure = null; // somebody went past it
        if (State == RaopSenderState.Playing) Restart();
    }

    private void Restart()
    {
        State = RaopSenderState.Playing;
        _atEnd = false;
        _started = true;
        audio.Start(_pausedAt, _time.GetTimestamp());
    }

    private long HeardFrame() => HeardFrame(_time.GetTimestamp());

    private long HeardFrame(long now) =>
        State == RaopSenderState.Paused ? _pausedAt : !_started ? 0 : Math.Min(audio.Heard(now), feed.NextFrame);

    private void ThrowIfLost()
    {
        if (control.Lost.IsCompleted) throw control.Lost.Result;
        if (audio.Closed.IsCompleted) throw SenderMember.Closed("audio");
    }

    private TimeSpan Span(long ticks) => new((long)((Int128)ticks * TimeSpan.TicksPerSecond / _time.TimestampFrequency));
}
