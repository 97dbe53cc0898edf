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
internal sealed class SenderStream
{
    /// <summary>A receiver that takes nothing for so long after a packet should have been heard is dead.</summary>
    private static readonly TimeSpan StallLimit = TimeSpan.FromSeconds(10);

    /// <summary>A wait that only a command or an end ends.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    private readonly IStreamControl _control;
    private readonly IAudioChannel _audio;
    private readonly PacketFeed _feed;
    private readonly TimeProvider _time;
    private readonly TaskCreationOptions _completions;
    private readonly Channel<Command> _commands = Channel.CreateUnbounded<Command>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Bell _bell; // rings for commands, ends, and whatever the loop waits for
    private readonly Completion _making, _writing;

    private CancellationTokenSource _reading = new();
    private ValueTask<int> _next; // the packet being made, when it takes a while
    private int _made; // frames of the packet that was made and waits for its time
    private ValueTask _written; // the packet being taken by the channel, when it takes a while
    private long _writingFrame;
    private bool _started;
    private bool _atEnd;
    private bool _stopped;
    private Exception? _failure; // of a source
    private bool _skipped;
    private long _pausedAt;

    /// <param name="control">The receiver's control connection.</param>
    /// <param name="audio">What carries the packets.</param>
    /// <param name="feed">What makes them.</param>
    /// <param name="time">The clock.</param>
    /// <param name="completions">As the network says.</param>
    public SenderStream(IStreamControl control, IAudioChannel audio, PacketFeed feed, TimeProvider time, TaskCreationOptions completions)
    {
        (_control, _audio, _feed, _time, _completions) = (control, audio, feed, time, completions);
        _bell = new Bell(completions, time);
        (_making, _writing) = (new Completion(_bell), new Completion(_bell));
    }

    private sealed record Command(Func<ValueTask> Action, TaskCompletionSource Done);

    public RaopSenderState State { get; private set; } = RaopSenderState.Playing;

    /// <summary>Where the listener is. Read from any thread: a moment's inconsistency only shows for one reading.</summary>
    public RaopSenderStatus Status
    {
        get
        {
            (Track? track, long frame) = _feed.Where(HeardFrame());
            ChannelCounts counts = _audio.Counts;
            return new RaopSenderStatus(
                State, track?.Original, PcmFormat.AirTunes.Duration(frame), _feed.Peak, _feed.PassedThrough,
                counts.Packets, counts.Bytes, counts.Resent, counts.Starved, counts.TimingSeen);
        }
    }

    /// <summary>What is heard: the source, which of its frames, of how many (null: not known), and that frame's number. From any thread.</summary>
    public (Track? Track, long TrackFrame, long? Length, long Frame) Place
    {
        get
        {
            long heard = HeardFrame();
            (Track? track, long frame) = _feed.Where(heard);
            return (track, frame, track?.Pcm.Length, heard);
        }
    }

