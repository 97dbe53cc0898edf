using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Alac;
using Microsoft.Extensions.Logging;
using Raop.Audio;
using Raop.Metadata;
using Raop.Network;
using Raop.Rtsp;
using Raop.Sdp;
using Raop.Security;
using Raop.Timing;

namespace Raop.Sending;

/// <summary>What the handshake came to.</summary>
/// <param name="Uri">The session's URI.</param>
/// <param name="Config">Frames of a packet and the codec's parameters.</param>
/// <param name="AudioPort">Where audio goes.</param>
/// <param name="ControlPort">Where syncs go, over UDP; null when the receiver named none.</param>
/// <param name="TimingPort">Where it asks for our clock from, if it says.</param>
/// <param name="Sequence">Sequence number of the first packet, as RECORD said.</param>
/// <param name="RtpTime">RTP time of the first packet, as RECORD said.</param>
/// <param name="Secrets">AES key and IV, 16 bytes each; in clear of no use.</param>
/// <param name="Info">What we learned of the receiver.</param>
internal sealed record SenderSession(
    string Uri, AlacConfig Config, int AudioPort, int? ControlPort, int? TimingPort, ushort Sequence, uint RtpTime,
    ReadOnlyMemory<byte> Secrets, RaopReceiverInfo Info)
{
    /// <summary>Whom we play to, as announced; an address alone where nothing was.</summary>
    public RaopSpeaker? Speaker { get; init; }

    /// <summary>What it may be told of the music.</summary>
    public MetadataKinds Metadata => Info.Metadata;

    /// <summary>What shows it that we live.</summary>
    public KeepAlive KeepAlive { get; init; } = new(KeepAliveHabit.Options);
}

