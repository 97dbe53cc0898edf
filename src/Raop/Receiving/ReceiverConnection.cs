using System.Net;
using System.Text;
using Raop.Metadata;
using Raop.Network;
using Raop.Rtsp;
using Raop.Sdp;
using Raop.Security;
using Raop.Timing;

namespace Raop.Receiving;

/// <summary>One RTSP connection: answers requests by the state machine, in order, until either side closes.</summary>
internal sealed class ReceiverConnection(ReceiverContext context, IStreamConnection connection)
{
    private const string AudioJackStatus = "connected; type=analog";

    /// <summary>Frames that every receiver adds to what the sender says; senders take it for the least latency.</summary>
    private const string AudioLatency = "11025";

    /// <summary>The largest body before a stream is announced: an SDP.</summary>
    private const int MaxBody = 64 * 1024;

    /// <summary>A body in a session that is larger than any cover is read over up to this size, and refused, so that the session goes on.</summary>
    private const int MaxDropped = 64 * 1024 * 1024;

    /// <summary>The longest User-Agent that is told, in characters.</summary>
    private const int MaxUserAgent = 256;

    /// <summary>Apple-Responses on one connection: each costs 20 ms of arithmetic, and real senders ask once or twice.</summary>
    private const int MaxSigned = 4;

    /// <summary>Requests a second on one connection; more have to wait. A slider that is dragged sends about 20.</summary>
    private const int MaxPace = 100;

    /// <summary>A connection between requests, without a session.</summary>
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan OneSecond = TimeSpan.FromSeconds(1);

    private readonly RtspReader _reader = new(connection.Input, maxBody: MaxBody);
    private SessionState _state = SessionState.Connected;
    private ReceiverSession? _session;
    private string _sessionId = "";
    private bool _isUdp;
    private bool _admitted;
    private bool _told;
    private int _signed;
    private readonly long _opened = context.Options.TimeProvider.GetTimestamp();
    private (long Since, int Requests) _pace;
    private bool _close;
    private long _announced;

    private RaopReceiverOptions Options => context.Options;

    /// <summary>Serves the connection. Never throws for what the peer does.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        string reason = "by the sender";
        TimeSpan wait = Options.HandshakeTimeout;
        try
        {
            while (!_close)
            {
                RtspRequest? request = await ReadAsync(wait, stop).ConfigureAwait(false);
                if (request is null) break;
                _session?.Touch();
                await KeepPaceAsync(stop).ConfigureAwait(false);
                RtspResponse response = await AnswerAsync(request, stop).ConfigureAwait(false);
                context.Log.Answered(connection.RemoteEndPoint, request.Method, request.Uri, response.StatusCode);
                await WriteAsync(response, stop).ConfigureAwait(false);
                wait = Wait();
                bool inSession = _state is SessionState.Ready or SessionState.Playing;
                (_reader.MaxBody, _reader.MaxDropped) = inSession ? (Artwork.MaxSize, MaxDropped) : (MaxBody, 0);
            }
        }
        catch (OperationCanceledException)
        {
            reason = stop.IsCancellationRequested ? "the receiver stops" : _session is { IsEnding: true } ? "the session is over" : $"silent for {wait.TotalSeconds:0} s";
        }
        catch (RaopException e)
        {
            reason = e.Message;
            if (_reader.SuggestedStatus is > 0 and int status) await RefuseAsync(status).ConfigureAwait(false);
        }
        finally
        {
            _session?.End(stop.IsCancellationRequested ? RaopEndCause.Stopped : RaopEndCause.ConnectionClosed, drain: !stop.IsCancellationRequested);
        }

