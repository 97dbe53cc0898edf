using System.Buffers;
using System.Net;
using System.Text;
using Raop.Network;
using Raop.Receiving;
using Raop.Rtsp;
using Raop.Security;
using Raop.Tests.Fakes;
using Raop.Tests.Rtsp;

namespace Raop.Tests.Conversations;

/// <summary>Our receiver against senders that write what the test says.</summary>
public sealed partial class ReceiverTests
{
    private const string Sdp = "v=0\r\no=iTunes 1 0 IN IP4 10.0.1.101\r\ns=iTunes\r\nc=IN IP4 10.0.1.103\r\nt=0 0\r\nm=audio 0 RTP/AVP 96\r\n"
        + "a=rtpmap:96 AppleLossless\r\na=fmtp:96 4096 0 16 40 10 14 2 255 0 0 44100\r\n";

    private const string Announce = "ANNOUNCE rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 1\nContent-Type: application/sdp";
    private const string SetUp = "SETUP rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 2\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1;mode=record";
    private const string Record = "RECORD rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 3\nSession: 1\nRange: npt=0-\nRTP-Info: seq=7;rtptime=100";

    [Fact]
    public void The_exchange_of_iTunes_46_with_an_AirPort_Express_is_answered_byte_for_byte()
    {
        var stage = new Stage();
        var options = new RaopReceiverOptions { Server = null, AudioPort = 6000, HardwareAddress = Convert.FromHexString("001124004491") };
        Replay(stage, options, "itunes46-windows.txt", context => context.NewSessionId = () => "80B6E4C0");
        Assert.Equal(0, stage.Events.OfType<RaopVolumeChanged>().Single().Volume);
        Assert.Equal(RaopEndCause.Teardown, stage.Ended.Cause);
    }

    [Fact]
    public void The_exchange_with_the_password_TuneItUp_is_answered_byte_for_byte() => Replay(
        new Stage(), new RaopReceiverOptions { Server = null, Password = "TuneItUp" }, "itunes46-password.txt",
        context => context.Doorkeeper = new Doorkeeper("TuneItUp", TimeProvider.System) { FixedNonce = "8A000000F689AF0BBD1A871E728A0116EE7C5933" });

    [Theory]
    [InlineData("SETUP rtsp://x/1 RTSP/1.0\nCSeq: 1\nTransport: RTP/AVP/TCP", 455)]
    [InlineData("RECORD rtsp://x/1 RTSP/1.0\nCSeq: 1", 455)]
    [InlineData("FLUSH rtsp://x/1 RTSP/1.0\nCSeq: 1", 455)]
    [InlineData("PAUSE rtsp://x/1 RTSP/1.0\nCSeq: 1", 455)]
    [InlineData("TEARDOWN rtsp://x/1 RTSP/1.0\nCSeq: 1", 200)]
    [InlineData("OPTIONS * RTSP/1.0", 200)]
    [InlineData("SET_PARAMETER rtsp://x/1 RTSP/1.0\nCSeq: 1", 200)]
    [InlineData("GET_PARAMETER rtsp://x/1 RTSP/1.0\nCSeq: 1", 200)]
    [InlineData("GET /info RTSP/1.0\nCSeq: 1", 404)]
    [InlineData("POST /auth-setup HTTP/1.1\nCSeq: 1", 404)]
    [InlineData("POST * RTSP/1.0\nCSeq: 1", 405)]
    [InlineData("DESCRIBE rtsp://x/1 RTSP/1.0\nCSeq: 1", 501)]
    [InlineData("NONSENSE", 400)]
    [InlineData("OPTIONS * RTSP/2.0\nCSeq: 1", 505)]
    public void Without_a_stream_each_method_has_its_status(string request, int status) => On(new Stage(), async (_, client) =>
        Assert.Equal(status, (await client.AskAsync(request)).StatusCode));

