using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Alac;
using Microsoft.Extensions.Logging;
using Raop.Audio;
using Raop.Network;
using Raop.Rtsp;
using Raop.Sdp;
using Raop.Security;
using Raop.Timing;

namespace Raop.Sending;

/// <summary>What the handshake came to.</summary>
/// <param name="Uri">The session's URI.</param>
/// <param name="Config">Frames of a packet and the codec's parameters.</param>
/// <param name="Cipher">Encrypts the payloads, or null in clear.</param>
/// <param name="AudioPort">Where audio goes.</param>
/// <param name="ControlPort">Where syncs go, over UDP; null when the receiver named none.</param>
/// <param name="TimingPort">Where it asks for our clock from, if it says.</param>
/// <param name="Sequence">Sequence number of the first packet, as RECORD said.</param>
/// <param name="RtpTime">RTP time of the first packet, as RECORD said.</param>
/// <param name="Secrets">Key and IV of the cipher, 16 bytes each.</param>
/// <param name="Info">What we learned of the receiver.</param>
internal sealed record SenderSession(
    string Uri, AlacConfig Config, PacketCipher? Cipher, int AudioPort, int? ControlPort, int? TimingPort, ushort Sequence, uint RtpTime,
    ReadOnlyMemory<byte> Secrets, RaopReceiverInfo Info);

/// <summary>From a fresh control connection to RECORD: OPTIONS, ANNOUNCE, SETUP, RECORD (docs/protocol/README.md).</summary>
/// <param name="client">The control connection's client.</param>
/// <param name="connection">The control connection.</param>
/// <param name="sockets">Open and answering, for UDP; null for TCP.</param>
/// <param name="line">What the session shares with others, if it does.</param>
/// <param name="options">The sender's.</param>
/// <param name="log">Where steps are told.</param>
internal sealed class SenderHandshake(RtspClient client, IStreamConnection connection, UdpSockets? sockets, SessionLine line, RaopSenderOptions options, ILogger log)
{
    private const int MostLatency = 441_000; // frames: 10 s, as of the option

    /// <summary>Any X25519 key does, for nobody checks the answer; this one is what open senders send. 01: audio stays in clear.</summary>
    private static readonly byte[] AuthSetupBody = Convert.FromHexString("01" + "5902ede90d4ef2bd4cb68a6330038207a94dbd50d8aa465b5d8c012a0c7e1d4e");

    private readonly RaopCodec _codec = options.Codec == RaopCodec.Pcm ? RaopCodec.Pcm : RaopCodec.Alac;
    private readonly AlacConfig _config = new() { FrameLength = sockets is not null || options.Codec == RaopCodec.Pcm ? 352 : 4096 }; // L16 has no line to say more
    private bool? _responseIsRight;
    private string? _server;
    private string? _jack;
    private int _authSetupStatus;

    /// <summary>Whether the receiver refused the transport itself: another one may do.</summary>
    public string? TransportRefusal { get; private set; }

    public async ValueTask<SenderSession> RunAsync(CancellationToken cancellationToken)
    {
        string session = BinaryPrimitives.ReadUInt32BigEndian(RandomNumberGenerator.GetBytes(4)).ToString(CultureInfo.InvariantCulture);
        string uri = RtspUri.Session(connection.LocalEndPoint.Address, session);

        await ProbeAsync(cancellationToken).ConfigureAwait(false);
        PacketCipher? cipher = await AnnounceAsync(uri, session, cancellationToken).ConfigureAwait(false);
        (TransportHeader transport, string? setUpLatency) = await SetUpAsync(uri, cancellationToken).ConfigureAwait(false);
        RtpInfoHeader first = line.First(_codec, cipher is not null);
        RtspResponse recorded = await client.SendAsync(
            new RtspRequest("RECORD", uri, new RtspHeaders { { "Range", "npt=0-" }, { "RTP-Info", first.ToString() } }),
            cancellationToken).ConfigureAwait(false);
        Expect200(recorded, "RECORD");
        _jack = recorded.Headers["Audio-Jack-Status"] ?? _jack;
        var info = new RaopReceiverInfo(
            connection.RemoteEndPoint, _server, _jack, cipher is not null, client.IsAuthenticated, _responseIsRight,
            sockets is null ? RaopTransport.Tcp : RaopTransport.Udp, _codec, sockets is null ? null : Latency(recorded.Headers["Audio-Latency"] ?? setUpLatency));
        return new SenderSession(uri, _config, cipher, transport.ServerPort ?? 0, transport.ControlPort, transport.TimingPort, first.Seq ?? 0, first.RtpTime ?? 0, line.Secrets, info);
    }

    /// <summary>OPTIONS with a challenge: is it a RAOP receiver, does it want a password, does it hold the AirPort Express key?</summary>
    private async ValueTask ProbeAsync(CancellationToken cancellationToken)
    {
        var headers = new RtspHeaders();
        byte[] challenge = [];
        if (options.Encryption is RaopEncryption.Auto or RaopEncryption.Rsa) // an Apple TV 3 stumbles over a challenge without encryption
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

        if (!reply.Protocol.StartsWith("RTSP", StringComparison.Ordinal)) throw NotRaop($"it answered {reply.Protocol} {reply.StatusCode}");
        _server = reply.Headers["Server"];
        _jack = reply.Headers["Audio-Jack-Status"];
        if (reply.StatusCode == RtspStatus.Forbidden) Expect200(reply, "OPTIONS");
        if (challenge.Length == 0 || reply.Headers["Apple-Response"] is not { } response) return;
        _responseIsRight = AppleChallenge.Verify(response, challenge, connection.RemoteEndPoint.Address, out string? why);
        if (_responseIsRight == false) log.WrongResponse(why ?? "");
    }

