using System.Buffers;
using System.Net;
using System.Security.Cryptography;
using Raop.Network;
using Raop.Receiving;
using Raop.Rtp;
using Raop.Rtsp;
using Raop.Tests.Captures;
using Raop.Timing;

namespace Raop.Tests.Conversations;

/// <summary>What real senders put on the wire over UDP, at the times at which they did, played to our receiver.</summary>
public sealed class UdpReplayTests
{
    [Theory]
    [InlineData("pulseaudio-udp-none.pcap")]
    [InlineData("pulseaudio-udp-none-loss5.pcap")]
    [InlineData("node-airtunes2-udp-rsa.pcap")]
    [InlineData("cliraop-udp-rsa-alac-password.pcap")]
    public void Every_captured_frame_comes_out(string file)
    {
        var stage = new Stage();
        Capture capture = Capture.Load(file);
        Play(stage, capture);
        Assert.Equal(capture.PcmSha256, Convert.ToHexStringLower(SHA256.HashData(stage.Sink.Pcm)));
        RaopSessionCounts counts = stage.Ended.Counts;
        Assert.Equal((capture.PcmFrames, 0, 0, 0, 0), (counts.FramesWritten, counts.PacketsLost, counts.PacketsConcealed, counts.FramesChanged, counts.Underruns));
        Assert.Equal(capture.Packets.GetValueOrDefault("resent"), counts.PacketsRecovered);
    }

    [Fact]
    public void Each_volume_of_PulseAudio_is_heard()
    {
        var stage = new Stage();
        Play(stage, Capture.Load("pulseaudio-udp-none-volume.pcap"));
        Assert.Equal(
            [0, -4.884975, -10.902028, -18.739309, -24.899594, -29.443083, -144, -29.443083, 0],
            stage.Events.OfType<RaopVolumeChanged>().Select(changed => changed.Volume));
        Assert.Equal(265_056, stage.Ended.Counts.FramesWritten);
        Assert.InRange(stage.Ended.Counts.FramesChanged, 125_000, 129_000); // from the first frame, 2.25 s after the first sync, to the last step
    }

