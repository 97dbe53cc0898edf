using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Raop.Rtsp;
using Raop.Sdp;
using Raop.Security;
using Raop.Sending;
using Raop.Tests.Fakes;

namespace Raop.Tests.Conversations;

/// <summary>Our sender against receivers that answer what the test says.</summary>
public sealed class SenderTests
{
    private static readonly byte[] Second = Music.Frames(44_100);

    [Fact]
    public void The_conversation_is_that_of_the_protocol()
    {
        (Stage stage, FakeReceiver fake) = Set();
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await stage.ConnectAsync();
            await sender.PlayAsync(new ArraySource(Second));
        });

        Assert.Equal(["OPTIONS", "ANNOUNCE", "SETUP", "RECORD", "SET_PARAMETER", "SET_PARAMETER", "TEARDOWN"], fake.Methods);
        Assert.Equal(["1", "2", "3", "4", "5", "6", "7"], fake.Requests.Select(r => r.CSeq));
        Assert.All(fake.Requests.Skip(3), r => Assert.Equal("DEADBEEF", r.Headers["Session"]));
        Assert.Single(fake.Requests.Select(r => r.Headers["Client-Instance"]).Distinct());
        RtspRequest announce = fake.Requests[1];
        Assert.Equal("application/sdp", announce.Headers["Content-Type"]);
        Assert.True(AnnounceSdp.TryParse(announce.Body.Span, out AnnounceSdp? sdp, out _, out _));
        Assert.Equal((4096, 16, 2, 44_100), (sdp.FramesPerPacket, sdp.Alac!.BitDepth, sdp.Channels, sdp.SampleRate));
        Assert.Equal(IPAddress.Parse("10.0.1.101"), sdp.OriginAddress);
        Assert.Equal(sdp.SessionId, RtspUri.LastSegment(announce.Uri));
        Assert.Equal("RTP/AVP/TCP;unicast;interleaved=0-1;mode=record", fake.Requests[2].Headers["Transport"]);
        Assert.Equal("volume: 0.000000\r\n", Encoding.ASCII.GetString(fake.Requests[4].Body.Span));
        Assert.True(fake.AudioBytes > 0);
    }

    [Fact]
    public void Each_stream_has_a_key_of_its_own()
    {
        (Stage stage, FakeReceiver fake) = Set();
        stage.World.Run(async () =>
        {
            for (int i = 0; i < 3; i++) await (await stage.ConnectAsync()).DisposeAsync();
        });
        string[] keys = [.. fake.Requests.Where(r => r.Method == "ANNOUNCE").Select(Secrets)];
        Assert.Equal(3, keys.Distinct().Count());

        static string Secrets(RtspRequest request)
        {
            Assert.True(AnnounceSdp.TryParse(request.Body.Span, out AnnounceSdp? sdp, out _, out _));
            byte[] key = new byte[16];
            Assert.True(AirPortExpressKey.TryUnwrapKey(sdp.EncryptedKey, key));
            return Convert.ToHexString(key) + Convert.ToHexString(sdp.Iv!);
        }
    }

    [Theory]
    [InlineData("ANNOUNCE", 453, RaopError.Busy)]
    [InlineData("ANNOUNCE", 409, RaopError.Busy)]
    [InlineData("ANNOUNCE", 403, RaopError.Rejected)]
    [InlineData("ANNOUNCE", 500, RaopError.Rejected)]
    [InlineData("OPTIONS", 403, RaopError.Rejected)]
    [InlineData("SETUP", 461, RaopError.Rejected)]
    [InlineData("SETUP", 451, RaopError.Rejected)]
    [InlineData("RECORD", 455, RaopError.Rejected)]
    public void A_refusal_says_what_it_means(string method, int status, RaopError error)
    {
        (Stage stage, FakeReceiver fake) = Set();
        fake.Answer = (request, response) => request.Method == method ? RtspResponse.To(request, status) : response;
        RaopException e = Fails(stage);
        Assert.Equal(error, e.Error);
        Assert.Contains(status.ToString(), e.Message, StringComparison.Ordinal);
        Assert.NotEmpty(e.Remedy);
    }

    [Theory]
    [InlineData("OPTIONS", 404)]
    [InlineData("OPTIONS", 501)]
    [InlineData("SET_PARAMETER", 455)]
    public void What_is_not_essential_may_be_refused(string method, int status)
    {
        (Stage stage, FakeReceiver fake) = Set();
        fake.Answer = (request, response) => request.Method == method ? RtspResponse.To(request, status) : response;
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await stage.ConnectAsync();
            await sender.PlayAsync(new ArraySource(Second));
        });
        Assert.True(fake.AudioBytes > 0);
    }

    [Fact]
    public void A_key_that_is_refused_with_406_is_left_out()
    {
        (Stage stage, FakeReceiver fake) = Set();
        fake.Answer = (request, response) => request.Body.Span.IndexOf("rsaaeskey"u8) >= 0 ? RtspResponse.To(request, 406) : response;
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await stage.ConnectAsync();
            Assert.False(sender.Receiver.Encrypted);
        });
        Assert.Equal(2, fake.Methods.Count(m => m == "ANNOUNCE"));
        Assert.Equal(RaopError.Rejected, Fails(stage, new RaopSenderOptions { Encryption = RaopEncryption.Rsa }).Error);
    }

    [Theory]
    [InlineData(nameof(DigestForm.UpperHex), false)]
    [InlineData(nameof(DigestForm.LowerHex), true)]
    [InlineData(nameof(DigestForm.LowerHex), false)] // no Server header, yet lower case: found at the second try
    [InlineData(nameof(DigestForm.Rfc2617), true)]
    public void Every_spelling_of_the_password_is_found(string spelling, bool hasServer)
    {
        (Stage stage, FakeReceiver fake) = Set();
        DigestForm form = Enum.Parse<DigestForm>(spelling);
        string asks = "Digest realm=\"raop\", nonce=\"8A000000F689AF0BBD1A871E728A0116EE7C5933\"" + (form == DigestForm.Rfc2617 ? ", qop=\"auth\"" : "");
        fake.Answer = (request, response) => Signed(request, form) ? response : Asked(request, asks, hasServer);
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await stage.ConnectAsync(new RaopSenderOptions { Password = "TuneItUp" });
            await sender.PlayAsync(new ArraySource(Second));
        });
        Assert.Equal(RaopError.WrongPassword, Fails(stage, new RaopSenderOptions { Password = "tuneitup" }).Error);
        Assert.Equal(RaopError.PasswordRequired, Fails(stage).Error);
    }

    [Theory]
    [InlineData(false, null)]
    [InlineData(true, false)]
    public void A_missing_Apple_Response_is_unknown_and_a_wrong_one_is_told(bool responds, bool? expected)
    {
        (Stage stage, FakeReceiver fake) = Set();
        fake.Answer = (request, response) =>
        {
            if (responds && request.Headers["Apple-Challenge"] is not null) response.Headers.Add("Apple-Response", Convert.ToBase64String(RandomNumberGenerator.GetBytes(256)));
            return response;
        };
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await stage.ConnectAsync();
            Assert.Equal(expected, sender.Receiver.HoldsAirPortKey);
        });
    }

    [Fact]
    public void An_http_server_is_no_receiver()
    {
        (Stage stage, FakeReceiver fake) = Set();
        fake.Answer = static (_, response) => response with { Protocol = "HTTP/1.1", StatusCode = 400 };
        Assert.Equal(RaopError.NotRaopReceiver, Fails(stage).Error);
        fake.Answer = static (_, _) => null;
        Assert.Equal(RaopError.NotRaopReceiver, Fails(stage).Error);
    }

    [Fact]
    public void Nobody_there_is_refused_and_silence_is_a_timeout()
    {
        var stage = new Stage();
        Assert.Equal(RaopError.Refused, Fails(stage).Error);
        stage.ReceiverHost.Network.Listen(new IPEndPoint(IPAddress.IPv6Any, 5000)); // accepts, says nothing
        Assert.Equal(RaopError.Timeout, Fails(stage).Error);
        stage.World.Partition(stage.SenderHost, stage.ReceiverHost);
        Assert.Equal(RaopError.Timeout, Fails(stage).Error);
    }

    [Fact]
    public void A_receiver_that_dies_gives_one_error_at_once()
    {
        (Stage stage, _) = Set();
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await stage.ConnectAsync();
            Task playing = sender.PlayAsync(new ArraySource(Music.Frames(44_100 * 30)));
            await stage.WaitAsync(5);
            stage.ReceiverHost.Kill();
            RaopException e = await Assert.ThrowsAsync<RaopException>(() => playing);
            Assert.Equal(RaopError.ConnectionLost, e.Error);
            Assert.InRange(stage.World.Now.TotalSeconds, 5, 10);
        });
    }

    [Fact]
    public void A_receiver_that_takes_no_audio_is_given_up()
    {
        (Stage stage, FakeReceiver fake) = Set();
        fake.Reads = false;
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await stage.ConnectAsync();
            RaopException e = await Assert.ThrowsAsync<RaopException>(() => sender.PlayAsync(new ArraySource(Music.Frames(44_100 * 60))));
            Assert.Equal(RaopError.Timeout, e.Error);
        });
    }

    [Fact]
    public void The_back_channel_is_read_and_dropped()
    {
        (Stage stage, FakeReceiver fake) = Set();
        fake.BackChannel = RandomNumberGenerator.GetBytes(4096);
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await stage.ConnectAsync();
            await sender.PlayAsync(new ArraySource(Music.Frames(44_100 * 5)));
        });
        Assert.Equal("TEARDOWN", fake.Methods.Last());
    }

    [Fact]
    public void A_long_pause_is_kept_alive_and_every_flush_says_what_comes_next()
    {
        (Stage stage, FakeReceiver fake) = Set();
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await stage.ConnectAsync();
            Task playing = sender.PlayAsync(new ArraySource(Music.Frames(44_100 * 9)));
            await stage.WaitAsync(2);
            await sender.PauseAsync();
            await stage.WaitAsync(200);
            await sender.ResumeAsync();
            await playing;
        });
        Assert.Equal(8, fake.Methods.Skip(1).Count(m => m == "OPTIONS"));
        RtpInfoHeader record = Info("RECORD"), flush = Info("FLUSH");
        int packets = (ushort)(flush.Seq! - record.Seq!)!;
        Assert.InRange(packets, 40, 46); // 2 s played, 2 s ahead
        Assert.Equal((uint)packets * 4096, flush.RtpTime - record.RtpTime);

        RtpInfoHeader Info(string method)
        {
            Assert.True(RtpInfoHeader.TryParse(fake.Requests.Single(r => r.Method == method).Headers["RTP-Info"], out RtpInfoHeader info));
            return info;
        }
    }

    [Fact]
    public void A_stop_flushes_and_tears_down()
    {
        (Stage stage, FakeReceiver fake) = Set();
        stage.World.Run(async () =>
        {
            using var stop = new CancellationTokenSource();
            await using (RaopSender sender = await stage.ConnectAsync())
            {
                Task playing = sender.PlayAsync(new ArraySource(Music.Frames(44_100 * 9)), stop.Token);
                await stage.WaitAsync(2);
                stop.Cancel();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => playing);
            }
        });
        Assert.Equal(["FLUSH", "TEARDOWN"], fake.Methods.TakeLast(2));
    }

    [Fact]
    public void A_sender_that_is_disposed_while_it_plays_flushes_first()
    {
        (Stage stage, FakeReceiver fake) = Set();
        stage.World.Run(async () =>
        {
            RaopSender sender = await stage.ConnectAsync();
            Task playing = sender.PlayAsync(new ArraySource(Music.Frames(44_100 * 9)));
            await stage.WaitAsync(1);
            await sender.DisposeAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => playing);
        });
        Assert.Equal(["FLUSH", "TEARDOWN"], fake.Methods.TakeLast(2));
    }

    [Fact]
    public void Calls_at_the_same_time_wait_for_each_other()
    {
        (Stage stage, FakeReceiver fake) = Set();
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await stage.ConnectAsync();
            await Task.WhenAll(Enumerable.Range(1, 5).Select(i => sender.SetVolumeAsync(-i)));
        });
        Assert.Equal(["0", "-1", "-2", "-3", "-4", "-5"], fake.Requests.Where(r => r.Method == "SET_PARAMETER")
            .Select(r => Encoding.ASCII.GetString(r.Body.Span)["volume: ".Length..].Split('.')[0]));
    }

    [Fact]
    public void A_sender_knows_its_volume_and_refuses_what_is_none()
    {
        (Stage stage, FakeReceiver fake) = Set();
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await stage.ConnectAsync();
            Assert.Equal(RaopVolume.Full, sender.Volume);
            await sender.SetVolumeAsync(-40);
            Assert.Equal(RaopVolume.Softest, sender.Volume);
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => sender.SetVolumeAsync(double.NaN));
            Assert.Equal(RaopVolume.Softest, sender.Volume);
        });
        Assert.Equal(2, fake.Methods.Count(static method => method == "SET_PARAMETER"));
        Assert.Throws<ArgumentOutOfRangeException>(static () => new RaopSenderOptions { Volume = double.NaN });
        Assert.Throws<ArgumentOutOfRangeException>(static () => new RaopGroupOptions { Volume = double.NaN });
        Assert.Throws<ArgumentOutOfRangeException>(static () => new RaopMemberOptions { Volume = double.NaN });
    }

    [Fact]
    public void A_reply_that_nobody_waits_for_any_more_is_not_taken_for_the_next()
    {
        (Stage stage, _) = Set();
        stage.World.Run(async () =>
        {
            var options = new RaopSenderOptions { TimeProvider = stage.SenderHost.Clock };
            await using var client = new RtspClient(
                await stage.SenderHost.Network.ConnectAsync(Stage.Address), options, TaskCreationOptions.None, NullLogger.Instance);
            using var stop = new CancellationTokenSource();
            Task<RtspResponse> given = client.SendAsync(new RtspRequest("OPTIONS", "*", new RtspHeaders()), stop.Token).AsTask();
            stop.Cancel();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
            RtspResponse second = await client.SendAsync(new RtspRequest("OPTIONS", "*", new RtspHeaders()), CancellationToken.None);
            Assert.Equal("2", second.CSeq);
        });
    }

    [Fact]
    public void An_error_of_the_play_list_during_a_pause_is_told()
    {
        (Stage stage, _) = Set();
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await stage.ConnectAsync();
            Task playing = sender.PlayListAsync(Sources());
            await stage.WaitAsync(1);
            await sender.PauseAsync();
            await sender.ResumeAsync();
            Assert.Equal(RaopError.FileNotFound, (await Assert.ThrowsAsync<RaopException>(() => playing)).Error);
        });

        async IAsyncEnumerable<Raop.Audio.IPcmSource> Sources()
        {
            yield return new ArraySource(Music.Frames(44_100));
            await stage.WaitAsync(3);
            throw new RaopException(RaopError.FileNotFound, "The second is missing.");
        }
    }

    [Theory]
    [InlineData(500)]
    [InlineData(520)]
    public void SETUP_is_tried_twice_when_the_receiver_stumbles(int status)
    {
        (Stage stage, FakeReceiver fake) = Set();
        fake.Answer = (request, response) => request.Method == "SETUP" && fake.Methods.Count(m => m == "SETUP") == 1 ? RtspResponse.To(request, status) : response;
        stage.World.Run(async () => await (await stage.ConnectAsync()).DisposeAsync());
        Assert.Equal(2, fake.Methods.Count(m => m == "SETUP"));
    }

    private static (Stage Stage, FakeReceiver Fake) Set()
    {
        var stage = new Stage();
        return (stage, new FakeReceiver(stage.ReceiverHost));
    }

    private static RaopException Fails(Stage stage, RaopSenderOptions? options = null)
    {
        RaopException? error = null;
        stage.World.Run(async () => error = await Assert.ThrowsAsync<RaopException>(() => stage.ConnectAsync(options)));
        return error!;
    }

    private static bool Signed(RtspRequest request, DigestForm form)
    {
        if (!DigestAuthorization.TryParse(request.Headers["Authorization"], out DigestAuthorization? given)) return false;
        Assert.True(DigestChallenge.TryParse($"Digest realm=\"raop\", nonce=\"{given.Nonce}\"" + (form == DigestForm.Rfc2617 ? ", qop=\"auth\"" : ""), out DigestChallenge? challenge));
        int count = given.NonceCount is null ? 1 : Convert.ToInt32(given.NonceCount, 16);
        string right = Digest.Respond(form, "iTunes", "TuneItUp", request.Method, request.Uri, challenge, given.ClientNonce, count);
        return right == request.Headers["Authorization"];
    }

    private static RtspResponse Asked(RtspRequest request, string challenge, bool hasServer)
    {
        RtspResponse response = RtspResponse.To(request, 401);
        response.Headers.Add("WWW-Authenticate", challenge);
        if (hasServer) response.Headers.Add("Server", "AirTunes/105.1");
        return response;
    }
}