/// <summary>From a fresh control connection to RECORD: OPTIONS, ANNOUNCE, SETUP, RECORD (docs/protocol/README.md).</summary>
/// <param name="client">The control connection's client.</param>
/// <param name="connection">The control connection.</param>
/// <param name="sockets">Open and answering, for UDP; null for TCP.</param>
/// <param name="line">What the session shares with others, if it does.</param>
/// <param name="choice">How to go about it.</param>
/// <param name="options">The sender's.</param>
/// <param name="log">Where steps are told.</param>
internal sealed class SenderHandshake(
    RtspClient client, IStreamConnection connection, UdpSockets? sockets, SessionLine line, SenderChoice choice, RaopSenderOptions options, ILogger log)
{
    private const int MostLatency = 441_000; // frames: 10 s, as of the option

    /// <summary>Any X25519 key does, for nobody checks the answer; this one is what open senders send. 01: audio stays in clear.</summary>
    private static readonly byte[] AuthSetupBody = Convert.FromHexString("01" + "5902ede90d4ef2bd4cb68a6330038207a94dbd50d8aa465b5d8c012a0c7e1d4e");

    private readonly AlacConfig _config = new() { FrameLength = sockets is not null || choice.Codec == RaopCodec.Pcm ? 352 : 4096 }; // L16 has no line to say more
    private bool? _responseIsRight;
    private string? _server;
    private string? _jack;
    private bool _wantsAuthSetup; // it said so before ANNOUNCE
    private bool _askedAuthSetup;
    private int? _authSetupStatus;

    /// <summary>After a failure: another way that may do, on a new connection.</summary>
    public SenderChoice? Another { get; private set; }

    /// <summary>Whether the receiver answered anything.</summary>
    public bool HasAnswer { get; private set; }

    public async ValueTask<SenderSession> RunAsync(CancellationToken cancellationToken)
    {
        string session = BinaryPrimitives.ReadUInt32BigEndian(RandomNumberGenerator.GetBytes(4)).ToString(CultureInfo.InvariantCulture);
        string uri = RtspUri.Session(connection.LocalEndPoint.Address, session);

        bool encrypted;
        try
        {
            await ProbeAsync(cancellationToken).ConfigureAwait(false);
            encrypted = await AnnounceAsync(uri, session, cancellationToken).ConfigureAwait(false);
        }
        catch (RaopException e) when (e.Error is RaopError.PasswordRequired or RaopError.WrongPassword)
        {
            throw DeviceErrors.Password(choice, e);
        }

        (TransportHeader transport, string? setUpLatency) = await SetUpAsync(uri, cancellationToken).ConfigureAwait(false);
        RtpInfoHeader first = line.First(choice.Codec, encrypted);
        RtspResponse recorded = await client.SendAsync(
            new RtspRequest("RECORD", uri, new RtspHeaders { { "Range", "npt=0-" }, { "RTP-Info", first.ToString() } }),
            cancellationToken).ConfigureAwait(false);
        Expect200(recorded, "RECORD");
        _jack = recorded.Headers["Audio-Jack-Status"] ?? _jack;
        var info = new RaopReceiverInfo(
            connection.RemoteEndPoint, _server, _jack, encrypted, client.IsAuthenticated, _responseIsRight,
            choice.Transport, choice.Codec, sockets is null ? null : Latency(recorded.Headers["Audio-Latency"] ?? setUpLatency))
        {
            Model = choice.Speaker.Model,
            Metadata = choice.IsKnown || _server is not null ? choice.Metadata : MetadataKinds.Progress, // the first AirPort Express fails on text
        };
        return new SenderSession(
            uri, _config, transport.ServerPort ?? 0, transport.ControlPort, transport.TimingPort, first.Seq ?? 0, first.RtpTime ?? 0, line.Secrets, info)
        {
            Speaker = choice.Speaker,
            KeepAlive = new KeepAlive(choice.Device.KeepAlive),
        };
    }

    /// <summary>OPTIONS with a challenge: is it a RAOP receiver, does it want a password, does it hold the AirPort Express key?</summary>
    private async ValueTask ProbeAsync(CancellationToken cancellationToken)
    {
        var headers = new RtspHeaders();
        byte[] challenge = [];
        if (choice.Challenge) // an Apple TV 3 stumbles over a challenge without encryption
        {
            (string header, challenge) = AppleChallenge.Create();
            headers.Add("Apple-Challenge", header);
        }

        RtspResponse reply;
        try
        {
            reply = await client.SendAsync(new RtspRequest("OPTIONS", "*", headers), cancellationToken).ConfigureAwait(false);
        }
        catch (RaopException e) when (e.Error is RaopError.ProtocolViolation or RaopError.LimitExceeded or RaopError.ConnectionLost)
        {
            throw NotRaop(e.Error == RaopError.ConnectionLost ? "it closed the connection without an answer" : "its answer is not RTSP", e);
        }

        HasAnswer = true;
        if (!reply.Protocol.StartsWith("RTSP", StringComparison.Ordinal)) throw NotRaop($"it answered {reply.Protocol} {reply.StatusCode}");
        _server = reply.Headers["Server"];
        _jack = reply.Headers["Audio-Jack-Status"];
        _wantsAuthSetup = reply.StatusCode == RtspStatus.Forbidden && choice is { IsKnown: true, MayChange: true, AllowAuthSetup: true };
        if (reply.StatusCode is RtspStatus.Forbidden or 470 && !_wantsAuthSetup) Expect200(reply, "OPTIONS");
        if (challenge.Length == 0 || reply.Headers["Apple-Response"] is not { } response) return;
        _responseIsRight = AppleChallenge.Verify(response, challenge, connection.RemoteEndPoint.Address, out string? why);
        if (_responseIsRight == false) log.WrongResponse(why ?? "");
    }

    /// <returns>Whether audio is encrypted.</returns>
    private async ValueTask<bool> AnnounceAsync(string uri, string session, CancellationToken cancellationToken)
    {
        byte[] secrets = line.Secrets;
        bool encrypt = choice.Encryption == RaopEncryption.Rsa && !_wantsAuthSetup;
        RtspResponse reply;
        try
        {
            if (choice.Encryption == RaopEncryption.AuthSetup || _wantsAuthSetup) await AuthSetupAsync(cancellationToken).ConfigureAwait(false);
            reply = await SendAnnounceAsync(uri, session, encrypt ? secrets : null, cancellationToken).ConfigureAwait(false);
            while (choice.MayChange)
            {
                if (encrypt && reply.StatusCode is RtspStatus.NotAcceptable or RtspStatus.HeaderFieldNotValid)
                {
                    log.KeyRefused(reply.StatusCode); // AirPort Express, firmware 7.8; old shairport-sync
                }
                else if (reply.StatusCode == RtspStatus.Forbidden && choice.AllowAuthSetup && !_askedAuthSetup)
                {
                    log.AuthSetupNeeded();
                    await AuthSetupAsync(cancellationToken).ConfigureAwait(false);
                }
                else
                {
                    break;
                }

                encrypt = false;
                reply = await SendAnnounceAsync(uri, session, null, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (RaopException e) when (choice.MayChange && e.Error is RaopError.Timeout or RaopError.ConnectionLost)
        {
            if (_askedAuthSetup)
            {
                log.AuthSetupSilent(); // it was one request too many
                Another = choice with { Encryption = RaopEncryption.None, AllowAuthSetup = false };
            }
            else if (choice.Encryption == RaopEncryption.None && choice.AllowAuthSetup && e.Error == RaopError.ConnectionLost)
            {
                log.KeyNeeded(); // as the first AirPort Express does
                Another = choice with { Encryption = RaopEncryption.Rsa, MayChange = false };
            }

            throw;
        }

        Expect200(reply, "ANNOUNCE");
        return encrypt;
    }

    /// <summary>POST /auth-setup. Whatever the answer, ANNOUNCE shows whether it did: some that fail it (Marantz, 500) play all the same.</summary>
    private async ValueTask AuthSetupAsync(CancellationToken cancellationToken)
    {
        var headers = new RtspHeaders { { "Content-Type", "application/octet-stream" } };
        _askedAuthSetup = true;
        RtspResponse reply = await client.SendAsync(new RtspRequest("POST", "/auth-setup", headers, AuthSetupBody), cancellationToken).ConfigureAwait(false);
        _authSetupStatus = reply.StatusCode;
        log.AuthSetupAnswered(reply.StatusCode);
    }

    private ValueTask<RtspResponse> SendAnnounceAsync(string uri, string session, byte[]? secrets, CancellationToken cancellationToken)
    {
        byte[] sdp = AnnounceSdp.Write(
            session, connection.LocalEndPoint.Address, connection.RemoteEndPoint.Address, _config,
            secrets is null ? [] : AirPortExpressKey.WrapKey(secrets.AsSpan(0, 16)), secrets is null ? [] : secrets.AsSpan(16),
            choice.Codec == RaopCodec.Pcm ? SdpCodec.L16 : SdpCodec.AppleLossless);
        return client.SendAsync(new RtspRequest("ANNOUNCE", uri, new RtspHeaders { { "Content-Type", "application/sdp" } }, sdp), cancellationToken);
    }

    private async ValueTask<(TransportHeader Transport, string? Latency)> SetUpAsync(string uri, CancellationToken cancellationToken)
    {
        TransportHeader asked = sockets is null
            ? TransportHeader.Tcp()
            : TransportHeader.Udp(null, sockets.Control.LocalEndPoint.Port, sockets.Timing.LocalEndPoint.Port);
        var request = new RtspRequest("SETUP", uri, new RtspHeaders { { "Transport", asked.ToString() } });
        RtspResponse reply;
        try
        {
            reply = await client.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (RaopException e) when (e.Error == RaopError.ConnectionLost)
        {
            TryNextTransport("it closed the connection");
            throw;
        }
        catch (RaopException e) when (e.Error == RaopError.Timeout)
        {
            if (choice.SilenceIsRefusal) TryNextTransport("it does not answer");
            throw DeviceErrors.Silence(choice, e);
        }

        if (reply.StatusCode is RtspStatus.InternalError or 520) // Sonos and others in some states: it passes
        {
            await options.TimeProvider.DelayAsync(TimeSpan.FromSeconds(1), cancellationToken).ConfigureAwait(false);
            reply = await client.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }

        if (reply.StatusCode is RtspStatus.UnsupportedTransport or RtspStatus.ParameterNotUnderstood or RtspStatus.HeaderFieldNotValid or RtspStatus.NotImplemented)
            throw Refused($"{reply.StatusCode} {reply.Reason}");
        Expect200(reply, "SETUP");
        client.SessionId = reply.Headers["Session"]?.Split(';')[0].Trim();
        if (!TransportHeader.TryParse(reply.Headers["Transport"], out TransportHeader? transport))
            throw new RaopException(RaopError.ProtocolViolation, "The receiver's reply to SETUP names no transport.");
        if (sockets is null ? transport.IsUdp : transport.IsTcp) throw Refused($"it offers {transport.Protocol}");
        if (transport.ServerPort is not > 0) throw new RaopException(RaopError.ProtocolViolation, "The receiver's reply to SETUP names no server_port.");
        return (transport, reply.Headers["Audio-Latency"]);
    }

    private RaopException Refused(string answer)
    {
        TryNextTransport(answer);
        (string name, string other) = sockets is null ? ("TCP", "udp") : ("UDP", "tcp");
        return new RaopException(
            RaopError.Rejected, $"The receiver does not take audio over {name} (SETUP: {answer}).", $"Play with --transport {other}, or auto.");
    }

    private void TryNextTransport(string why)
    {
        Another = choice.NextTransport();
        if (Another is not null) log.TransportRefused(choice.Transport, why, Another.Transport);
    }

    /// <summary>What was chosen, or the receiver's own need if that is more.</summary>
    private TimeSpan Latency(string? said)
    {
        if (!int.TryParse(said, NumberStyles.None, CultureInfo.InvariantCulture, out int frames)) return choice.Latency;
        TimeSpan needed = PcmFormat.AirTunes.Duration(Math.Min(frames, MostLatency));
        if (needed <= choice.Latency) return choice.Latency;
        log.LatencyRaised(needed.TotalSeconds);
        return needed;
    }

    /// <summary>Turns any status but 200 into an error that says what real devices mean by it.</summary>
    private void Expect200(RtspResponse reply, string method)
    {
        if (reply.StatusCode != RtspStatus.Ok) throw DeviceErrors.Refusal(choice, reply, method, _authSetupStatus, connection.LocalEndPoint.Address);
    }

    private RaopException NotRaop(string why, Exception? inner = null) => new(
        RaopError.NotRaopReceiver, $"{connection.RemoteEndPoint} is not a RAOP receiver: {why}.",
        "Check the address and the port; RAOP receivers listen on 5000, 7000 or a port that they announce.", inner);
}
