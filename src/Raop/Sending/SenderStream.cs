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
    private readonly Channel<Command> _commands = Channel.CreateUnbounded<Command>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Bell _bell = new(completions, time); // rings for commands, ends, and whatever the loop waits for

    private CancellationTokenSource _reading = new();
    private ValueTask<int> _next; // the packet being made, when it takes a while
    private bool _isMaking;
    private int _made; // frames of the packet that was made and waits for its time
    private ValueTask _writing; // the packet being taken by the channel, when it takes a while
    private bool _isWriting;
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
        var over = new TaskCompletionSource();
        Task.WhenAny(control.Lost, audio.Closed, over.Task).ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(_bell.Rung);
        try
        {
            while (!_stopped)
            {
                if (_commands.Reader.TryRead(out Command? next))
                {
                    await ExecuteAsync(next).ConfigureAwait(false);
                    continue;
                }

                ThrowIfLost();
                if (!_isMaking || _next.IsCompleted) await feed.ForgetBeforeAsync(HeardFrame()).ConfigureAwait(false);
                if (Step() is { } wait) await _bell.WaitAsync(wait).ConfigureAwait(false);
            }
        }
        finally
        {
            over.SetResult();
            State = RaopSenderState.Idle;
            if (!_stopped) audio.Flush(); // it failed: what is queued is not to come before what plays next
            audio.Rest();
            _commands.Writer.TryComplete();
            while (_commands.Reader.TryRead(out Command? late)) late.Done.TrySetResult();
            await CancelReadingAsync().ConfigureAwait(false);
            _bell.Dispose();
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
        if (_commands.Writer.TryWrite(command)) _bell.Ring();
        else command.Done.TrySetResult(); // it has just ended
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
    /// <returns>How long to wait unless the bell rings, or null when there is more to do at once.</returns>
    private TimeSpan? Step()
    {
        long now = _time.GetTimestamp();
        if (State == RaopSenderState.Paused) return Quiet;
        if (_isWriting)
        {
            if (!_writing.IsCompleted) return WaitForRoom(now);
            _isWriting = false;
            _writing.GetAwaiter().GetResult();
        }

        if (_atEnd) return UntilHeard(now);
        if (_made == 0 && !Make()) return Quiet;
        if (_made == 0) return null; // the end, or a source's error
        long frame = feed.NextFrame - _made;
        now = _time.GetTimestamp(); // making one took its time
        if (!_started) audio.Start(frame, now);
        _started = true;
        long due = audio.UntilDue(frame, now);
        if (due > 0) return Span(due);
        _skipped = false;
        _writingFrame = frame;
#pragma warning disable CA2012 // it is looked at until it is complete, and its result is taken once
        _writing = audio.SendAsync(feed.Packet, now);
#pragma warning restore CA2012
        _isWriting = true;
        _made = 0;
        if (!_writing.IsCompleted) _writing.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(_bell.Rung);
        return null;
    }

    /// <summary>Makes the next packet.</summary>
    /// <returns>False while it is being made; the bell rings when it is there.</returns>
    private bool Make()
    {
        try
        {
            if (!_isMaking)
            {
#pragma warning disable CA2012 // as above
                _next = feed.NextAsync(_reading.Token);
#pragma warning restore CA2012
                _isMaking = true;
                if (!_next.IsCompleted) _next.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(_bell.Rung);
            }

            if (!_next.IsCompleted) return false;
            _isMaking = false;
            _made = _next.GetAwaiter().GetResult();
            _atEnd = _made == 0;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            (_failure, _atEnd) = (e, true); // told when what came before it has been heard
        }

        return true;
    }

    private TimeSpan? UntilHeard(long now)
    {
        TimeSpan left = _started && !_skipped ? Span(audio.UntilHeard(feed.NextFrame, now)) + audio.Tail : TimeSpan.Zero;
        if (left > TimeSpan.Zero) return left;
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
        if (_isMaking)
        {
            while (!_next.IsCompleted) await _bell.WaitAsync().ConfigureAwait(false); // commands are looked for again after this one
            _isMaking = false;
            try
            {
                if (_next.GetAwaiter().GetResult() is > 0 and int frames) feed.GoBackTo(feed.NextFrame - frames); // made, not sent
            }
            catch (Exception e) when (e is OperationCanceledException or RaopException)
            {
                // Said again when it is read again, unless somebody seeks or skips past it.
            }
        }

        if (_made > 0) feed.GoBackTo(feed.NextFrame - _made);
        _made = 0;
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
