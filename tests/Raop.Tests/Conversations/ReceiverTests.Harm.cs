using System.Buffers;
using System.Net;
using Raop.Network;
using Raop.Receiving;
using Raop.Rtsp;
using Raop.Security;
using Raop.Tests.Fakes;

namespace Raop.Tests.Conversations;

/// <summary>Senders, sinks and handlers that do harm: it stays theirs (docs/protocol/limits.md).</summary>
public sealed partial class ReceiverTests
{
    [Fact]
    public void A_format_that_the_sink_refuses_ends_the_session_alone()
    {
        var stage = new Stage();
        stage.Sink.Only = Raop.Audio.PcmFormat.AirTunes;
        On(stage, async (_, client) =>
        {
            await client.AskAsync(Announce, Sdp.Replace("44100", "48000", StringComparison.Ordinal));
            await client.AskAsync(SetUp);
            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());
            Assert.Equal(RaopEndCause.OutputFailed, stage.Ended.Cause);
            await using RaopSender next = await stage.ConnectAsync();
            await next.PlayAsync(new ArraySource(Music.Frames(10_000)));
        });
        Assert.Equal(Music.Frames(10_000), stage.Sink.Pcm);
    }

    [Fact]
    public void A_sink_that_throws_what_it_likes_fails_the_receiver()
    {
        var stage = new Stage();
        (stage.Sink.FailAt, stage.Sink.Failure) = (0, new IOException("unplugged"));
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive();
            await using RaopSender sender = await stage.ConnectAsync();
            await Assert.ThrowsAsync<RaopException>(() => sender.PlayAsync(new ArraySource(Music.Frames(44_100))));
            RaopException e = await Assert.ThrowsAsync<RaopException>(() => receiver.Completion);
            Assert.Equal((RaopError.OutputFailed, true), (e.Error, e.Message.Contains("unplugged", StringComparison.Ordinal)));
        });
    }

    [Fact]
    public void A_handler_that_throws_harms_nobody()
    {
        var stage = new Stage();
        stage.World.Run(async () =>
        {
            var options = new RaopReceiverOptions { TimeProvider = stage.ReceiverHost.Clock, Listen = new IPEndPoint(IPAddress.IPv6Any, 5000) };
            await using RaopReceiver receiver = RaopReceiver.Start(
                stage.ReceiverHost.Network, stage.Sink, options, static _ => throw new InvalidOperationException("the user's"), change: null);
            for (int i = 0; i < 2; i++)
            {
                await using RaopSender sender = await stage.ConnectAsync();
                await sender.PlayAsync(new ArraySource(Music.Frames(10_000)));
            }
        });
        Assert.Equal(20_000 * 4, stage.Sink.Pcm.Length);
    }

    [Fact]
    public void The_sink_has_one_user_at_a_time_even_after_a_breach_of_protocol()
    {
        var stage = new Stage();
        var gate = new TaskCompletionSource();
        stage.Sink.Gate = gate.Task;
        On(stage, async (_, client) =>
        {
            await client.AskAsync(Announce, Sdp);
            RtspResponse setup = await client.AskAsync(SetUp);
            await client.AskAsync(Record);
            Assert.True(TransportHeader.TryParse(setup.Headers["Transport"], out TransportHeader? transport));
            await using IStreamConnection audio = await stage.SenderHost.Network.ConnectAsync(new IPEndPoint(Stage.Address.Address, transport.ServerPort!.Value));
            await WriteAsync(audio, [.. Convert.FromHexString("2400001880600007000000000000000120001200000000000000000001"), .. new byte[8]]);
            await stage.WaitAsync(2);
            await WriteAsync(audio, "garbage"u8.ToArray());
            await stage.WaitAsync(1);
            await using WireClient next = await WireClient.ConnectAsync(stage.SenderHost.Network, Stage.Address);
            Task<RtspResponse> announcing = next.AskAsync(Announce, Sdp);
            await stage.WaitAsync(1);
            gate.SetResult();
            Assert.Equal(200, (await announcing).StatusCode);
            Assert.Equal(200, (await next.AskAsync(SetUp)).StatusCode);
            await stage.WaitAsync(1);
            Assert.Equal(RaopEndCause.ProtocolViolation, stage.Ended.Cause);
        });
        Assert.Equal((2, false), (stage.Sink.Starts, stage.Sink.WasStartedInWrite));

        static async Task WriteAsync(IStreamConnection audio, byte[] bytes)
        {
            audio.Output.Write(bytes);
            await audio.Output.FlushAsync();
        }
    }

    [Theory]
    [InlineData("2401000400000000")] // whole packets of another channel
    [InlineData("24")] // and bytes of one that never gets whole
    public void What_a_sender_leaves_behind_does_not_hold_the_player(string drip) => On(new Stage(), async (stage, client) =>
    {
        await client.AskAsync(Announce, Sdp);
        RtspResponse setup = await client.AskAsync(SetUp);
        await client.AskAsync(Record);
        Assert.True(TransportHeader.TryParse(setup.Headers["Transport"], out TransportHeader? transport));
        await using IStreamConnection audio = await stage.SenderHost.Network.ConnectAsync(new IPEndPoint(Stage.Address.Address, transport.ServerPort!.Value));
        if (drip.Length == 2) audio.Output.Write(Convert.FromHexString("24004000"));
        bool stop = false;
        Task dripping = DripAsync();
        await stage.WaitAsync(1);
        await client.AskAsync("TEARDOWN rtsp://10.0.1.101/1 RTSP/1.0");
        await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any(), 2);
        stop = true;
        await dripping;

        async Task DripAsync()
        {
            while (!stop)
            {
                audio.Output.Write(Convert.FromHexString(drip));
                await audio.Output.FlushAsync();
                await stage.WaitAsync(0.1);
            }
        }
    });

    [Fact]
    public void A_flood_of_requests_is_slowed_down() => On(new Stage(), async (stage, client) =>
    {
        TimeSpan start = stage.World.Now;
        for (int i = 0; i < 500; i++) await client.AskAsync("OPTIONS * RTSP/1.0");
        Assert.InRange((stage.World.Now - start).TotalSeconds, 3.5, 6);
    });

    [Fact]
    public void One_address_cannot_take_all_connections()
    {
        var stage = new Stage();
        var other = stage.World.AddHost("other", "10.0.1.50");
        On(stage, async (_, client) =>
        {
            for (int i = 0; i < 40; i++) await WireClient.ConnectAsync(stage.SenderHost.Network, Stage.Address);
            await using WireClient honest = await WireClient.ConnectAsync(other.Network, Stage.Address);
            Assert.Equal(200, (await honest.AskAsync("OPTIONS * RTSP/1.0")).StatusCode);
        });
    }

    [Fact]
    public void Without_the_password_a_connection_ends_after_half_a_minute() => On(new Stage(), new RaopReceiverOptions { Password = "secret" }, async (stage, client) =>
    {
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(401, (await client.AskAsync("OPTIONS * RTSP/1.0")).StatusCode);
            await stage.WaitAsync(9);
        }

        Assert.Null(await client.ReadAsync());
        Assert.InRange(stage.World.Now.TotalSeconds, 29, 31);
    });

    [Fact]
    public void A_nonce_is_good_for_its_address_alone_however_many_are_given_out()
    {
        var door = new Doorkeeper("secret", TimeProvider.System);
        IPAddress one = IPAddress.Parse("10.0.0.1"), two = IPAddress.Parse("10.0.0.2");
        Assert.True(DigestChallenge.TryParse(door.Challenge(one), out DigestChallenge? challenge));
        for (int i = 0; i < 1000; i++) door.Challenge(two);
        string signed = Digest.Respond(DigestForm.LowerHex, "iTunes", "secret", "OPTIONS", "*", challenge);
        Assert.Equal(Admission.Ask, door.Check(two, "OPTIONS", "*", signed));
        Assert.Equal(Admission.Granted, door.Check(one, "OPTIONS", "*", signed));
        Assert.Equal(Admission.Ask, door.Check(one, "OPTIONS", "*", null));
        Assert.Equal(Admission.Granted, door.Check(one, "ANNOUNCE", "rtsp://x/1", null));
        Assert.Equal(Admission.Ask, door.Check(one, "OPTIONS", "*", signed.Replace(challenge.Nonce, new string('0', 32), StringComparison.Ordinal)));
    }

    [Fact]
    public void A_receiver_that_is_stopped_tells_of_the_session_first()
    {
        var stage = new Stage();
        stage.World.Run(async () =>
        {
            RaopReceiver receiver = stage.Receive();
            await using RaopSender sender = await stage.ConnectAsync();
            Task playing = sender.PlayAsync(new ArraySource(Music.Frames(44_100 * 9)));
            await stage.WaitAsync(2);
            await receiver.DisposeAsync();
            Assert.Equal(RaopEndCause.Stopped, stage.Ended.Cause);
            await Assert.ThrowsAsync<RaopException>(() => playing);
        });
    }

    [Fact]
    public void SETUP_after_FLUSH_gives_the_same_port_again() => On(new Stage(), async (_, client) =>
    {
        await client.AskAsync(Announce, Sdp);
        RtspResponse first = await client.AskAsync(SetUp);
        await client.AskAsync(Record);
        Assert.Equal(200, (await client.AskAsync("FLUSH rtsp://10.0.1.101/1 RTSP/1.0\nSession: 1\nRTP-Info: seq=7;rtptime=100")).StatusCode);
        Assert.Equal(first.Headers["Transport"], (await client.AskAsync(SetUp)).Headers["Transport"]);
    });

    [Fact]
    public void OPTIONS_does_not_hold_the_player_without_SETUP() => On(new Stage(), async (stage, client) =>
    {
        await client.AskAsync(Announce, Sdp);
        await stage.WaitAsync(6);
        await client.AskAsync("OPTIONS * RTSP/1.0");
        await stage.WaitAsync(5);
        Assert.Null(await client.ReadAsync());
    });
}
