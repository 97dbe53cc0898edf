using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Raop.Network;
using Raop.Rtsp;
using Raop.Security;

namespace Raop.Sending;

/// <summary>
/// The sender's half of the control connection: one request at a time, its reply, the password. Callers wait for each other.
/// </summary>
internal sealed class RtspClient : IAsyncDisposable
{
    private const string UserName = "iTunes";
    private readonly IStreamConnection _connection;
    private readonly RaopSenderOptions _options;
    private readonly ILogger _log;
    private readonly (string DacpId, string ActiveRemote)? _remote;
    private readonly string _clientInstance = Convert.ToHexString(RandomNumberGenerator.GetBytes(8));
    private readonly TaskCompletionSource _closed;
    private readonly TaskCreationOptions _completions;
    private Task _turn = Task.CompletedTask; // of the request before
    private TaskCompletionSource<RtspResponse>? _waiting;
    private readonly HashSet<string> _abandoned = []; // CSeq of requests that nobody waits for any more
    private readonly Lock _lock = new();
    private int _sequence;
    private DigestChallenge? _challenge;
    private DigestForm _form;
    private int _nonceCount;

    /// <param name="connection">The control connection; disposed with this.</param>
    /// <param name="options">The sender's.</param>
    /// <param name="completions">As the network says.</param>
    /// <param name="log">Where steps are told.</param>
    /// <param name="remote">By what a receiver finds the session when it commands it: 16 hex digits, and a decimal number; or null.</param>
    public RtspClient(
        IStreamConnection connection, RaopSenderOptions options, TaskCreationOptions completions, ILogger log, (string DacpId, string ActiveRemote)? remote = null)
    {
        (_connection, _options, _log, _remote) = (connection, options, log, remote);
        _completions = completions;
        _closed = new TaskCompletionSource(_completions);
        _ = ReadAsync();
    }

    /// <summary>Completes when the connection is closed or broken, by whatever side.</summary>
    public Task Closed => _closed.Task;

    /// <summary>Why it is closed, once it is.</summary>
    public RaopException? End { get; private set; }

    /// <summary>The Session header that SETUP gave; sent with every request from then on.</summary>
    public string? SessionId { get; set; }

    /// <summary>Longest wait for any reply, where the device is known for leaving some away; null: as the options say.</summary>
    public TimeSpan? ReplyLimit { get; init; }

    /// <summary>Whether the receiver asked for a password and took ours.</summary>
    public bool IsAuthenticated => _challenge is not null;

    /// <summary>Sends a request and waits for its reply; answers 401 with the password.</summary>
    /// <param name="request">Without CSeq, User-Agent, Client-Instance, Session and Authorization, which are added.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    /// <returns>The reply, whatever its status but 401.</returns>
    /// <exception cref="RaopException">PasswordRequired, WrongPassword, Timeout, ConnectionLost, ProtocolViolation.</exception>
    public async ValueTask<RtspResponse> SendAsync(RtspRequest request, CancellationToken cancellationToken)
    {
        TaskCompletionSource done = await TurnAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await AskAsync(request, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            done.SetResult();
        }
    }

    /// <summary>Sets the volume. A receiver that refuses it still plays.</summary>
    public async ValueTask SendVolumeAsync(string uri, double volume, CancellationToken cancellationToken)
    {
        var request = new RtspRequest("SET_PARAMETER", uri, new RtspHeaders { { "Content-Type", "text/parameters" } }, Metadata.Volume.Body(volume));
        RtspResponse reply = await SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (reply.StatusCode != RtspStatus.Ok) _log.VolumeRefused(reply.StatusCode);
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    /// <summary>Waits for the requests before.</summary>
    /// <returns>To be completed when ours is done.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> fired; our turn goes to the next.</exception>
    private async ValueTask<TaskCompletionSource> TurnAsync(CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource(_completions);
        Task before = Interlocked.Exchange(ref _turn, done.Task);
        if (before.IsCompleted) return done;
        var cancelled = new TaskCompletionSource(_completions);
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static state => ((TaskCompletionSource)state!).TrySetResult(), cancelled);
        await Task.WhenAny(before, cancelled.Task).ConfigureAwait(false);
        if (before.IsCompleted) return done;
        _ = PassOnAsync();
        throw new OperationCanceledException(cancellationToken);

        async Task PassOnAsync()
        {
            await before.ConfigureAwait(false);
            done.SetResult();
        }
    }