    private async ValueTask<PacketCipher?> AnnounceAsync(string uri, string session, CancellationToken cancellationToken)
    {
        byte[] secrets = line.Secrets;
        bool isAuto = options.Encryption == RaopEncryption.Auto, encrypt = isAuto || options.Encryption == RaopEncryption.Rsa;
        if (options.Encryption == RaopEncryption.AuthSetup) await AuthSetupAsync(cancellationToken).ConfigureAwait(false);
        RtspResponse reply = await SendAnnounceAsync(uri, session, encrypt ? secrets : null, cancellationToken).ConfigureAwait(false);
        if (isAuto && reply.StatusCode == RtspStatus.NotAcceptable)
        {
            log.KeyRefused(); // AirPort Express, firmware 7.8
            encrypt = false;
            reply = await SendAnnounceAsync(uri, session, null, cancellationToken).ConfigureAwait(false);
        }

        if (isAuto && options.AllowAuthSetup && reply.StatusCode == RtspStatus.Forbidden)
        {
            log.AuthSetupNeeded();
            await AuthSetupAsync(cancellationToken).ConfigureAwait(false);
            encrypt = false;
            reply = await SendAnnounceAsync(uri, session, null, cancellationToken).ConfigureAwait(false);
        }

        Expect200(reply, "ANNOUNCE");
        return encrypt ? new PacketCipher(secrets.AsSpan(0, 16), secrets.AsSpan(16)) : null;
    }

    /// <summary>POST /auth-setup. Whatever the answer, ANNOUNCE shows whether it did: some that fail it (Marantz, 500) play all the same.</summary>
    private async ValueTask AuthSetupAsync(CancellationToken cancellationToken)
    {
        var headers = new RtspHeaders { { "Content-Type", "application/octet-stream" } };
        RtspResponse reply = await client.SendAsync(new RtspRequest("POST", "/auth-setup", headers, AuthSetupBody), cancellationToken).ConfigureAwait(false);
        _authSetupStatus = reply.StatusCode;
        log.AuthSetupAnswered(reply.StatusCode);
    }

    private ValueTask<RtspResponse> SendAnnounceAsync(string uri, string session, byte[]? secrets, CancellationToken cancellationToken)
    {
        byte[] sdp = AnnounceSdp.Write(
            session, connection.LocalEndPoint.Address, connection.RemoteEndPoint.Address, _config,
            secrets is null ? [] : AirPortExpressKey.WrapKey(secrets.AsSpan(0, 16)), secrets is null ? [] : secrets.AsSpan(16),
            _codec == RaopCodec.Pcm ? SdpCodec.L16 : SdpCodec.AppleLossless);
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
            TransportRefusal = "it closed the connection";
            throw;
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
        TransportRefusal = answer;
        (string name, string other) = sockets is null ? ("TCP", "udp") : ("UDP", "tcp");
        return new RaopException(
            RaopError.Rejected, $"The receiver does not take audio over {name} (SETUP: {answer}).", $"Play with --transport {other}, or auto.");
    }

    /// <summary>What was asked for, or the receiver's own need if that is more.</summary>
    private TimeSpan Latency(string? said)
    {
        if (!int.TryParse(said, NumberStyles.None, CultureInfo.InvariantCulture, out int frames)) return options.Latency;
        TimeSpan needed = PcmFormat.AirTunes.Duration(Math.Min(frames, MostLatency));
        if (needed <= options.Latency) return options.Latency;
        log.LatencyRaised(needed.TotalSeconds);
        return needed;
    }

    /// <summary>Turns any status but 200 into an error that says what real devices mean by it.</summary>
    private void Expect200(RtspResponse reply, string method)
    {
        if (reply.StatusCode == RtspStatus.Ok) return;
        string said = $"The receiver answered {method} with {reply.StatusCode} {reply.Reason}";
        throw reply.StatusCode switch
        {
            RtspStatus.NotEnoughBandwidth or RtspStatus.Conflict => new RaopException(
                RaopError.Busy, $"{said}: somebody else plays to it.", "Stop the other sender, or try again when it has finished."),
            RtspStatus.Forbidden => new RaopException(
                RaopError.Rejected, $"{said}: it does not let this sender in{(_authSetupStatus == 0 ? "" : $", though it was asked by auth-setup (answer {_authSetupStatus})")}.",
                "An Apple TV or HomePod must allow everyone on the same network; after too many wrong passwords wait a minute."),
            RtspStatus.NotAcceptable => new RaopException(
                RaopError.Rejected, $"{said}: it takes no RSA key.", "Play with --encryption none or auto."),
            RtspStatus.InternalError when method == "SETUP" => new RaopException(
                RaopError.Rejected, $"{said}.", "See the receiver's log: it may have no port free for audio. A receiver in an odd state comes back when it is restarted."),
            _ => new RaopException(RaopError.Rejected, $"{said}.", "Run again with -v to see the whole conversation."),
        };
    }

    private RaopException NotRaop(string why, Exception? inner = null) => new(
        RaopError.NotRaopReceiver, $"{connection.RemoteEndPoint} is not a RAOP receiver: {why}.",
        "Check the address and the port; RAOP receivers listen on 5000, 7000 or a port that they announce.", inner);
}
