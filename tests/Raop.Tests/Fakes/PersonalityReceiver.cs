using System.Buffers;
using System.Net;
using Alac;
using Raop.Network;
using Raop.Rtp;
using Raop.Rtsp;
using Raop.Sdp;
using Raop.Security;
using Raop.Tests.Conversations;

namespace Raop.Tests.Fakes;

/// <summary>A device of some personality at the stage's receiver host.</summary>
internal sealed class PersonalityReceiver : IAsyncDisposable
{
    private const int TcpPort = 6000;
    private readonly Personality _personality;
    private readonly TimeProvider _clock;
    private readonly FakeUdpReceiver _fake;
    private readonly IStreamListener _audio;
    private readonly ArrayBufferWriter<byte> _stream = new();
    private readonly HashSet<string> _stumbled = [];
    private bool _askedAuthSetup;
    private bool _isTcp;
    private long _last;

    public PersonalityReceiver(Stage stage, Personality personality)
    {
        _personality = personality;
        _clock = stage.ReceiverHost.Clock;
        _fake = new FakeUdpReceiver(stage.ReceiverHost, stage.SenderHost.Clock)
        {
            AsksTheTimeFirst = personality.AsksTheTimeFirst,
            Answer = Answer,
            Ignores = Ignores,
        };
        _audio = stage.ReceiverHost.Network.Listen(new IPEndPoint(IPAddress.IPv6Any, TcpPort));
        _ = TakeAudioAsync();
    }

    public IReadOnlyList<RtspRequest> Requests => _fake.Requests;

    /// <summary>A request that makes it forget that it is silent: the first one of a new connection.</summary>
    public string ForgetsWith { get; set; } = "";

    /// <summary>Answers nothing to SETUP over UDP.</summary>
    public bool IgnoresUdp { get; set; }

    /// <summary>Longest time between two requests, seconds.</summary>
    public double LongestSilence { get; private set; }

    /// <summary>What was heard.</summary>
    public byte[] Heard =>
        _personality.AuthSetup == AuthSetupHabit.MuteAfter && _askedAuthSetup ? []
        : _personality.ComparesRecord && _fake.Syncs[0].Packet.Next != _fake.Info("RECORD").RtpTime ? []
        : _isTcp ? Decode()
        : _fake.Heard;

    public async ValueTask DisposeAsync()
    {
        await _audio.DisposeAsync();
        await _fake.DisposeAsync();
    }

    private bool Ignores(RtspRequest request)
    {
        if (_personality.Ignores.Contains(request.Method)) return true;
        if (IgnoresUdp && request.Headers["Transport"]?.Contains("UDP", StringComparison.Ordinal) == true) return true;
        if (_personality.AuthSetup != AuthSetupHabit.SilentAfter) return false;
        if (request.Method == "POST") _askedAuthSetup = true;
        else if (request.Method == ForgetsWith) _askedAuthSetup = false;
        return _askedAuthSetup;
    }

    private RtspResponse? Answer(RtspRequest request, RtspResponse response)
    {
        double silence = _fake.Requests.Count == 1 ? 0 : _clock.GetElapsedTime(_last).TotalSeconds;
        _last = _clock.GetTimestamp();
        LongestSilence = Math.Max(LongestSilence, silence);
        if (silence > _personality.DropsAfter) return null;
        if (Respond(request, response) is not { } answer) return null;
        if (_personality.Server is { } server) answer.Headers.Add("Server", server);
        return answer;
    }

