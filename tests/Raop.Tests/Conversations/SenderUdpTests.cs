using System.Net;
using Raop.Network;
using Raop.Rtp;
using Raop.Rtsp;
using Raop.Sdp;
using Raop.Tests.Fakes;
using Raop.Tests.Simulation;

namespace Raop.Tests.Conversations;

/// <summary>Our sender over UDP against a receiver that hears to the instant.</summary>
public sealed partial class SenderUdpTests
{
    private const int Second = 44_100;

    [Theory]
    [InlineData(RaopEncryption.Rsa, RaopCodec.Alac, 100_000)]
    [InlineData(RaopEncryption.None, RaopCodec.Alac, 100_000)]
    [InlineData(RaopEncryption.Rsa, RaopCodec.Pcm, 100_000)]
    [InlineData(RaopEncryption.Auto, RaopCodec.Auto, 352 * 100)]
    [InlineData(RaopEncryption.Auto, RaopCodec.Auto, 1)]
    public void Every_frame_is_heard_to_the_bit(RaopEncryption encryption, RaopCodec codec, int frames)
    {
        (Stage stage, FakeUdpReceiver fake) = Set();
        byte[] music = Music.Frames(frames);
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await ConnectAsync(stage, new RaopSenderOptions { Encryption = encryption, Codec = codec });
            Assert.Equal(RaopTransport.Udp, sender.Receiver.Transport);
            Assert.Equal(codec == RaopCodec.Pcm ? RaopCodec.Pcm : RaopCodec.Alac, sender.Receiver.Codec);
            Assert.Equal(encryption != RaopEncryption.None, sender.Receiver.Encrypted);
            await sender.PlayAsync(new ArraySource(music));
        });
        AssertHeard(music, fake);
        Assert.Equal(["OPTIONS", "ANNOUNCE", "SETUP", "RECORD", "SET_PARAMETER", "SET_PARAMETER", "TEARDOWN"], fake.Methods);
        Assert.Equal(codec == RaopCodec.Pcm ? SdpCodec.L16 : SdpCodec.AppleLossless, fake.Announced!.Codec);
        Assert.Equal(encryption != RaopEncryption.None, fake.Requests[0].Headers["Apple-Challenge"] is not null);
        RtpInfoHeader record = fake.Info("RECORD");
        Assert.Equal((true, record.Seq, record.RtpTime), (fake.Packets[0].Header.Marker, fake.Packets[0].Header.Sequence, fake.Packets[0].Header.Timestamp));
        Assert.Equal((true, record.RtpTime), (fake.Syncs[0].Packet.IsFirst, fake.Syncs[0].Packet.Next));
    }

    [Fact]
    public void Ipv6_works_as_ipv4_does()
    {
        (Stage stage, FakeUdpReceiver fake) = Set();
        byte[] music = Music.Frames(50_000);
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await ConnectAsync(stage, address: new IPEndPoint(IPAddress.Parse("fd00::103"), 5000));
            fake.AskTheTime();
            await sender.PlayAsync(new ArraySource(music));
            Assert.True(sender.Status.TimingSeen);
        });
        AssertHeard(music, fake);
        Assert.Single(fake.TimingReplies);
    }

    [Fact]
    public void Packets_are_paced_and_every_sync_lies_on_one_line()
    {
        (Stage stage, FakeUdpReceiver fake) = Set();
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await ConnectAsync(stage);
            await sender.PlayAsync(new ArraySource(Music.Frames(Second * 12)));
        });
        Assert.InRange(fake.Syncs.Count, 17, 18); // until the last frame has been heard; three more in the first second
        (SyncPacket first, long start) = fake.Syncs[0];
        foreach ((SyncPacket sync, long at) in fake.Syncs)
        {
            double seconds = (sync.NtpTime - first.NtpTime) / 4294967296.0, frames = sync.Next - first.Next;
            Assert.InRange(frames - (seconds * Second), -0.001, 0.001);
            Assert.Equal(88_200u - 11_025, sync.Next - sync.PlayNow);
            double place = (at - start) / 1e9, step = place < 0.9 ? 0.1 : 1;
            Assert.InRange(place - (Math.Round(place / step) * step), -0.002, 0.002); // on time
        }

        Assert.All(fake.Packets, p => Assert.InRange((p.Due - p.At) / 1e9, 1.99, 2.04)); // a packet is at most 32 ms early
    }

    [Theory]
    [InlineData(0.02)]
    [InlineData(0.2)]
    public void What_is_lost_is_sent_again_to_the_last_frame(double loss)
    {
        (Stage stage, FakeUdpReceiver fake) = Set();
        byte[] music = Music.Frames(Second * 10);
        var random = new Random(5);
        int last = (music.Length / 4 / 352) - 1, count = 0;
        fake.Loses = _ => random.NextDouble() < loss && count++ < last;
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await ConnectAsync(stage);
            Task playing = sender.PlayAsync(new ArraySource(music));
            await stage.WaitAsync(10.5); // all sent, the end not yet heard
            fake.AskAgain(fake.Packets[0].Header.Sequence + last - 5, 7);
            await playing;
            Assert.InRange(sender.Status.Resent, 10, 1000);
        });
        byte[] heard = [.. fake.InTime.DistinctBy(p => p.Header.Sequence).SelectMany(p => p.Pcm)];
        Assert.Equal(music, heard);
    }

    [Fact]
    public void The_time_is_told_before_SETUP_is_answered_and_to_the_receiver_alone()
    {
        (Stage stage, FakeUdpReceiver fake) = Set();
        fake.AsksTheTimeFirst = true;
        SimulatedHost stranger = stage.World.AddHost("stranger", "10.0.1.66");
        int answers = 0;
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await ConnectAsync(stage);
            Assert.Single(fake.Methods, "SETUP");
            Assert.True(TransportHeader.TryParse(fake.Requests.Single(r => r.Method == "SETUP").Headers["Transport"], out TransportHeader? ports));
            using IDatagramSocket socket = stranger.Network.Bind(new IPEndPoint(IPAddress.Any, 0));
            socket.Start((_, _, _) => answers++);
            byte[] request = new byte[TimingPacket.Size];
            new TimingPacket(false, 7, 0, 0, 1).WriteTo(request);
            socket.Send(request, new IPEndPoint(stage.SenderHost.Addresses[0], ports.TimingPort!.Value).Serialize());
            fake.AskTheTime(0xABCD);
            await stage.WaitAsync(1);
        });
        Assert.Equal(0, answers);
        TimingPacket reply = fake.TimingReplies[1].Packet;
        Assert.Equal((true, TimingPacket.UsualSequence, 0xABCDul), (reply.IsReply, reply.Sequence, reply.Origin));
        Assert.True(reply.Receive <= reply.Transmit);
    }

    [Fact]
    public void Only_the_receiver_gets_packets_again_from_whatever_port()
    {
        (Stage stage, FakeUdpReceiver fake) = Set();
        SimulatedHost stranger = stage.World.AddHost("stranger", "10.0.1.66");
        int stolen = 0, given = 0;
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await ConnectAsync(stage);
            Task playing = sender.PlayAsync(new ArraySource(Music.Frames(Second * 3)));
            await stage.WaitAsync(2);
            Assert.True(TransportHeader.TryParse(fake.Requests.Single(r => r.Method == "SETUP").Headers["Transport"], out TransportHeader? ports));
            byte[] request = new byte[ResendRequest.Size];
            new ResendRequest(1, fake.Packets[^10].Header.Sequence, 10).WriteTo(request);
            foreach (SimulatedHost host in new[] { stranger, stage.ReceiverHost })
            {
                IDatagramSocket socket = host.Network.Bind(new IPEndPoint(IPAddress.Any, 7777));
                socket.Start((_, _, _) => _ = host == stranger ? stolen++ : given++);
                socket.Send(request, new IPEndPoint(stage.SenderHost.Addresses[0], ports.ControlPort!.Value).Serialize());
            }

            await playing;
            Assert.Equal(10, sender.Status.Resent);
        });
        Assert.Equal((0, 10), (stolen, given));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_receiver_that_never_asks_for_the_time_is_noticed(bool asks)
    {
        (Stage stage, FakeUdpReceiver fake) = Set();
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await ConnectAsync(stage);
            Assert.Null(sender.Status.TimingSeen);
            if (asks) fake.AskTheTime();
            await stage.WaitAsync(3.1);
            Assert.Equal(asks, sender.Status.TimingSeen);
        });
    }

    [Theory]
    [InlineData(403, 200)]
    [InlineData(403, 500)] // some fail it and play all the same
    public void A_receiver_that_wants_auth_setup_gets_it(int refusal, int answer)
    {
        (Stage stage, FakeUdpReceiver fake) = Set();
        byte[] music = Music.Frames(10_000);
        fake.Answer = (request, response) => request.Method switch
        {
            "POST" => RtspResponse.To(request, answer),
            "ANNOUNCE" when !fake.Methods.Contains("POST") => RtspResponse.To(request, refusal),
            _ => response,
        };
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await ConnectAsync(stage);
            Assert.False(sender.Receiver.Encrypted);
            await sender.PlayAsync(new ArraySource(music));
        });
        AssertHeard(music, fake);
        RtspRequest post = fake.Requests.Single(r => r.Method == "POST");
        Assert.Equal(("/auth-setup", "application/octet-stream", 33, 1), (post.Uri, post.Headers["Content-Type"], post.Body.Length, post.Body.Span[0]));
        Assert.Equal(["OPTIONS", "ANNOUNCE", "POST", "ANNOUNCE", "SETUP"], fake.Methods.Take(5));
    }

    [Fact]
    public void Auth_setup_is_done_first_when_asked_for_and_not_at_all_when_forbidden()
    {
        (Stage stage, FakeUdpReceiver fake) = Set();
        stage.World.Run(async () => await (await ConnectAsync(stage, new RaopSenderOptions { Encryption = RaopEncryption.AuthSetup })).DisposeAsync());
        Assert.Equal(["OPTIONS", "POST", "ANNOUNCE", "SETUP"], fake.Methods.Take(4));
        Assert.Null(fake.Requests[0].Headers["Apple-Challenge"]);
        Assert.Null(fake.Announced!.EncryptedKey);
        fake.Requests.Clear();
        fake.Answer = (request, response) => request.Method == "ANNOUNCE" ? RtspResponse.To(request, 403) : response;
        Assert.Equal(RaopError.Rejected, Fails(stage, new RaopSenderOptions { AllowAuthSetup = false }).Error);
        Assert.DoesNotContain("POST", fake.Methods);
        RaopException e = Fails(stage, new RaopSenderOptions());
        Assert.Contains("auth-setup", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ports_may_be_fixed()
    {
        (Stage stage, FakeUdpReceiver fake) = Set();
        stage.World.Run(async () =>
        {
            using IDatagramSocket taken = stage.SenderHost.Network.Bind(new IPEndPoint(stage.SenderHost.Addresses[0], 6002));
            await (await ConnectAsync(stage, new RaopSenderOptions { UdpPorts = new RaopPortRange(6001, 6005) })).DisposeAsync();
            await (await ConnectAsync(stage, new RaopSenderOptions { UdpPorts = new RaopPortRange(6001, 6005) })).DisposeAsync(); // free again
            RaopException e = await Assert.ThrowsAsync<RaopException>(() => ConnectAsync(stage, new RaopSenderOptions { UdpPorts = new RaopPortRange(6001, 6002) }));
            Assert.Equal(RaopError.AddressInUse, e.Error);
            Assert.Contains("6001-6002", e.Message, StringComparison.Ordinal);
        });
        Assert.All(
            fake.Requests.Where(r => r.Method == "SETUP"),
            r => Assert.Equal("RTP/AVP/UDP;unicast;interleaved=0-1;mode=record;control_port=6001;timing_port=6003", r.Headers["Transport"]));
    }

    [Theory]
    [InlineData("RECORD", "132300", 2, 3.0)]
    [InlineData("SETUP", "132300", 2, 3.0)]
    [InlineData("RECORD", "11025", 2, 2.0)]
    [InlineData("RECORD", "2205", 0.1, 0.1)]
    [InlineData("RECORD", "2147483647", 1, 10.0)] // no more than that, whatever it says
    [InlineData("RECORD", "-5", 0.5, 0.5)]
    [InlineData("RECORD", "much", 0.5, 0.5)]
    public void The_latency_is_ours_or_what_the_receiver_needs(string method, string says, double asked, double expected)
    {
        (Stage stage, FakeUdpReceiver fake) = Set();
        byte[] music = Music.Frames(20_000);
        fake.Answer = (request, response) =>
        {
            if (request.Method == method) response.Headers.Add("Audio-Latency", says);
            return response;
        };
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await ConnectAsync(stage, new RaopSenderOptions { Latency = TimeSpan.FromSeconds(asked) });
            Assert.Equal(expected, sender.Receiver.Latency!.Value.TotalSeconds, 3);
            await sender.PlayAsync(new ArraySource(music));
        });
        AssertHeard(music, fake);
        Assert.Equal((int)(expected * Second) - 11_025, (int)(fake.Syncs[0].Packet.Next - fake.Syncs[0].Packet.PlayNow));
        Assert.InRange((fake.Packets[0].Due - fake.Packets[0].At) / 1e9, expected - 0.01, expected);
    }

    [Theory]
    [InlineData(461)]
    [InlineData(451)]
    [InlineData(501)]
    public void A_receiver_that_takes_no_UDP_is_played_to_over_TCP(int status)
    {
        var stage = new Stage();
        var fake = new FakeReceiver(stage.ReceiverHost);
        fake.Answer = (request, response) =>
            request.Method == "SETUP" && request.Headers["Transport"]!.Contains("UDP", StringComparison.Ordinal) ? RtspResponse.To(request, status) : response;
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await stage.ConnectAsync(transport: RaopTransport.Auto);
            Assert.Equal((RaopTransport.Tcp, null), (sender.Receiver.Transport, sender.Receiver.Latency));
            await sender.PlayAsync(new ArraySource(Music.Frames(Second)));
        });
        Assert.True(fake.AudioBytes > 0);
        Assert.Equal(["352", "4096"], fake.Requests.Where(r => r.Method == "ANNOUNCE").Select(Frames));
        RaopException e = Fails(stage, new RaopSenderOptions());
        Assert.Equal(RaopError.Rejected, e.Error);
        Assert.Contains("--transport tcp", e.Remedy, StringComparison.Ordinal);

        static string Frames(RtspRequest request)
        {
            Assert.True(AnnounceSdp.TryParse(request.Body.Span, out AnnounceSdp? sdp, out _, out _));
            return sdp.FramesPerPacket.ToString();
        }
    }

    [Fact]
    public void A_receiver_that_answers_with_another_transport_is_played_to_over_that()
    {
        var stage = new Stage();
        var fake = new FakeReceiver(stage.ReceiverHost); // offers TCP whatever is asked
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await stage.ConnectAsync(transport: RaopTransport.Auto);
            Assert.Equal(RaopTransport.Tcp, sender.Receiver.Transport);
        });
        Assert.Equal(2, fake.Methods.Count(m => m == "SETUP"));
    }

    [Theory]
    [InlineData("RTP/AVP/UDP;server_port=6100;control_port=6101", true)]
    [InlineData("RTP/AVP/UDP;timing_port=0;control_port=6101;server_port=6100", true)]
    [InlineData("RTP/AVP/UDP;control_port=6101;timing_port=6102", false)]
    [InlineData("RTP/AVP/UDP;server_port=0;control_port=6101", false)]
    public void Of_the_receivers_ports_only_that_of_audio_is_needed(string transport, bool plays)
    {
        (Stage stage, FakeUdpReceiver fake) = Set();
        Assert.True(TransportHeader.TryParse(transport, out TransportHeader? ports));
        fake.Ports = () => ports;
        if (!plays)
        {
            Assert.Equal(RaopError.ProtocolViolation, Fails(stage, new RaopSenderOptions()).Error);
            return;
        }

        byte[] music = Music.Frames(10_000);
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await ConnectAsync(stage);
            await sender.PlayAsync(new ArraySource(music));
        });
        AssertHeard(music, fake);
    }

    private static void AssertHeard(byte[] music, FakeUdpReceiver fake)
    {
        Assert.Equal(music, fake.Heard);
        Assert.Empty(fake.Gaps);
        Assert.Equal(0, fake.Orphans);
    }

    private static (Stage Stage, FakeUdpReceiver Fake) Set()
    {
        var stage = new Stage();
        return (stage, new FakeUdpReceiver(stage.ReceiverHost, stage.SenderHost.Clock));
    }

    private static Task<RaopSender> ConnectAsync(Stage stage, RaopSenderOptions? options = null, IPEndPoint? address = null) =>
        stage.ConnectAsync(options, address, RaopTransport.Udp);

    private static RaopException Fails(Stage stage, RaopSenderOptions options)
    {
        RaopException? error = null;
        stage.World.Run(async () => error = await Assert.ThrowsAsync<RaopException>(() => ConnectAsync(stage, options)));
        return error!;
    }
}
