using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Alac;
using Microsoft.Extensions.Logging;
using Raop.Network;
using Raop.Rtsp;
using Raop.Sdp;
using Raop.Security;
using Raop.Timing;

namespace Raop.Sending;

/// <summary>What the handshake came to.</summary>
/// <param name="Uri">The session's URI.</param>
/// <param name="Cipher">Encrypts the payloads, or null in clear.</param>
/// <param name="AudioPort">Where audio goes.</param>
/// <param name="Sequence">Sequence number of the first packet, as RECORD said.</param>
/// <param name="RtpTime">RTP time of the first packet, as RECORD said.</param>
/// <param name="Info">What we learned of the receiver.</param>
internal sealed record SenderSession(string Uri, PacketCipher? Cipher, int AudioPort, ushort Sequence, uint RtpTime, RaopReceiverInfo Info);

/// <summary>From a fresh control connection to RECORD: OPTIONS, ANNOUNCE, SETUP, RECORD (docs/protocol/README.md).</summary>
internal sealed class SenderHandshake(RtspClient client, IStreamConnection connection, RaopSenderOptions options, AlacConfig config, ILogger log)
{
    private bool? _responseIsRight;
    private string? _server;
    private string? _jack;

    public async ValueTask<SenderSession> RunAsync(CancellationToken cancellationToken)
    {
        byte[] random = RandomNumberGenerator.GetBytes(4 + 4 + 2);
        string session = BinaryPrimitives.ReadUInt32BigEndian(random).ToString(CultureInfo.InvariantCulture);
        uint rtpTime = BinaryPrimitives.ReadUInt32BigEndian(random.AsSpan(4));
        ushort sequence = BinaryPrimitives.ReadUInt16BigEndian(random.AsSpan(8));
        string uri = RtspUri.Session(connection.LocalEndPoint.Address, session);

        await ProbeAsync(cancellationToken).ConfigureAwait(false);
        PacketCipher? cipher = await AnnounceAsync(uri, session, cancellationToken).ConfigureAwait(false);
        int port = await SetUpAsync(uri, cancellationToken).ConfigureAwait(false);
        RtspResponse recorded = await client.SendAsync(
            new RtspRequest("RECORD", uri, new RtspHeaders { { "Range", "npt=0-" }, { "RTP-Info", new RtpInfoHeader(sequence, rtpTime).ToString() } }),
            cancellationToken).ConfigureAwait(false);
        Expect200(recorded, "RECORD");
        _jack = recorded.Headers["Audio-Jack-Status"] ?? _jack;
        var info = new RaopReceiverInfo(connection.RemoteEndPoint, _server, _jack, cipher is not null, client.IsAuthenticated, _responseIsRight);
        return new SenderSession(uri, cipher, port, sequence, rtpTime, info);
    }

    /// <summary>OPTIONS with a challenge: is it a RAOP receiver, does it want a password, does it hold the AirPort Express key?</summary>
    private async ValueTask ProbeAsync(CancellationToken cancellationToken)
    {
        var headers = new RtspHeaders();
        byte[] challenge = [];
        if (options.Encryption != RaopEncryption.None)
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
        byte[] secrets = RandomNumberGenerator.GetBytes(32); // a fresh key and IV for each stream
        bool encrypt = options.Encryption != RaopEncryption.None;
        RtspResponse reply = await SendAnnounceAsync(uri, session, encrypt ? secrets : null, cancellationToken).ConfigureAwait(false);
        if (reply.StatusCode == RtspStatus.NotAcceptable && options.Encryption == RaopEncryption.Auto)
        {
            log.KeyRefused(); // AirPort Express, firmware 7.8
            encrypt = false;
            reply = await SendAnnounceAsync(uri, session, null, cancellationToken).ConfigureAwait(false);
        }

        Expect200(reply, "ANNOUNCE");
        return encrypt ? new PacketCipher(secrets.AsSpan(0, 16), secrets.AsSpan(16)) : null;
    }

    private ValueTask<RtspResponse> SendAnnounceAsync(string uri, string session, byte[]? secrets, CancellationToken cancellationToken)
    {
        byte[] sdp = AnnounceSdp.Write(
            session, connection.LocalEndPoint.Address, connection.RemoteEndPoint.Address, config,
            secrets is null ? [] : AirPortExpressKey.WrapKey(secrets.AsSpan(0, 16)), secrets is null ? [] : secrets.AsSpan(16));
        return client.SendAsync(new RtspRequest("ANNOUNCE", uri, new RtspHeaders { { "Content-Type", "application/sdp" } }, sdp), cancellationToken);
    }

    private async ValueTask<int> SetUpAsync(string uri, CancellationToken cancellationToken)
    {
        var request = new RtspRequest("SETUP", uri, new RtspHeaders { { "Transport", TransportHeader.Tcp().ToString() } });
        RtspResponse reply = await client.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (reply.StatusCode is RtspStatus.InternalError or 520) // Sonos and others in some states: it passes
        {
            await options.TimeProvider.DelayAsync(TimeSpan.FromSeconds(1), cancellationToken).ConfigureAwait(false);
            reply = await client.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }

        if (reply.StatusCode is RtspStatus.UnsupportedTransport or RtspStatus.ParameterNotUnderstood)
        {
            throw new RaopException(
                RaopError.Rejected, $"The receiver does not take audio over TCP (SETUP: {reply.StatusCode} {reply.Reason}).",
                "It is a receiver for UDP only (AirTunes v2), which this version cannot play to.");
        }

        Expect200(reply, "SETUP");
        client.SessionId = reply.Headers["Session"]?.Split(';')[0].Trim();
        if (!TransportHeader.TryParse(reply.Headers["Transport"], out TransportHeader? transport) || transport.ServerPort is not (> 0 and int port))
        {
            throw new RaopException(RaopError.ProtocolViolation, "The receiver's reply to SETUP names no server_port.");
        }

        return port;
    }

    /// <summary>Turns any status but 200 into an error that says what real devices mean by it.</summary>
    private static void Expect200(RtspResponse reply, string method)
    {
        if (reply.StatusCode == RtspStatus.Ok) return;
        string said = $"The receiver answered {method} with {reply.StatusCode} {reply.Reason}";
        throw reply.StatusCode switch
        {
            RtspStatus.NotEnoughBandwidth or RtspStatus.Conflict => new RaopException(
                RaopError.Busy, $"{said}: somebody else plays to it.", "Stop the other sender, or try again when it has finished."),
            RtspStatus.Forbidden => new RaopException(
                RaopError.Rejected, $"{said}: it does not let this sender in.",
                "An Apple TV or HomePod must allow everyone on the same network; after too many wrong passwords wait a minute."),
            RtspStatus.NotAcceptable => new RaopException(
                RaopError.Rejected, $"{said}: it takes no RSA key.", "Play with --encryption none or auto."),
            _ => new RaopException(RaopError.Rejected, $"{said}.", "Run again with -v to see the whole conversation."),
        };
    }

    private RaopException NotRaop(string why, Exception? inner = null) => new(
        RaopError.NotRaopReceiver, $"{connection.RemoteEndPoint} is not a RAOP receiver: {why}.",
        "Check the address and the port; RAOP receivers listen on 5000, 7000 or a port that they announce.", inner);
}
