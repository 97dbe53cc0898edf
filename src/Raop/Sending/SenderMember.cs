using Raop.Rtsp;
using Raop.Timing;

namespace Raop.Sending;

/// <summary>One speaker's control connection for as long as its session lasts: keeps it alive, notices its end, sets the volume, ends it.</summary>
internal sealed class SenderMember : IStreamControl, IAsyncDisposable
{
    /// <summary>Keep-alives in a row without an answer, 5 s each, after which the receiver is gone. An outage of a quarter of a minute is lived through.</summary>
    private const int MostUnanswered = 3;

    private readonly TimeProvider _time;
    private readonly TaskCompletionSource<RaopException> _lost;
    private readonly CancellationTokenSource _closing = new();
    private long _lastRequest;
    private int _volumes; // changes of the volume that it has not been told

    /// <param name="client">The control connection's client, disposed with this.</param>
    /// <param name="session">What the handshake came to.</param>
    /// <param name="time">The clock.</param>
    /// <param name="completions">As the network says.</param>
    public SenderMember(RtspClient client, SenderSession session, TimeProvider time, TaskCreationOptions completions)
    {
        (Client, Session, _time) = (client, session, time);
        _lost = new TaskCompletionSource<RaopException>(completions);
        _lastRequest = time.GetTimestamp();
        _ = WatchAsync();
        _ = KeepAliveAsync(_closing.Token);
    }

    public RtspClient Client { get; }

    public SenderSession Session { get; }

    public Task<RaopException> Lost => _lost.Task;

    ValueTask<uint?> IStreamControl.FlushAsync(RtpInfoHeader next) => FlushAsync(next, CancellationToken.None);

    /// <inheritdoc cref="IStreamControl.FlushAsync"/>
    public async ValueTask<uint?> FlushAsync(RtpInfoHeader next, CancellationToken cancellationToken)
    {
        var headers = new RtspHeaders { { "RTP-Info", next.ToString() } };
        RtspResponse reply = await SendAsync(new RtspRequest("FLUSH", Session.Uri, headers), cancellationToken).ConfigureAwait(false);
        return RtpInfoHeader.TryParse(reply.Headers["RTP-Info"], out RtpInfoHeader info) ? info.RtpTime : null;
    }

    /// <summary>Sets the volume, dB. A receiver that refuses it still plays.</summary>
    public async ValueTask SetVolumeAsync(double volume, CancellationToken cancellationToken)
    {
        _lastRequest = _time.GetTimestamp();
        await Client.SendVolumeAsync(Session.Uri, volume, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Tells it its volume, and again should it be another by then: one that is slow gets the latest, not all that came between. Never fails.
    /// </summary>
    public async Task TellVolumeAsync(Func<double> volume)
    {
        if (Interlocked.Increment(ref _volumes) > 1) return; // whoever tells it now does it again
        int told;
        do
        {
            told = Volatile.Read(ref _volumes);
            try
            {
                await SetVolumeAsync(volume(), CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception e) when (e is RaopException or InvalidOperationException or IOException) // the second: it is closed under our hands
            {
                // Its connection's affair.
            }
        }
        while (Interlocked.Add(ref _volumes, -told) > 0);
    }

    /// <summary>TEARDOWN, if there is anybody to hear it, and the answer at most 2 s later.</summary>
    public async ValueTask TearDownAsync()
    {
        _closing.Cancel();
        if (Client.Closed.IsCompleted) return;
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2), _time);
            await Client.SendAsync(new RtspRequest("TEARDOWN", Session.Uri, new RtspHeaders()), limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is RaopException or OperationCanceledException)
        {
            // It is gone: that is what we want.
        }
    }

    /// <summary>Says that the session is over for another reason than the connection's.</summary>
    public void Lose(RaopException why) => _lost.TrySetResult(why);

    public async ValueTask DisposeAsync()
    {
        _closing.Cancel();
        await Client.DisposeAsync().ConfigureAwait(false);
        _closing.Dispose();
    }

    private ValueTask<RtspResponse> SendAsync(RtspRequest request, CancellationToken cancellationToken)
    {
        _lastRequest = _time.GetTimestamp();
        return Client.SendAsync(request, cancellationToken);
    }

    private async Task WatchAsync()
    {
        await Client.Closed.ConfigureAwait(false);
        Lose(Client.End is { Error: RaopError.ProtocolViolation or RaopError.LimitExceeded } end
            ? new RaopException(end.Error, end.Message, end.Remedy, end)
            : Closed("control"));
    }

    /// <summary>Shows the receiver that we live, whenever nothing else did for a while.</summary>
    private async Task KeepAliveAsync(CancellationToken closing)
    {
        int unanswered = 0;
        try
        {
            while (!Lost.IsCompleted)
            {
                TimeSpan quiet = Session.KeepAlive.Interval - _time.GetElapsedTime(_lastRequest);
                if (quiet > TimeSpan.Zero && unanswered == 0)
                {
                    await _time.DelayAsync(TimeSpan.FromMilliseconds(Math.Ceiling(quiet.TotalMilliseconds)), closing).ConfigureAwait(false);
                    continue;
                }

                try
                {
                    Session.KeepAlive.Answered(await SendAsync(Session.KeepAlive.Request(), closing).ConfigureAwait(false));
                    unanswered = 0;
                }
                catch (RaopException e) when (e.Error == RaopError.Timeout && ++unanswered < MostUnanswered)
                {
                    // at once again
                }
            }
        }
        catch (OperationCanceledException)
        {
            // It is being closed.
        }
        catch (RaopException e)
        {
            Lose(e.Error == RaopError.ConnectionLost ? Closed("control") : e);
        }
    }

    /// <summary>What is said when a receiver has closed a connection.</summary>
    public static RaopException Closed(string connection) => new(
        RaopError.ConnectionLost, $"The receiver closed the {connection} connection in mid-play.",
        "See whether the receiver still runs and is reachable, and whether another sender took it over.");
}