    [Theory]
    [InlineData("", 400)]
    [InlineData("hello", 400)]
    [InlineData("v=0\r\nm=audio 0 RTP/AVP 96\r\na=rtpmap:96 mpeg4-generic/44100/2\r\n", 415)]
    [InlineData("v=0\r\nm=audio 0 RTP/AVP 96\r\na=rtpmap:96 L16/44100/9\r\n", 415)]
    [InlineData("v=0\r\nm=audio 0 RTP/AVP 96\r\na=rtpmap:96 AppleLossless\r\na=fmtp:96 4096 0 16 40 10 14 2 255 0 0 50\r\n", 415)]
    [InlineData("v=0\r\nm=audio 0 RTP/AVP 96\r\na=rtpmap:96 AppleLossless\r\na=fmtp:96 4096 0 16 40 10 14 2 255 0 0 384000\r\n", 415)]
    [InlineData(Sdp + "a=aesiv:AAAAAAAAAAAAAAAAAAAAAA\r\n", 456)]
    [InlineData(Sdp + "a=fpaeskey:RlBMWQECAgEAAAAA\r\na=aesiv:AAAAAAAAAAAAAAAAAAAAAA\r\n", 406)]
    [InlineData(Sdp, 200)]
    public void Announcements_that_cannot_be_played_are_refused(string sdp, int status) => On(new Stage(), async (_, client) =>
        Assert.Equal(status, (await client.AskAsync(Announce, sdp)).StatusCode));

    [Fact]
    public void With_a_stream_each_mistake_has_its_status() => On(new Stage(), async (_, client) =>
    {
        await client.AskAsync(Announce, Sdp);
        Assert.Equal(455, (await client.AskAsync(Record)).StatusCode);
        Assert.Equal(451, (await client.AskAsync("SETUP rtsp://x/1 RTSP/1.0\nCSeq: 2")).StatusCode);
        Assert.Equal(461, (await client.AskAsync("SETUP rtsp://x/1 RTSP/1.0\nCSeq: 2\nTransport: RTP/SAVP;unicast")).StatusCode);
        RtspResponse setup = await client.AskAsync(SetUp);
        Assert.Equal(200, setup.StatusCode);
        Assert.Equal(setup.Headers["Transport"], (await client.AskAsync(SetUp)).Headers["Transport"]);
        Assert.Equal(454, (await client.AskAsync("RECORD rtsp://x/1 RTSP/1.0\nCSeq: 3\nSession: DEADBEEF")).StatusCode);
        Assert.Equal(200, (await client.AskAsync(Record)).StatusCode);
        Assert.Equal(451, (await client.AskAsync("SET_PARAMETER rtsp://x/1 RTSP/1.0\nContent-Type: text/parameters", "volume: loud\r\n")).StatusCode);
        Assert.Equal(451, (await client.AskAsync("SET_PARAMETER rtsp://x/1 RTSP/1.0\nContent-Type: text/parameters", "colour: red\r\n")).StatusCode);
        Assert.Equal(200, (await client.AskAsync("SET_PARAMETER rtsp://x/1 RTSP/1.0\nContent-Type: text/parameters", "volume: -12")).StatusCode);
        RtspResponse volume = await client.AskAsync("GET_PARAMETER rtsp://x/1 RTSP/1.0\nContent-Type: text/parameters", "volume\r\n");
        Assert.Equal("volume: -12.000000\r\n", Encoding.ASCII.GetString(volume.Body.Span));
        Assert.Equal(405, (await client.AskAsync("POST rtsp://x/1 RTSP/1.0")).StatusCode);
        Assert.Equal(455, (await client.AskAsync(Announce, Sdp)).StatusCode);
        RtspResponse teardown = await client.AskAsync("TEARDOWN rtsp://x/1 RTSP/1.0");
        Assert.Equal((200, "close", "connected; type=analog"), (teardown.StatusCode, teardown.Headers["Connection"], teardown.Headers["Audio-Jack-Status"]));
        Assert.Null(await client.ReadAsync());
    });

