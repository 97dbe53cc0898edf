using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Raop.Audio;
using Raop.Rtsp;
using Raop.Timing;

namespace Raop.Sending;

/// <summary>
/// Plays one play list over an open session. One loop owns the feed, the clock and both connections; pause, seek and the rest reach it as
/// commands, so that nothing needs a lock.
/// </summary>
internal sealed class SenderStream(
    RtspClient client, TcpAudioChannel audio, SenderSession session, PacketFeed feed, RaopSenderOptions options, TaskCreationOptions completions, ILogger log)
{
    /// <summary>After the last frame should have been heard: the receiver's own buffer, and doubt.</summary>
    private static readonly TimeSpan Tail = TimeSpan.FromSeconds(1);

    /// <summary>A receiver that takes nothing for so long after a packet was due is dead.</summary>
    private static readonly TimeSpan StallLimit = TimeSpan.FromSeconds(10);

    /// <summary>A lateness that may be heard; the first packets of a process come a little late by themselves.</summary>
    private static readonly TimeSpan WorthTelling = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(25);

    private readonly TimeProvider _time = options.TimeProvider;
    private readonly Channel<Command> _commands = Channel.CreateUnbounded<Command>(
        new UnboundedChannelOptions { SingleReader = true, AllowSynchronousContinuations = true });

    private readonly SendClock _clock = new(
        PcmFormat.AirTunes.SampleRate, PcmFormat.AirTunes.Frames(options.Lead), options.TimeProvider.TimestampFrequency);

    private CancellationTokenSource _reading = new();
    private Task<int>? _next; // the packet being made
    private Task? _writing; // the packet being taken by the network
    private long _writingFrame;
    private bool _started;
    private bool _atEnd;
    private bool _stopped;
    private Exception? _failure; // of a source
    private bool _skipped;
    private long _pausedAt;
    private long _lastRequest;

    private sealed record Command(Func<ValueTask> Action, TaskCompletionSource Done);

    public RaopSenderState State { get; private set; } = RaopSenderState.Playing;

    /// <summary>Where the listener is. Read from any thread: a moment's inconsistency only shows for one reading.</summary>
    public RaopSenderStatus Status
    {
        get
        {
            (Track? track, long frame) = feed.Where(HeardFrame());
            return new RaopSenderStatus(
                State, track?.Original, PcmFormat.AirTunes.Duration(frame), feed.Peak, feed.PassedThrough, audio.Packets, audio.Bytes);
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
            _commands.Writer.TryComplete();
            while (_commands.Reader.TryRead(out Command? late)) late.Done.TrySetResult();
            await CancelReadingAsync().ConfigureAwait(false);
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    public Task PauseAsync() => PostAsync(async () =>
    {
        if (State != RaopSenderState.Playing) return;
        long heard = HeardFrame();
        await FlushAsync().ConfigureAwait(false);
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
        return State == RaopSenderState.Playing ? FlushAsync() : ValueTask.CompletedTask;
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
        TimeSpan quiet = KeepAlive - _time.GetElapsedTime(_lastRequest, now);
        if (quiet <= TimeSpan.Zero)
        {
            await SendAsync(new RtspRequest("OPTIONS", "*", new RtspHeaders()), CancellationToken.None).ConfigureAwait(false);
            return null;
        }

        if (State == RaopSenderState.Paused) return (quiet, null);
        if (_writing is { IsCompleted: true }) await FinishWriteAsync().ConfigureAwait(false);
        if (_writing is not null) return (WaitForRoom(now), _writing);
        if (_atEnd) return UntilHeard(now, quiet);
        _next ??= feed.NextAsync(_reading.Token).AsTask();
        if (!_next.IsCompleted) return (quiet, _next);
        if (_next.IsFaulted)
        {
            (_failure, _next, _atEnd) = (_next.Exception.InnerException, null, true); // told when what came before it has been heard
            return null;
        }

        if (await _next.ConfigureAwait(false) is not (> 0 and int frames))
        {
            (_next, _atEnd) = (null, true);
            return null;
        }

        long frame = feed.NextFrame - frames;
        if (!_started) _clock.Start(frame, now);
        _started = true;
        long due = _clock.UntilDue(frame, now);
        if (due > 0) return (Min(Span(due), quiet), null);
        _next = null;
        _skipped = false;
        _writingFrame = frame;
        _writing = audio.SendAsync(feed.Payload.Span, frames).AsTask();
        return null;
    }

    private (TimeSpan, Task?)? UntilHeard(long now, TimeSpan quiet)
    {
        TimeSpan left = _started && !_skipped ? Span(_clock.UntilHeard(feed.NextFrame, now)) + Tail : TimeSpan.Zero;
        if (left > TimeSpan.Zero) return (Min(left, quiet), null);
        if (_failure is not null) ExceptionDispatchInfo.Throw(_failure);
        _stopped = true;
        return null;
    }

    private TimeSpan WaitForRoom(long now)
    {
        TimeSpan stalled = Span(-_clock.UntilDue(_writingFrame, now)) - options.Lead;
        if (stalled < StallLimit) return StallLimit - stalled;
        throw new RaopException(
            RaopError.Timeout, $"The receiver has taken no audio for {stalled.TotalSeconds:0} s.", "See whether the receiver still runs; its sound device may hang.");
    }

    private async ValueTask FinishWriteAsync()
    {
        await _writing!.ConfigureAwait(false);
        _writing = null;
        long late = _clock.Accepted(_writingFrame, _time.GetTimestamp());
        if (Span(late) >= WorthTelling) log.Starved(Span(late).TotalMilliseconds);
    }

    /// <summary>Voids what was sent and not heard. Afterwards no packet is in the making.</summary>
    private async ValueTask FlushAsync()
    {
        await CancelReadingAsync().ConfigureAwait(false);
        if (!_started) return;
        var headers = new RtspHeaders { { "RTP-Info", audio.Next.ToString() } };
        await SendAsync(new RtspRequest("FLUSH", session.Uri, headers), CancellationToken.None).ConfigureAwait(false);
        audio.MarkNext();
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
        _clock.Start(_pausedAt, _time.GetTimestamp());
    }

    private long HeardFrame() =>
        State == RaopSenderState.Paused ? _pausedAt : !_started ? 0 : Math.Min(_clock.Heard(_time.GetTimestamp()), feed.NextFrame);

    private async ValueTask<RtspResponse> SendAsync(RtspRequest request, CancellationToken cancellationToken)
    {
        _lastRequest = _time.GetTimestamp();
        return await client.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    private void ThrowIfLost()
    {
        if (!client.Closed.IsCompleted && !audio.Closed.IsCompleted) return;
        throw new RaopException(
            RaopError.ConnectionLost, $"The receiver closed the {(client.Closed.IsCompleted ? "control" : "audio")} connection in mid-play.",
            "See whether the receiver still runs and is reachable, and whether another sender took it over.");
    }

    private TimeSpan Span(long ticks) => new((long)((Int128)ticks * TimeSpan.TicksPerSecond / _time.TimestampFrequency));

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
