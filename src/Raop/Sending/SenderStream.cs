using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Raop.Audio;
using Raop.Rtsp;
using Raop.Timing;

namespace Raop.Sending;

/// <summary>
/// Plays one play list over an open session. One loop owns the feed, the clock and both connections; pause, seek and the rest reach it as
/// commands, so that nothing needs a lock.
/// </summary>
internal sealed class SenderStream(
    RtspClient client, IAudioChannel audio, SenderSession session, PacketFeed feed, RaopSenderOptions options, TaskCreationOptions completions)
{
    /// <summary>A receiver that takes nothing for so long after a packet should have been heard is dead.</summary>
    private static readonly TimeSpan StallLimit = TimeSpan.FromSeconds(10);

    /// <summary>Keep-alives in a row without an answer, 5 s each, after which the receiver is gone. An outage of a quarter of a minute is lived through.</summary>
    private const int MostUnanswered = 3;

    private readonly TimeProvider _time = options.TimeProvider;
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
    private long _lastRequest;
    private Task? _keepAlive; // under way; playing goes on meanwhile
    private int _unanswered;

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

    /// <summary>Plays until the last frame has been heard or a Stop.</summary>
    /// <exception cref="RaopException">The receiver or a source failed.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration stop = cancellationToken.Register(() => _ = PostAsync(StopNowAsync));
        _lastRequest = _time.GetTimestamp();
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
                    Task delay = _time.DelayAsync(TimeSpan.FromMilliseconds(Math.Ceiling(wait.For.TotalMilliseconds)), timer.Token); // timers cut off parts of a ms
                    await Task.WhenAny(wait.Or ?? delay, delay, command, client.Closed, audio.Closed).ConfigureAwait(false);
                    timer.Cancel();
                }
            }
        }
        finally
        {
            State = RaopSenderState.Idle;
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

    /// <summary>Sets the volume, at once and whatever the state.</summary>
    public Task SetVolumeAsync(double volume) => PostAsync(() =>
    {
        _lastRequest = _time.GetTimestamp();
        return client.SendVolumeAsync(session.Uri, volume, CancellationToken.None);
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
        TimeSpan quiet = await KeepAliveAsync(now).ConfigureAwait(false);

        if (State == RaopSenderState.Paused) return (quiet, null);
        if (_writing is { IsCompleted: false }) return (WaitForRoom(now), _writing);
        if (_writing is not null)
        {
            await _writing.ConfigureAwait(false);
            _writing = null;
        }

        if (_atEnd) return UntilHeard(now, quiet);
        if (_made == 0 && await MakeAsync().ConfigureAwait(false) is { } making) return (quiet, making);
        if (_made == 0) return null; // the end, or a source's error
        long frame = feed.NextFrame - _made;
        now = _time.GetTimestamp(); // making one took its time
        if (!_started) audio.Start(frame, now);
        _started = true;
        long due = audio.UntilDue(frame, now);
        if (due > 0) return (Min(Span(due), quiet), null);
        _skipped = false;
        _writingFrame = frame;
        ValueTask writing = audio.SendAsync(feed.Payload.Span, frame, _made, now);
        _made = 0;
        if (writing.IsCompletedSuccessfully) writing.GetAwaiter().GetResult();
        else _writing = writing.AsTask();
        return null;
    }

    /// <summary>Shows the receiver that we live, without waiting for its answer.</summary>
    /// <returns>How long until the next time.</returns>
    /// <exception cref="RaopException">It has not answered for too long.</exception>
    private async ValueTask<TimeSpan> KeepAliveAsync(long now)
    {
        if (_keepAlive is { IsCompleted: true } done)
        {
            _keepAlive = null;
            try
            {
                await done.ConfigureAwait(false);
                _unanswered = 0;
            }
            catch (RaopException e) when (e.Error == RaopError.Timeout && ++_unanswered < MostUnanswered)
            {
                _lastRequest = now - (long)(_time.TimestampFrequency * session.KeepAlive.Interval.TotalSeconds); // at once again
            }
        }

        TimeSpan quiet = session.KeepAlive.Interval - _time.GetElapsedTime(_lastRequest, now);
        if (quiet > TimeSpan.Zero) return quiet;
        _keepAlive ??= AskAsync();
        return session.KeepAlive.Interval;

        async Task AskAsync() => session.KeepAlive.Answered(await SendAsync(session.KeepAlive.Request(), CancellationToken.None).ConfigureAwait(false));
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

    private (TimeSpan, Task?)? UntilHeard(long now, TimeSpan quiet)
    {
        TimeSpan left = _started && !_skipped ? Span(audio.UntilHeard(feed.NextFrame, now)) + audio.Tail : TimeSpan.Zero;
        if (left > TimeSpan.Zero) return (Min(left, quiet), null);
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
        var headers = new RtspHeaders { { "RTP-Info", audio.Flush().ToString() } };
        RtspResponse reply = await SendAsync(new RtspRequest("FLUSH", session.Uri, headers), CancellationToken.None).ConfigureAwait(false);
        return RtpInfoHeader.TryParse(reply.Headers["RTP-Info"], out RtpInfoHeader info) && info.RtpTime is { } rtpTime ? audio.FrameAt(rtpTime) : null;
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

    private async ValueTask<RtspResponse> SendAsync(RtspRequest request, CancellationToken cancellationToken)
    {
        _lastRequest = _time.GetTimestamp();
        return await client.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    private void ThrowIfLost()
    {
        if (!client.Closed.IsCompleted && !audio.Closed.IsCompleted) return;
        if (client.End is { Error: RaopError.ProtocolViolation or RaopError.LimitExceeded } end) throw new RaopException(end.Error, end.Message, end.Remedy, end);
        throw new RaopException(
            RaopError.ConnectionLost, $"The receiver closed the {(client.Closed.IsCompleted ? "control" : "audio")} connection in mid-play.",
            "See whether the receiver still runs and is reachable, and whether another sender took it over.");
    }

    private TimeSpan Span(long ticks) => new((long)((Int128)ticks * TimeSpan.TicksPerSecond / _time.TimestampFrequency));

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