    private RtspResponse? Respond(RtspRequest request, RtspResponse response)
    {
        RtspResponse Refuse(int status) => RtspResponse.To(request, status);
        if (_personality.Password is not null && !IsSigned(request))
        {
            RtspResponse asks = Refuse(401);
            asks.Headers.Add("WWW-Authenticate", $"Digest realm=\"{_personality.Realm}\", nonce=\"8A000000F689AF0BBD1A871E728A0116EE7C5933\"");
            return asks;
        }

        if (response.StatusCode != 200) return response; // 520
        if (_personality.Refuses.TryGetValue(request.Method, out int status)) return Refuse(status);
        if (_personality.Stumbles.TryGetValue(request.Method, out status) && _stumbled.Add(request.Method)) return Refuse(status);
        switch (request.Method)
        {
            case "OPTIONS":
                return _personality.ChallengeDisturbs && request.Headers["Apple-Challenge"] is not null ? Refuse(500) : response;
            case "POST" when request.Uri == "/auth-setup":
                _askedAuthSetup = true;
                return Refuse(_personality.AuthSetup == AuthSetupHabit.Unknown && _personality.AuthSetupStatus == 200 ? 404 : _personality.AuthSetupStatus);
            case "POST":
                return request.Uri == "/feedback" ? response : Refuse(404);
            case "ANNOUNCE":
                bool hasKey = request.Body.Span.IndexOf("rsaaeskey"u8) >= 0;
                if (_personality.AuthSetup == AuthSetupHabit.Needs && !_askedAuthSetup) return Refuse(403);
                if (hasKey && _personality.Key == KeyHabit.Refuses) return Refuse(_personality.KeyRefusal);
                return !hasKey && _personality.Key == KeyHabit.Needs ? null : response;
            case "SETUP":
                return SetUp(request, response);
            case "RECORD" when _personality.AudioLatency is { } frames:
                response.Headers.Add("Audio-Latency", $"{frames}");
                return response;
            case "SET_PARAMETER" when request.Headers["Content-Type"] == "application/x-dmap-tagged" && _personality.Row.StartsWith("AirPort", StringComparison.Ordinal):
                return Refuse(456);
            default:
                return response;
        }
    }

    private RtspResponse SetUp(RtspRequest request, RtspResponse usual)
    {
        Assert.True(TransportHeader.TryParse(request.Headers["Transport"], out TransportHeader? asked));
        if (asked.IsUdp ? !_personality.Udp : !_personality.Tcp) return RtspResponse.To(request, 461);
        _isTcp = asked.IsTcp;
        RtspResponse response = RtspResponse.To(request, 200);
        if (_personality.Session is { } session) response.Headers.Add("Session", session);
        response.Headers.Add("Transport", _isTcp ? TransportHeader.Tcp(TcpPort).ToString() : _personality.TransportReply ?? usual.Headers["Transport"]!);
        return response;
    }

    private bool IsSigned(RtspRequest request)
    {
        if (!DigestAuthorization.TryParse(request.Headers["Authorization"], out DigestAuthorization? given)) return false;
        Assert.True(DigestChallenge.TryParse($"Digest realm=\"{_personality.Realm}\", nonce=\"{given.Nonce}\"", out DigestChallenge? challenge));
        string right = Digest.Respond(_personality.Digest, "iTunes", _personality.Password!, request.Method, request.Uri, challenge, given.ClientNonce, 1);
        return right == request.Headers["Authorization"];
    }

    private async Task TakeAudioAsync()
    {
        while (await _audio.AcceptAsync() is { } connection)
        {
            try
            {
                while (true)
                {
                    var result = await connection.Input.ReadAsync();
                    foreach (ReadOnlyMemory<byte> part in result.Buffer) _stream.Write(part.Span);
                    connection.Input.AdvanceTo(result.Buffer.End);
                    if (result.IsCompleted) break;
                }
            }
            catch (RaopException)
            {
            }

            await connection.DisposeAsync();
        }
    }

    private byte[] Decode()
    {
        AnnounceSdp sdp = _fake.Announced!;
        byte[] key = new byte[16], pcm = new byte[4096 * 4];
        if (sdp.EncryptedKey is not null) Assert.True(AirPortExpressKey.TryUnwrapKey(sdp.EncryptedKey, key));
        using PacketCipher? cipher = sdp.EncryptedKey is null ? null : new PacketCipher(key, sdp.Iv);
        var decoder = new AlacDecoder(sdp.Alac!);
        var heard = new ArrayBufferWriter<byte>();
        var left = new ReadOnlySequence<byte>(_stream.WrittenMemory);
        while (InterleavedFrame.TryRead(ref left, out _, out ReadOnlySequence<byte> body))
        {
            byte[] payload = body.Slice(RtpHeader.Size).ToArray();
            cipher?.Decrypt(payload);
            Assert.Equal(AlacStatus.Ok, decoder.Decode(payload, pcm, out int frames));
            heard.Write(pcm.AsSpan(0, frames * 4));
        }

        return heard.WrittenSpan.ToArray();
    }
}