    private async ValueTask<RtspResponse> AskAsync(RtspRequest request, CancellationToken cancellationToken)
    {
        bool signed = _challenge is not null;
        RtspResponse response = await ExchangeAsync(request, cancellationToken).ConfigureAwait(false);
        for (int attempt = 1; response.StatusCode == RtspStatus.Unauthorized; attempt++)
        {
            if (_options.Password is null)
            {
                throw new RaopException(RaopError.PasswordRequired, "The receiver asks for a password.", "Give it with --password or --password-file.");
            }

            if (attempt > (signed ? 1 : 2) || !DigestChallenge.TryParse(response.Headers["WWW-Authenticate"], out DigestChallenge? challenge) || !challenge.IsSupported)
            {
                throw new RaopException(RaopError.WrongPassword, "The receiver refused the password.", "Check the password in the receiver's settings.");
            }

            if (challenge.IsBasic)
            {
                throw new RaopException(
                    RaopError.Rejected, "The receiver asks for the password in clear (Basic), which no RAOP receiver does.", "Do not give it: it is not what it seems.");
            }

            // The first AirPort Express writes hex digits in upper case and has no Server header; a second refusal may mean the other case.
            bool upper = response.Headers["Server"] is null ^ attempt == 2;
            _form = signed ? _form : challenge.OffersAuth ? DigestForm.Rfc2617 : upper ? DigestForm.UpperHex : DigestForm.LowerHex;
            (_challenge, _nonceCount) = (challenge, 0);
            response = await ExchangeAsync(request, cancellationToken).ConfigureAwait(false);
        }

        return response;
    }

    private async ValueTask<RtspResponse> ExchangeAsync(RtspRequest request, CancellationToken cancellationToken)
    {
        var headers = new RtspHeaders { { "CSeq", (++_sequence).ToString(CultureInfo.InvariantCulture) } };
        if (SessionId is not null) headers.Add("Session", SessionId);
        foreach ((string name, string value) in request.Headers) headers.Add(name, value);
        headers.Add("User-Agent", _options.UserAgent);
        headers.Add("Client-Instance", _clientInstance);
        if (_remote is { } remote)
        {
            headers.Add("DACP-ID", remote.DacpId);
            headers.Add("Active-Remote", remote.ActiveRemote);
        }

        if (_challenge is { } challenge && _options.Password is { } password)
        {
            headers.Add("Authorization", Digest.Respond(_form, UserName, password, request.Method, request.Uri, challenge, nonceCount: ++_nonceCount));
        }

        var waiting = new TaskCompletionSource<RtspResponse>(_completions);
        _waiting = waiting;
        if (_closed.Task.IsCompleted) throw Lost();
        TimeSpan limit = request.Method == "SETUP" ? _options.ReplyTimeout * 2 : _options.ReplyTimeout;
        if (ReplyLimit < limit) limit = ReplyLimit.Value;
        using var timeout = new CancellationTokenSource(limit, _options.TimeProvider);
        using CancellationTokenRegistration late = timeout.Token.Register(() =>
        {
            Abandon(headers["CSeq"]!);
            waiting.TrySetException(new RaopException(
                RaopError.Timeout, $"No reply to {request.Method} within {limit.TotalSeconds:0.#} s.", "Check that the address is a RAOP receiver's, and its network."));
        });
        using CancellationTokenRegistration cancelled = cancellationToken.Register(() =>
        {
            Abandon(headers["CSeq"]!);
            waiting.TrySetCanceled(cancellationToken);
        });
        (request with { Headers = headers }).WriteTo(_connection.Output);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await _connection.Output.FlushAsync(end.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // A large body that the receiver does not take: what waits below says so, and whoever waits for us gets a turn.
        }

        RtspResponse response = await waiting.Task.ConfigureAwait(false);
        _log.Replied(request.Method, request.Uri, response.StatusCode, response.Reason);
        return response;
    }

    /// <summary>Reads replies as they come, so that a closed connection is noticed at once.</summary>
    private async Task ReadAsync()
    {
        var reader = new RtspReader(_connection.Input);
        RaopException end = Lost();
        try
        {
            while (await reader.ReadResponseAsync().ConfigureAwait(false) is { } response)
            {
                if (response.CSeq is not { } number || !IsAbandoned(number)) _waiting?.TrySetResult(response);
            }
        }
        catch (RaopException e)
        {
            end = e;
        }

        End = end;
        _closed.TrySetResult();
        _waiting?.TrySetException(end);
    }

    private void Abandon(string number)
    {
        lock (_lock) _abandoned.Add(number);
    }

    private bool IsAbandoned(string number)
    {
        lock (_lock) return _abandoned.Remove(number);
    }

    private static RaopException Lost() =>
        new(RaopError.ConnectionLost, "The receiver closed the control connection.", "See whether the receiver is still running and reachable.");
}