        context.Log.Closed(connection.RemoteEndPoint, reason);
    }

    /// <summary>How long the next request may take. ANNOUNCE must lead to SETUP in time, whatever comes in between; a session has a watch of its own.</summary>
    private TimeSpan Wait()
    {
        TimeSpan left = _state switch
        {
            _ when !_admitted => Options.HandshakeTimeout * 3 - Options.TimeProvider.GetElapsedTime(_opened), // the password is due
            SessionState.Connected => IdleTimeout,
            SessionState.Announced => Options.HandshakeTimeout - Options.TimeProvider.GetElapsedTime(_announced),
            _ => Timeout.InfiniteTimeSpan,
        };
        return left == Timeout.InfiniteTimeSpan || left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private async ValueTask KeepPaceAsync(CancellationToken stop)
    {
        TimeSpan age = Options.TimeProvider.GetElapsedTime(_pace.Since);
        if (age >= OneSecond) _pace = (Options.TimeProvider.GetTimestamp(), 0);
        else if (++_pace.Requests > MaxPace) await Options.TimeProvider.DelayAsync(OneSecond - age, stop).ConfigureAwait(false);
    }

    private async ValueTask<RtspRequest?> ReadAsync(TimeSpan wait, CancellationToken stop)
    {
        using var timeout = new CancellationTokenSource(wait, Options.TimeProvider);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(stop, timeout.Token, _session?.Ending ?? CancellationToken.None);
        return await _reader.ReadRequestAsync(any.Token).ConfigureAwait(false);
    }

    private async ValueTask WriteAsync(RtspResponse response, CancellationToken stop)
    {
        using var timeout = new CancellationTokenSource(Options.HandshakeTimeout, Options.TimeProvider); // a peer that does not read
        using var any = CancellationTokenSource.CreateLinkedTokenSource(stop, timeout.Token);
        response.WriteTo(connection.Output);
        await connection.Output.FlushAsync(any.Token).ConfigureAwait(false);
    }

    private async ValueTask RefuseAsync(int status)
    {
        try
        {
            var response = new RtspResponse(status, RtspStatus.Reason(status), new RtspHeaders { { "Connection", "close" } });
            await WriteAsync(response, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is RaopException or OperationCanceledException)
        {
            // It is gone already.
        }
    }

    /// <summary>Answers one request, and has its effect.</summary>
    private async ValueTask<RtspResponse> AnswerAsync(RtspRequest request, CancellationToken stop)
    {
        RtspResponse response = RtspResponse.To(request, RtspStatus.Ok);
        if (Options.Server is { } server) response.Headers.Add("Server", server);
        if (request.Headers["Apple-Challenge"] is { } challenge && _signed++ < MaxSigned
            && AppleChallenge.TryRespond(challenge, connection.LocalEndPoint.Address, context.HardwareAddress.Span, out string signed))
        {
            response.Headers.Add("Apple-Response", signed);
        }

        int status = Admit(request, response);
        if (status == RtspStatus.Ok) status = await HandleAsync(request, response, stop).ConfigureAwait(false);
        if (status == RtspStatus.Ok && _state.After(request.Method) is { } next) _state = next;
        response.Headers.Add("Audio-Jack-Status", AudioJackStatus);
        return status == RtspStatus.Ok ? response with { Body = _body } : response with { StatusCode = status, Reason = RtspStatus.Reason(status) };
    }

    private ReadOnlyMemory<byte> _body;

    private int Admit(RtspRequest request, RtspResponse response)
    {
        if (_admitted) return RtspStatus.Ok;
        IPEndPoint client = connection.RemoteEndPoint;
        switch (context.Doorkeeper.Check(client.Address, request.Method, request.Uri, request.Headers["Authorization"]))
        {
            case Admission.Granted:
                _admitted = true;
                return RtspStatus.Ok;
            case Admission.Locked:
                context.Raise(new RaopSenderRefused(client, RtspStatus.Forbidden, "Too many wrong passwords; locked out for a minute."));
                _close = true;
                return RtspStatus.Forbidden;
            case Admission.Wrong when !_told: // a sender that tries both spellings is one
                _told = true;
                context.Raise(new RaopSenderRefused(client, RtspStatus.Unauthorized, "Wrong password."));
                break;
        }

        response.Headers.Add("WWW-Authenticate", context.Doorkeeper.Challenge(client.Address));
        return RtspStatus.Unauthorized;
    }

    private async ValueTask<int> HandleAsync(RtspRequest request, RtspResponse response, CancellationToken stop)
    {
        _body = default;
        if (!SessionStateExtensions.IsKnown(request.Method)) return RtspStatus.NotImplemented;
        if (request.IsBodyDropped) return RtspStatus.BodyTooLarge;
        if (_state.After(request.Method) is null) return RtspStatus.MethodNotValidInThisState;
        if (_sessionId.Length > 0 && request.Headers["Session"] is { } id && id.Split(';')[0].Trim() != _sessionId) return RtspStatus.SessionNotFound;
        switch (request.Method)
        {
            case "OPTIONS":
                response.Headers.Add("Public", SessionStateExtensions.Public);
                return RtspStatus.Ok;
            case "ANNOUNCE":
                return await AnnounceAsync(request, stop).ConfigureAwait(false);
            case "SETUP":
                return SetUp(request, response);
            case "RECORD":
                _session!.Record(RtpInfo(request));
                if (_isUdp) response.Headers.Add("Audio-Latency", AudioLatency);
                return RtspStatus.Ok;
            case "FLUSH" or "PAUSE":
                if (_session!.Flush(RtpInfo(request)) is { } heard) response.Headers.Add("RTP-Info", new RtpInfoHeader(null, heard).ToString());
                return RtspStatus.Ok;
            case "SET_PARAMETER":
                return SetParameter(request);
            case "GET_PARAMETER":
                return GetParameter(request, response);
            case "TEARDOWN":
                TearDown(response);
                return RtspStatus.Ok;
            default: // POST and GET: pairing, /info, /feedback are later protocols' business
                return RtspUri.Path(request.Uri) is "*" or "/" || _session is not null && request.Uri.Contains("://", StringComparison.Ordinal)
                    ? RtspStatus.MethodNotAllowed
                    : RtspStatus.NotFound;
        }
    }

    private async ValueTask<int> AnnounceAsync(RtspRequest request, CancellationToken stop)
    {
        if (!AnnounceSdp.TryParse(request.Body.Span, out AnnounceSdp? sdp, out int status, out _, context.CanDecode)) return status;
        _session?.End(RaopEndCause.TakenOver, drain: false); // announced again: replaced
        _session = null;
        _state = SessionState.Connected;
        if (context.Player.IsBusy) return Busy(); // before the key costs anything
        ReceiverSession session;
        try
        {
            session = new ReceiverSession(context, sdp, connection.RemoteEndPoint, PlainText.Of(request.Headers["User-Agent"] ?? "", MaxUserAgent));
        }
        catch (RaopException)
        {
            return RtspStatus.HeaderFieldNotValid; // one answer for every way in which a key can be wrong
        }

        session.Meet(request.Headers);
        if (!await context.Player.TryTakeAsync(session, stop).ConfigureAwait(false))
        {
            session.End(RaopEndCause.Stopped, drain: false);
            return Busy();
        }

        _session = session;
        _sessionId = "";
        _announced = Options.TimeProvider.GetTimestamp();
        return RtspStatus.Ok;
    }

    private int Busy()
    {
        context.Raise(new RaopSenderRefused(connection.RemoteEndPoint, RtspStatus.NotEnoughBandwidth, "Another sender plays."));
        return RtspStatus.NotEnoughBandwidth;
    }

    private int SetUp(RtspRequest request, RtspResponse response)
    {
        if (!TransportHeader.TryParse(request.Headers["Transport"], out TransportHeader? transport)) return RtspStatus.ParameterNotUnderstood;
        if (!transport.IsUdp && (!transport.IsTcp || _session!.NeedsUdp)) return RtspStatus.UnsupportedTransport;
        _session!.Meet(request.Headers);
        TransportHeader? opened;
        try
        {
            opened = _session.Open(transport, connection.LocalEndPoint.Address);
        }
        catch (RaopException e)
        {
            context.Log.NoPort(connection.RemoteEndPoint, e.Message);
            return RtspStatus.InternalError;
        }

        if (opened is null) return RtspStatus.SessionNotFound; // taken over this moment
        _isUdp = opened.IsUdp;
        if (_sessionId.Length == 0) _sessionId = context.NewSessionId();
        response.Headers.Add("Session", _sessionId);
        response.Headers.Add("Transport", opened.ToString());
        return RtspStatus.Ok;
    }

    private int SetParameter(RtspRequest request)
    {
        string type = (request.Headers["Content-Type"] ?? "").Split(';')[0].Trim();
        if (SessionMetadata.Is(type)) return _session?.TakeMetadata(type, RtpInfo(request).RtpTime, request.Body) ?? RtspStatus.MethodNotValidInThisState;
        if (_session is null || !type.Equals("text/parameters", StringComparison.OrdinalIgnoreCase)) return RtspStatus.Ok; // of later protocols
        if (request.Body.Length > SessionMetadata.MaxText) return RtspStatus.BodyTooLarge;
        bool understood = request.Body.IsEmpty;
        foreach ((string name, string value) in TextParameters.Parse(request.Body.Span))
        {
            if (name.Equals("volume", StringComparison.OrdinalIgnoreCase))
            {
                if (!Volume.TryParse(value, out double volume)) return RtspStatus.ParameterNotUnderstood;
                SetVolume(volume);
                understood = true;
            }
            else if (name.Equals(TrackProgress.ParameterName, StringComparison.OrdinalIgnoreCase))
            {
                if (!_session.TakeProgress(value)) return RtspStatus.ParameterNotUnderstood;
                understood = true;
            }
        }

        return understood ? RtspStatus.Ok : RtspStatus.ParameterNotUnderstood;
    }

    private void SetVolume(double volume)
    {
        context.Volume = volume;
        context.GainDb = Volume.ToGainDb(volume, Options.VolumeProfile);
        _session!.SetGain(context.GainDb);
        context.Raise(new RaopVolumeChanged(_session.Number, volume, context.GainDb));
    }

    private int GetParameter(RtspRequest request, RtspResponse response)
    {
        string asked = Encoding.ASCII.GetString(request.Body.Span).Trim();
        if (asked.Length == 0) return RtspStatus.Ok; // keep-alive
        if (!asked.Equals("volume", StringComparison.OrdinalIgnoreCase)) return RtspStatus.ParameterNotUnderstood;
        response.Headers.Add("Content-Type", "text/parameters");
        _body = Volume.Body(context.Volume);
        return RtspStatus.Ok;
    }

    private void TearDown(RtspResponse response)
    {
        _session?.End(RaopEndCause.Teardown, drain: true);
        _session = null;
        response.Headers.Add("Connection", "close");
        _close = true;
    }

    private static RtpInfoHeader RtpInfo(RtspRequest request) =>
        RtpInfoHeader.TryParse(request.Headers["RTP-Info"], out RtpInfoHeader info) ? info : default;
}
