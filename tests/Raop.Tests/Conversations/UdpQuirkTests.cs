using System.Net;
using System.Text;
using Raop.Rtp;
using Raop.Rtsp;
using Raop.Tests.Fakes;

namespace Raop.Tests.Conversations;

/// <summary>Habits of other people's senders over UDP, one test each.</summary>
public sealed class UdpQuirkTests
{
    private static readonly byte[] Song = Music.Frames(44_100 * 4);

    [Fact]
    public void PulseAudio_answers_for_the_time_before_it_is_asked() => Play(sender => sender.SendTiming(
        Convert.FromHexString("80d30007000000000000000000000000e9c2f1a200000000e9c2f1a200000000")));

    [Fact]
    public void PulseAudio_leaves_without_TEARDOWN() => Play(ending: sender => sender.DisposeAsync().AsTask(), cause: RaopEndCause.ConnectionClosed);

    [Fact]
    public void Node_airtunes2_tears_down_without_a_URI() => Play(ending: sender => sender.AskAsync("TEARDOWN  RTSP/1.0\nCSeq: 9\nSession: 1"));

    [Fact]
    public void Node_airtunes2_never_ends_its_second_OPTIONS()
    {
        var stage = new Stage();
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive(new RaopReceiverOptions { Password = "secret" });
            await using WireClient first = await WireClient.ConnectAsync(stage.SenderHost.Network, Stage.Address);
            Assert.Equal(401, (await first.AskAsync("OPTIONS * RTSP/1.0\nCSeq: 0")).StatusCode);
            await first.SendAsync(Encoding.ASCII.GetBytes("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nAuthorization: Digest username=\"iTunes\"")); // and there it stays
            await stage.WaitAsync(0.5);
            await using WireClient second = await WireClient.ConnectAsync(stage.SenderHost.Network, Stage.Address);
            Assert.Equal(401, (await second.AskAsync("OPTIONS * RTSP/1.0\nCSeq: 0")).StatusCode); // others are served meanwhile
            await stage.WaitAsync(31);
            Assert.Null(await first.ReadAsync()); // given up, without an answer to half a request
        });
    }

    [Fact]
    public void Pyatv_begins_with_info_and_records_without_RTP_Info() => Play(
        prepare: sender =>
        {
            sender.RecordHasInfo = false;
            sender.UserAgent = "AirPlay/550.10";
            sender.Sdp = "a=rtpmap:96 L16/44100/2\r\na=fmtp:96 352 0 16 40 10 14 2 255 0 0 44100\r\n"; // rtpmap decides
        },
        opened: async sender =>
        {
            Assert.Equal(404, (await sender.Rtsp.AskAsync("GET /info RTSP/1.0\nCSeq: 4")).StatusCode);
            await sender.AskAsync($"FLUSH rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 5\nRTP-Info: seq={sender.SequenceStart};rtptime={sender.RtpStart}");
            await sender.AskAsync("SET_PARAMETER rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 6\nContent-Type: text/parameters", "volume: 0");
        });

    [Fact]
    public void The_session_number_is_decimal_as_pyatv_wants_it() => Play(opened: sender =>
    {
        Assert.True(sender.Transport!.ServerPort > 0 && sender.Transport.ControlPort > 0 && sender.Transport.TimingPort > 0); // PulseAudio wants all three
        Assert.Matches("^[0-9]+$", sender.SessionId);
        return Task.CompletedTask;
    });

    [Fact]
    public void Libraop_gets_no_empty_answer_to_auth_setup()
    {
        var stage = new Stage();
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive();
            await using WireClient client = await WireClient.ConnectAsync(stage.SenderHost.Network, Stage.Address);
            RtspResponse response = await client.AskAsync("POST /auth-setup RTSP/1.0\nCSeq: 1\nContent-Type: application/octet-stream", "\u0001" + new string('x', 32));
            Assert.Equal(404, response.StatusCode);
        });
    }

    [Fact]
    public void IOS_flushes_right_after_RECORD() => Play(opened: async sender =>
        await sender.AskAsync($"FLUSH rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 5\nRTP-Info: seq={sender.SequenceStart};rtptime={sender.RtpStart}"));

    [Fact]
    public void IOS_says_in_eight_bytes_that_it_has_a_packet_no_more() => Play(sender => sender.SendControl([0x80, 0xD6, 0, 1, 0x80, 0x60, 0, 8]));

    [Fact]
    public void TuneBlade_never_marks_its_first_sync() => Play(prepare: sender => sender.MarksFirstSync = false);

    [Fact]
    public void ITunes_has_a_clock_of_44_096_frames_a_second() => Play(prepare: sender => sender.Rate = 44_096.5);

    [Fact]
    public void OwnTone_sends_again_to_the_audio_port() => Play(prepare: sender => sender.ResendsToAudioPort = true, loss: 0.05);

    [Theory]
    [InlineData("AirPlay/353", 11_025)]
    [InlineData("AirPlay/360.4.1", 0)]
    [InlineData("AirPlay/371", 11_025)]
    [InlineData("iTunes/12.6", 11_025)]
    public void MacOS_of_2018_leaves_no_250_ms_to_the_receiver(string userAgent, int frames) => Play(
        prepare: sender => sender.UserAgent = userAgent, offMs: (frames - 11_025) / 44.1);

    [Fact]
    public void A_sender_whose_clock_cannot_be_asked_plays_by_arrival() => Play(prepare: sender => sender.AnswersTime = false, offMs: 2, within: 1);

    [Fact]
    public void Datagrams_of_strangers_and_nonsense_change_nothing() => Play(sender =>
    {
        for (int length = 0; length < 64; length++)
        {
            byte[] nonsense = new byte[length];
            new Random(length).NextBytes(nonsense);
            if (length > 1) nonsense[0] = 0x80;
            sender.SendAudio(nonsense);
            sender.SendControl(nonsense);
            sender.SendTiming(nonsense);
        }

        // A packet of the right kind from far away, and answers that nobody asked for.
        sender.SendAudio([0x80, 0x60, 0x9C, 0x40, 0, 0, 0, 1, 0, 0, 0, 0, .. new byte[1408]]);
        byte[] reply = new byte[TimingPacket.Size];
        new TimingPacket(IsReply: true, 7, 12345, 1UL << 60, 1UL << 60).WriteTo(reply);
        sender.SendTiming(reply);
    });

    /// <summary>Plays four seconds and expects every frame, in time.</summary>
    private static void Play(
        Action<UdpScriptSender>? meanwhile = null, Action<UdpScriptSender>? prepare = null, Func<UdpScriptSender, Task>? opened = null,
        Func<UdpScriptSender, Task>? ending = null, RaopEndCause cause = RaopEndCause.Teardown, double loss = 0, double offMs = 0, double within = 0.05)
    {
        var stage = new Stage();
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive();
            await using var sender = new UdpScriptSender(stage.SenderHost, IPAddress.Parse("10.0.1.103"));
            prepare?.Invoke(sender);
            await sender.OpenAsync(Stage.Address);
            if (opened is not null) await opened(sender);
            stage.World.Between(stage.SenderHost, stage.ReceiverHost, path => path.Loss = loss);
            sender.BeginLine();
            Task playing = sender.PlayAsync(Song);
            await stage.WaitAsync(1);
            meanwhile?.Invoke(sender);
            await playing;
            await sender.WaitUntilHeardAsync(Song.Length / 4);
            stage.World.Between(stage.SenderHost, stage.ReceiverHost, path => path.Loss = 0);
            if (ending is not null) await ending(sender);
            else await sender.AskAsync("TEARDOWN rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 9");
            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any(), 60);

            Assert.Equal(Song, stage.Sink.Pcm);
            Assert.Equal(cause, stage.Ended.Cause);
            Assert.All(UdpReceiverTests.Errors(stage, sender), error => Assert.InRange(error, offMs - within, offMs + within));
        });
    }
}