    [Fact]
    public void A_second_sender_is_refused_while_the_first_plays()
    {
        var stage = new Stage();
        On(stage, async (_, first) =>
        {
            await first.AskAsync(Announce, Sdp);
            await using WireClient second = await WireClient.ConnectAsync(stage.SenderHost.Network, Stage.Address);
            Assert.Equal(453, (await second.AskAsync(Announce, Sdp)).StatusCode);
            Assert.Equal(453, stage.Events.OfType<RaopSenderRefused>().Single().Status);
            await first.DisposeAsync(); // never set up: free at once
            await stage.WaitAsync(0.1);
            Assert.Equal(200, (await second.AskAsync(Announce, Sdp)).StatusCode);
        });
    }

    [Fact]
    public void A_second_sender_takes_over_if_told()
    {
        var stage = new Stage();
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive(new RaopReceiverOptions { TakeOver = RaopTakeOver.Take });
            await using RaopSender first = await stage.ConnectAsync();
            Task playing = first.PlayAsync(new ArraySource(Music.Frames(44_100 * 20)));
            await stage.WaitAsync(2);
            byte[] music = Music.Frames(44_100, 9);
            int before;
            await using (RaopSender second = await stage.ConnectAsync())
            {
                RaopException lost = await Assert.ThrowsAsync<RaopException>(() => playing);
                Assert.Equal(RaopError.ConnectionLost, lost.Error);
                before = stage.Sink.Pcm.Length;
                await second.PlayAsync(new ArraySource(music));
            }

            Assert.Equal(music, stage.Sink.Pcm[before..]);
            Assert.Equal(RaopEndCause.TakenOver, stage.Events.OfType<RaopSessionEnded>().First().Cause);
        });
    }

    [Theory]
    [InlineData(null, RaopError.PasswordRequired)]
    [InlineData("wrong", RaopError.WrongPassword)]
    [InlineData("secret", null)]
    public void A_password_is_asked_for(string? password, RaopError? expected)
    {
        var stage = new Stage();
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive(new RaopReceiverOptions { Password = "secret" });
            Task<RaopSender> connecting = stage.ConnectAsync(new RaopSenderOptions { Password = password });
            if (expected is null)
            {
                await using RaopSender sender = await connecting;
                Assert.True(sender.Receiver.PasswordUsed);
                await sender.PlayAsync(new ArraySource(Music.Frames(10_000)));
            }
            else
            {
                Assert.Equal(expected, (await Assert.ThrowsAsync<RaopException>(() => connecting)).Error);
            }
        });
        Assert.Equal(expected is null ? Music.Frames(10_000) : [], stage.Sink.Pcm);
    }

    [Fact]
    public void Guessing_is_locked_out_for_a_minute()
    {
        var stage = new Stage();
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive(new RaopReceiverOptions { Password = "secret" });
            for (int guess = 0; guess < 5; guess++)
            {
                await Assert.ThrowsAsync<RaopException>(() => stage.ConnectAsync(new RaopSenderOptions { Password = "guess" + guess }));
            }

            var right = new RaopSenderOptions { Password = "secret" };
            RaopException locked = await Assert.ThrowsAsync<RaopException>(() => stage.ConnectAsync(right));
            Assert.Equal(RaopError.Rejected, locked.Error);
            Assert.Contains("403", locked.Message, StringComparison.Ordinal);
            await stage.WaitAsync(61);
            await using RaopSender sender = await stage.ConnectAsync(right);
        });
    }

    [Fact]
    public void PulseAudio_signs_OPTIONS_on_one_connection_and_announces_on_the_next()
    {
        var stage = new Stage();
        On(stage, new RaopReceiverOptions { Password = "secret" }, async (_, first) =>
        {
            await SignAsync(first, "OPTIONS", "*");
            await first.DisposeAsync();
            await using WireClient second = await WireClient.ConnectAsync(stage.SenderHost.Network, Stage.Address);
            Assert.Equal(200, (await second.AskAsync(Announce, Sdp)).StatusCode);
            await second.AskAsync(SetUp);
            await second.AskAsync(Record);
            await stage.WaitAsync(31); // the session's connection stays admitted, a new one is asked again
            Assert.Equal(200, (await second.AskAsync("OPTIONS * RTSP/1.0")).StatusCode);
            await using WireClient third = await WireClient.ConnectAsync(stage.SenderHost.Network, Stage.Address);
            Assert.Equal(401, (await third.AskAsync(Announce, Sdp)).StatusCode);
        });
    }

    [Fact]
    public void ITunes_leaves_on_a_401_and_signs_with_its_nonce_on_the_next_connection()
    {
        var stage = new Stage();
        On(stage, new RaopReceiverOptions { Password = "secret" }, async (_, first) =>
        {
            RtspResponse asked = await first.AskAsync("OPTIONS * RTSP/1.0");
            await first.DisposeAsync();
            await using WireClient second = await WireClient.ConnectAsync(stage.SenderHost.Network, Stage.Address);
            Assert.Equal(200, (await second.AskAsync($"OPTIONS * RTSP/1.0\nAuthorization: {Signed(asked, "OPTIONS", "*")}")).StatusCode);
        });
    }

    [Fact]
    public void PipeWire_repeats_the_signature_of_OPTIONS_on_every_request() => On(
        new Stage(), new RaopReceiverOptions { Password = "secret" }, async (_, client) =>
        {
            string signature = await SignAsync(client, "OPTIONS", "*");
            Assert.Equal(200, (await client.AskAsync(Announce + "\nAuthorization: " + signature, Sdp)).StatusCode);
            Assert.Equal(200, (await client.AskAsync(SetUp + "\nAuthorization: " + signature)).StatusCode);
        });

    [Fact]
    public void Silence_before_a_session_closes_the_connection() => On(new Stage(), async (stage, client) =>
    {
        DateTimeOffset start = stage.World.Clock.GetUtcNow();
        Assert.Null(await client.ReadAsync());
        Assert.InRange((stage.World.Clock.GetUtcNow() - start).TotalSeconds, 9.9, 10.2);
    });

    [Fact]
    public void ANNOUNCE_without_SETUP_frees_the_player() => On(new Stage(), async (stage, client) =>
    {
        await client.AskAsync(Announce, Sdp);
        Assert.Null(await client.ReadAsync());
        await using WireClient next = await WireClient.ConnectAsync(stage.SenderHost.Network, Stage.Address);
        Assert.Equal(200, (await next.AskAsync(Announce, Sdp)).StatusCode);
    });

    [Fact]
    public void A_session_without_a_sign_of_life_times_out()
    {
        var stage = new Stage();
        On(stage, new RaopReceiverOptions { SessionTimeout = TimeSpan.FromSeconds(20) }, async (_, client) =>
        {
            await client.AskAsync(Announce, Sdp);
            await client.AskAsync(SetUp);
            await client.AskAsync(Record);
            Assert.Null(await client.ReadAsync());
            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());
            Assert.Equal(RaopEndCause.Timeout, stage.Ended.Cause);
        });
    }

    [Fact]
    public void A_sender_that_is_killed_leaves_the_receiver_free()
    {
        var stage = new Stage();
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive();
            RaopSender sender = await stage.ConnectAsync();
            byte[] music = Music.Frames(44_100 * 20);
            _ = sender.PlayAsync(new ArraySource(music)).ContinueWith(static t => t.Exception, TaskScheduler.Default);
            await stage.WaitAsync(3);
            stage.SenderHost.Kill();
            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any(), 10);
            Assert.Equal(RaopEndCause.ConnectionClosed, stage.Ended.Cause);
            Assert.Equal(music[..stage.Sink.Pcm.Length], stage.Sink.Pcm);
        });
    }

    [Fact]
    public void A_sink_that_fails_ends_the_session_and_the_receiver()
    {
        var stage = new Stage();
        stage.Sink.FailAt = 44_100;
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive();
            await using RaopSender sender = await stage.ConnectAsync();
            await Assert.ThrowsAsync<RaopException>(() => sender.PlayAsync(new ArraySource(Music.Frames(44_100 * 9))));
            Assert.Equal(RaopError.OutputFailed, (await Assert.ThrowsAsync<RaopException>(() => receiver.Completion)).Error);
            Assert.Equal(RaopEndCause.OutputFailed, stage.Ended.Cause);
        });
    }

    [Fact]
    public void More_connections_than_allowed_are_closed_and_the_first_live_on()
    {
        var stage = new Stage();
        On(stage, new RaopReceiverOptions { MaxConnections = 3 }, async (_, client) =>
        {
            await client.AskAsync("OPTIONS * RTSP/1.0");
            await using WireClient b = await WireClient.ConnectAsync(stage.SenderHost.Network, Stage.Address), c = await WireClient.ConnectAsync(stage.SenderHost.Network, Stage.Address);
            await using WireClient tooMany = await WireClient.ConnectAsync(stage.SenderHost.Network, Stage.Address);
            await Assert.ThrowsAnyAsync<Exception>(() => tooMany.AskAsync("OPTIONS * RTSP/1.0"));
            Assert.Equal(200, (await c.AskAsync("OPTIONS * RTSP/1.0")).StatusCode);
            Assert.Equal(200, (await client.AskAsync("OPTIONS * RTSP/1.0")).StatusCode);
        });
    }

    [Theory]
    [InlineData(64 * 1024, 431)]
    [InlineData(0, 413)]
    public void Heads_and_bodies_have_limits(int headerLength, int status) => On(new Stage(), async (_, client) =>
    {
        string request = headerLength > 0 ? $"OPTIONS * RTSP/1.0\nX: {new string('x', headerLength)}" : "SET_PARAMETER * RTSP/1.0\nContent-Length: 9000000";
        Assert.Equal(status, (await client.AskAsync(request)).StatusCode);
        Assert.Null(await client.ReadAsync());
    });

    private static async Task<string> SignAsync(WireClient client, string method, string uri)
    {
        string signature = Signed(await client.AskAsync($"{method} {uri} RTSP/1.0"), method, uri);
        Assert.Equal(200, (await client.AskAsync($"{method} {uri} RTSP/1.0\nAuthorization: {signature}")).StatusCode);
        return signature;
    }

    private static string Signed(RtspResponse asked, string method, string uri)
    {
        Assert.Equal(401, asked.StatusCode);
        Assert.True(DigestChallenge.TryParse(asked.Headers["WWW-Authenticate"], out DigestChallenge? challenge));
        return Digest.Respond(DigestForm.LowerHex, "iTunes", "secret", method, uri, challenge);
    }

    private static void On(Stage stage, Func<Stage, WireClient, Task> conversation) => On(stage, null, conversation);

    private static void On(Stage stage, RaopReceiverOptions? options, Func<Stage, WireClient, Task> conversation) => stage.World.Run(async () =>
    {
        await using RaopReceiver receiver = stage.Receive(options);
        await using WireClient client = await WireClient.ConnectAsync(stage.SenderHost.Network, Stage.Address);
        await conversation(stage, client);
    });

    private static void Replay(Stage stage, RaopReceiverOptions options, string file, Action<ReceiverContext> change) => stage.World.Run(async () =>
    {
        await using RaopReceiver receiver = stage.Receive(options, change);
        await using IStreamConnection connection = await stage.SenderHost.Network.ConnectAsync(Stage.Address);
        var client = new WireClient(connection);
        foreach ((bool fromSender, byte[] bytes) in Exchange.Load(file))
        {
            if (fromSender)
            {
                await client.SendAsync(bytes);
                continue;
            }

            var answer = await connection.Input.ReadAtLeastAsync(bytes.Length);
            Assert.Equal(Encoding.UTF8.GetString(bytes), Encoding.UTF8.GetString(answer.Buffer));
            connection.Input.AdvanceTo(answer.Buffer.End);
        }

        await stage.WaitAsync(1);
    });
}