    /// <summary>Plays until the last frame has been heard or a Stop.</summary>
    /// <exception cref="RaopException">The receiver or a source failed.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration stop = cancellationToken.Register(() => _ = PostAsync(StopNowAsync));
        var over = new TaskCompletionSource();
        Task.WhenAny(_control.Lost, _audio.Closed, over.Task).ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(_bell.Rung);
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
                if (!_making.IsRunning || _making.IsOver) await _feed.ForgetBeforeAsync(HeardFrame()).ConfigureAwait(false);
                if (Step() is { } wait) await _bell.WaitAsync(wait).ConfigureAwait(false);
            }
        }
        finally
        {
            over.SetResult();
            State = RaopSenderState.Idle;
            if (!_stopped) _audio.Flush(); // it failed: what is queued is not to come before what plays next
            _audio.Rest();
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
        _feed.GoBackTo(heard);
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
        (Track? track, _) = _feed.Where(heard);
        if (track is null) return;
        if (!track.Pcm.CanSeek) throw new NotSupportedException("This source cannot seek.");
        long frame = Math.Clamp(PcmFormat.AirTunes.Frames(position), 0, track.Pcm.Length ?? long.MaxValue);
        await FlushAsync().ConfigureAwait(false);
        await _feed.SeekAsync(heard, track, frame, CancellationToken.None).ConfigureAwait(false);
        Continue(heard);
    });

    public Task SkipAsync() => PostAsync(async () =>
    {
        long heard = HeardFrame();
        await FlushAsync().ConfigureAwait(false);
        await _feed.SkipAsync(heard, CancellationToken.None).ConfigureAwait(false);
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
        var command = new Command(action, new TaskCompletionSource(_completions));
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
        if (_writing.IsRunning)
        {
            if (!_writing.IsOver) return WaitForRoom(now);
            _writing.Take();
            _written.GetAwaiter().GetResult();
        }

        if (_atEnd) return UntilHeard(now);
        if (_made == 0 && !Make()) return Quiet;
        if (_made == 0) return null; // the end, or a source's error
        long frame = _feed.NextFrame - _made;
        now = _time.GetTimestamp(); // making one took its time
        if (!_started) _audio.Start(frame, now);
        _started = true;
        long due = _audio.UntilDue(frame, now);
        if (due > 0) return Span(due);
        _skipped = false;
        _writingFrame = frame;
#pragma warning disable CA2012 // it is asked for its result once, when it is complete
        _written = _audio.SendAsync(_feed.Packet, now);
#pragma warning restore CA2012
        _made = 0;
        if (_writing.Begin(_written.IsCompleted)) _written.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(_writing.Over);
        return null;
    }

    /// <summary>Makes the next packet.</summary>
    /// <returns>False while it is being made; the bell rings when it is there.</returns>
    private bool Make()
    {
        try
        {
            if (!_making.IsRunning)
            {
#pragma warning disable CA2012 // as above
                _next = _feed.NextAsync(_reading.Token);
#pragma warning restore CA2012
                if (_making.Begin(_next.IsCompleted)) _next.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(_making.Over);
            }

            if (!_making.IsOver) return false;
            _making.Take();
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
        TimeSpan left = _started && !_skipped ? Span(_audio.UntilHeard(_feed.NextFrame, now)) + _audio.Tail : TimeSpan.Zero;
        if (left > TimeSpan.Zero) return left;
        if (_failure is not null) ExceptionDispatchInfo.Throw(_failure);
        _stopped = true;
        return null;
    }

    private TimeSpan WaitForRoom(long now)
    {
        TimeSpan stalled = Span(-_audio.UntilHeard(_writingFrame, now));
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
        return await _control.FlushAsync(_audio.Flush()).ConfigureAwait(false) is { } rtpTime ? _audio.FrameAt(rtpTime) : null;
    }

    private async ValueTask CancelReadingAsync()
    {
        _reading.Cancel();
        if (_making.IsRunning)
        {
            while (!_making.IsOver) await _bell.WaitAsync().ConfigureAwait(false); // commands are looked for again after this one
            _making.Take();
            try
            {
                if (_next.GetAwaiter().GetResult() is > 0 and int frames) _feed.GoBackTo(_feed.NextFrame - frames); // made, not sent
            }
            catch (Exception e) when (e is OperationCanceledException or RaopException)
            {
                // Said again when it is read again, unless somebody seeks or skips past it.
            }
        }

        if (_made > 0) _feed.GoBackTo(_feed.NextFrame - _made);
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
        _audio.Start(_pausedAt, _time.GetTimestamp());
    }

    private long HeardFrame() => HeardFrame(_time.GetTimestamp());

    private long HeardFrame(long now) =>
        State == RaopSenderState.Paused ? _pausedAt : !_started ? 0 : Math.Min(_audio.Heard(now), _feed.NextFrame);

    private void ThrowIfLost()
    {
        if (_control.Lost.IsCompleted) throw _control.Lost.Result;
        if (_audio.Closed.IsCompleted) throw SenderMember.Closed("audio");
    }

    private TimeSpan Span(long ticks) => new((long)((Int128)ticks * TimeSpan.TicksPerSecond / _time.TimestampFrequency));
}