    private static void Play(Stage stage, Capture capture) => stage.World.Run(async () =>
    {
        UdpConversation udp = await UdpConversation.ReadAsync(capture);
        CapturedSession session = await CapturedSession.ReadAsync(capture);
        string? nonce = session.Responses.Select(response => response.Headers["WWW-Authenticate"]).FirstOrDefault(challenge => challenge is not null)?.Split('"')[3];
        var options = new RaopReceiverOptions { Password = nonce is null ? null : "secret" };
        await using RaopReceiver receiver = stage.Receive(options, context =>
        {
            if (nonce is not null) context.Doorkeeper = new Doorkeeper("secret", stage.ReceiverHost.Clock) { FixedNonce = nonce };
        });
        using var replay = new Replay(stage, udp);
        await replay.RunAsync();
        await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());
    });

    /// <summary>The sender's half of a captured session, with its answers to our receiver's own questions for the time.</summary>
    private sealed class Replay : IDisposable
    {
        private readonly Stage _stage;
        private readonly UdpConversation _udp;
        private readonly IDatagramSocket _audio, _control, _timing;
        private readonly (TimeSpan At, ulong Ntp) _clock; // what the sender's clock said at a moment of the capture
        private TimeSpan _start;

        public Replay(Stage stage, UdpConversation udp)
        {
            (_stage, _udp) = (stage, udp);
            _audio = Bind(0);
            _control = Bind(udp.SenderControlPort);
            _timing = Bind(udp.SenderTimingPort);
            _clock = udp.Pieces.Where(piece => piece.FromSender && TimingPacket.TryParse(piece.Bytes, out TimingPacket reply) && reply.Origin != 0 | reply.Receive != 0)
                .Select(piece => TimingPacket.TryParse(piece.Bytes, out TimingPacket reply) ? (piece.At, reply.Transmit) : default).Skip(1).First();
            _timing.Start(Answer);
        }

        public async Task RunAsync()
        {
            await using IStreamConnection rtsp = await _stage.SenderHost.Network.ConnectAsync(Stage.Address);
            _start = _stage.World.Now;
            var reader = new RtspReader(rtsp.Input);
            var ports = new Dictionary<int, int>();
            TimeSpan setUp = TimeSpan.MaxValue;
            bool isEnding = false;
            foreach (TcpConversation.Piece piece in _udp.Rtsp.Pieces)
            {
                isEnding |= piece.FromClient && (piece.Bytes.AsSpan().StartsWith("FLUSH"u8) || piece.Bytes.AsSpan().StartsWith("TEARDOWN"u8));
                if (isEnding) break; // nobody cuts the music off here
                if (piece.FromClient)
                {
                    await UntilAsync(piece.At);
                    rtsp.Output.Write(piece.Bytes);
                    await rtsp.Output.FlushAsync();
                    continue;
                }

                RtspResponse? answer = await reader.ReadResponseAsync();
                if (!TransportHeader.TryParse(answer!.Headers["Transport"], out TransportHeader? transport)) continue;
                ports[_udp.ReceiverAudioPort] = transport.ServerPort!.Value;
                ports[_udp.ReceiverControlPort] = transport.ControlPort!.Value;
                ports[_udp.ReceiverTimingPort] = transport.TimingPort!.Value;
                if (setUp == TimeSpan.MaxValue) _ = SendAsync(ports);
                setUp = piece.At;
            }

            await UntilAsync(_udp.Pieces[^1].At + TimeSpan.FromSeconds(3));
        }

        public void Dispose()
        {
            _audio.Dispose();
            _control.Dispose();
            _timing.Dispose();
        }

        /// <summary>All datagrams in time. A packet that was sent again had been lost on its first way.</summary>
        private async Task SendAsync(Dictionary<int, int> ports)
        {
            HashSet<ushort> lost = [];
            foreach (UdpConversation.Piece piece in _udp.Pieces)
            {
                if (ResentPacket.TryUnwrap(piece.Bytes, out ReadOnlySpan<byte> packet) && RtpHeader.TryParse(packet, out RtpHeader again)) lost.Add(again.Sequence);
            }

            foreach (UdpConversation.Piece piece in _udp.Pieces.Where(piece => piece.FromSender))
            {
                await UntilAsync(piece.At);
                bool isAudio = piece.DestinationPort == _udp.ReceiverAudioPort;
                if (isAudio && RtpHeader.TryParse(piece.Bytes, out RtpHeader header) && lost.Contains(header.Sequence)) continue;
                IDatagramSocket socket = isAudio ? _audio : piece.DestinationPort == _udp.ReceiverControlPort ? _control : _timing;
                socket.Send(piece.Bytes, new IPEndPoint(Stage.Address.Address, ports[piece.DestinationPort]).Serialize());
            }
        }

        private void Answer(ReadOnlySpan<byte> datagram, SocketAddress from, long arrived)
        {
            if (!TimingPacket.TryParse(datagram, out TimingPacket question) || question.IsReply) return;
            ulong now = NtpTime.Add(_clock.Ntp, (_stage.World.Now - _start - _clock.At).Ticks, TimeSpan.TicksPerSecond);
            byte[] reply = new byte[TimingPacket.Size];
            new TimingPacket(IsReply: true, question.Sequence, question.Transmit, now, now).WriteTo(reply);
            _timing.Send(reply, from);
        }

        private async Task UntilAsync(TimeSpan at)
        {
            TimeSpan wait = _start + at - _stage.World.Now;
            if (wait > TimeSpan.Zero) await _stage.World.Clock.Delay(wait);
        }

        private IDatagramSocket Bind(int port) => _stage.SenderHost.Network.Bind(new IPEndPoint(IPAddress.Any, port));
    }
}
