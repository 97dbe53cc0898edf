using System.Net;
using Raop.Network;
using Raop.Rtp;
using Raop.Rtsp;
using Raop.Tests.Simulation;
using Raop.Timing;

namespace Raop.Tests.Fakes;

/// <summary>
/// Somebody else's AirTunes v2 sender, whose habits the test sets: L16 in clear, a packet each 352 frames on a straight line, syncs, answers to
/// questions. Knows when each frame is to be heard, which the test compares with what the receiver says.
/// </summary>
internal sealed class UdpScriptSender : IAsyncDisposable
{
    public const int FramesPerPacket = 352;
    private const int FrameSize = 4;
    private const int FixedLatency = 11_025;

    private readonly SimulatedHost _host;
    private readonly IDatagramSocket _audio, _control, _timing;
    private readonly Dictionary<ushort, byte[]> _backlog = [];
    private readonly IPAddress _receiver;
    private SocketAddress? _audioTarget, _controlTarget, _timingTarget;
    private WireClient? _rtsp;
    private long _start; // ticks of the host's clock at which the line is at RtpStart

    /// <param name="host">Where it runs.</param>
    /// <param name="receiver">Whom it plays to.</param>
    public UdpScriptSender(SimulatedHost host, IPAddress receiver)
    {
        (_host, _receiver) = (host, receiver);
        _audio = Bind();
        _control = Bind();
        _timing = Bind();
        _control.Start(OnControl);
        _timing.Start(OnTiming);
    }

    /// <summary>Latency that the syncs notify, frames; the fixed 11,025 come on top.</summary>
    public int Latency { get; init; } = 77_175;

    /// <summary>First RTP time and sequence number.</summary>
    public uint RtpStart { get; init; } = 1_000_000;

    public ushort SequenceStart { get; init; } = 7;

    /// <summary>Frames a second of this sender's line by its own clock; iTunes has 44,096.5.</summary>
    public double Rate { get; set; } = 44_100;

    /// <summary>Frames in a packet.</summary>
    public int PacketFrames { get; init; } = FramesPerPacket;

    /// <summary>Makes payloads of packet numbers; null sends the PCM as L16.</summary>
    public Func<int, byte[]>? Encode { get; init; }

    public bool AnswersTime { get; set; } = true;

    public bool Resends { get; set; } = true;

    /// <summary>OwnTone repeats a packet as it was, to the audio port.</summary>
    public bool ResendsToAudioPort { get; set; }

    /// <summary>Whether the first sync says that it is.</summary>
    public bool MarksFirstSync { get; set; } = true;

    /// <summary>RECORD's RTP-Info line, or none.</summary>
    public bool RecordHasInfo { get; set; } = true;

    /// <summary>Lines before the empty one of ANNOUNCE's SDP.</summary>
    public string Sdp { get; set; } = "a=rtpmap:96 L16/44100/2\r\n";

    public string UserAgent { get; set; } = "iTunes/7.6.2 (Windows; N;)";

    public int TimeQuestions { get; private set; }

    public int ResendRequests { get; private set; }

    public TransportHeader? Transport { get; private set; }

    /// <summary>The Session header of SETUP's answer.</summary>
    public string SessionId { get; private set; } = "";

    public WireClient Rtsp => _rtsp!;

    /// <summary>ANNOUNCE to RECORD.</summary>
    public async Task OpenAsync(IPEndPoint receiver)
    {
        _rtsp = await WireClient.ConnectAsync(_host.Network, receiver);
        string sdp = "v=0\r\no=iTunes 1 0 IN IP4 10.0.1.101\r\ns=iTunes\r\nc=IN IP4 10.0.1.103\r\nt=0 0\r\nm=audio 0 RTP/AVP 96\r\n" + Sdp;
        await AskAsync($"ANNOUNCE rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 1\nUser-Agent: {UserAgent}\nContent-Type: application/sdp", sdp);
        RtspResponse setUp = await AskAsync(
            "SETUP rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 2\nTransport: RTP/AVP/UDP;unicast;interleaved=0-1;mode=record"
            + $";control_port={_control.LocalEndPoint.Port};timing_port={_timing.LocalEndPoint.Port}");
        Assert.True(TransportHeader.TryParse(setUp.Headers["Transport"], out TransportHeader? transport));
        Transport = transport;
        SessionId = setUp.Headers["Session"] ?? "";
        _audioTarget = new IPEndPoint(_receiver, transport.ServerPort!.Value).Serialize();
        _controlTarget = new IPEndPoint(_receiver, transport.ControlPort!.Value).Serialize();
        _timingTarget = new IPEndPoint(_receiver, transport.TimingPort!.Value).Serialize();
        await AskAsync($"RECORD rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 3\nSession: 1\nRange: npt=0-" + (RecordHasInfo ? $"\nRTP-Info: seq={SequenceStart};rtptime={RtpStart}" : ""));
    }

    /// <summary>Sends a request that must be answered with 200.</summary>
    public async Task<RtspResponse> AskAsync(string lines, string body = "")
    {
        RtspResponse response = await Rtsp.AskAsync(lines, body);
        Assert.Equal(200, response.StatusCode);
        return response;
    }

    /// <summary>The line begins now: the frame at <see cref="RtpStart"/> is the next to be sent.</summary>
    public void BeginLine() => _start = _host.Clock.GetTimestamp();

    /// <summary>Sends PCM in time, from a packet of the line on, with a sync a second.</summary>
    /// <param name="pcm">16-bit stereo; the last packet may be short.</param>
    /// <param name="firstPacket">Number of the first packet, from 0 at <see cref="RtpStart"/>.</param>
    public async Task PlayAsync(byte[] pcm, int firstPacket = 0)
    {
        int packetBytes = PacketFrames * FrameSize, packets = (pcm.Length + packetBytes - 1) / packetBytes;
        for (int i = 0; i < packets; i++)
        {
            long due = _start + (long)((firstPacket + i) * (double)PacketFrames / Rate * 1e9);
            long wait = due - _host.Clock.GetTimestamp();
            if (wait > 0) await _host.Clock.Delay(TimeSpan.FromTicks((wait + 99) / 100));
            if (i % Math.Max(1, 44_000 / PacketFrames) == 0) Sync(first: i == 0);
            int at = i * packetBytes;
            SendPacket(firstPacket + i, pcm.AsSpan(at, Math.Min(packetBytes, pcm.Length - at)), marker: i == 0);
        }
    }

    /// <summary>Syncs and answers until what was sent has been heard.</summary>
    public async Task WaitUntilHeardAsync(int frames)
    {
        while (true)
        {
            double left = ((frames + Latency + FixedLatency) / Rate) - ((_host.Clock.GetTimestamp() - _start) / 1e9);
            if (left <= 0) return;
            await _host.Clock.Delay(TimeSpan.FromSeconds(Math.Min(left + 1e-6, 1)));
            Sync(first: false);
        }
    }

    /// <summary>Sends one sync, on the line.</summary>
    public void Sync(bool first)
    {
        long now = _host.Clock.GetTimestamp();
        uint next = unchecked(RtpStart + (uint)(long)Math.Round((now - _start) / 1e9 * Rate));
        byte[] datagram = new byte[SyncPacket.Size];
        new SyncPacket(first && MarksFirstSync, SyncPacket.UsualFlags, next - (uint)Latency, NtpTime.FromTimestamp(now, 1_000_000_000), next).WriteTo(datagram);
        _control.Send(datagram, _controlTarget!);
    }

    /// <summary>Sends one packet of PCM, as L16.</summary>
    public void SendPacket(int number, ReadOnlySpan<byte> pcm, bool marker)
    {
        byte[]? encoded = Encode?.Invoke(number);
        byte[] datagram = new byte[RtpHeader.Size + (encoded?.Length ?? pcm.Length)];
        ushort sequence = unchecked((ushort)(SequenceStart + number));
        new RtpHeader(marker, RtpHeader.Audio, sequence, unchecked(RtpStart + (uint)(number * PacketFrames)), 1).WriteTo(datagram);
        encoded?.CopyTo(datagram, RtpHeader.Size);
        for (int i = 0; i < pcm.Length && encoded is null; i += 2) (datagram[RtpHeader.Size + i], datagram[RtpHeader.Size + i + 1]) = (pcm[i + 1], pcm[i]);
        _backlog[sequence] = datagram;
        _audio.Send(datagram, _audioTarget!);
    }

    /// <summary>The line stands still for so many seconds: a sender that does not advance it in a pause.</summary>
    public void Shift(double seconds) => _start += (long)(seconds * 1e9);

    /// <summary>Sends any bytes to the receiver's timing port.</summary>
    public void SendTiming(byte[] datagram) => _timing.Send(datagram, _timingTarget!);

    /// <summary>Sends any bytes to the receiver's control port.</summary>
    public void SendControl(byte[] datagram) => _control.Send(datagram, _controlTarget!);

    /// <summary>Sends any bytes to the receiver's audio port.</summary>
    public void SendAudio(byte[] datagram) => _audio.Send(datagram, _audioTarget!);

    /// <summary>True time in ns, since the world began, at which a frame of the line is to be heard.</summary>
    public double DueTrueNs(double frame) => _host.Clock.TrueTime(_start + (long)((frame + Latency + FixedLatency) / Rate * 1e9));

    public async ValueTask DisposeAsync()
    {
        if (_rtsp is not null) await _rtsp.DisposeAsync();
        _audio.Dispose();
        _control.Dispose();
        _timing.Dispose();
    }

    private IDatagramSocket Bind() => _host.Network.Bind(new IPEndPoint(IPAddress.Any, 0));

    private void OnTiming(ReadOnlySpan<byte> datagram, SocketAddress from, long arrived)
    {
        if (!TimingPacket.TryParse(datagram, out TimingPacket question) || question.IsReply) return;
        TimeQuestions++;
        if (!AnswersTime) return;
        byte[] reply = new byte[TimingPacket.Size];
        ulong now = NtpTime.FromTimestamp(arrived, 1_000_000_000);
        new TimingPacket(IsReply: true, question.Sequence, question.Transmit, now, now).WriteTo(reply);
        _timing.Send(reply, from);
    }

    private void OnControl(ReadOnlySpan<byte> datagram, SocketAddress from, long arrived)
    {
        if (!ResendRequest.TryParse(datagram, out ResendRequest request)) return;
        ResendRequests++;
        for (int i = 0; i < request.Count && Resends; i++)
        {
            if (!_backlog.TryGetValue(unchecked((ushort)(request.First + i)), out byte[]? packet)) continue;
            if (ResendsToAudioPort)
            {
                _audio.Send(packet, _audioTarget!);
                continue;
            }

            byte[] again = new byte[ResentPacket.PrefixSize + packet.Length];
            ResentPacket.WritePrefix(again, unchecked((ushort)(request.First + i)));
            packet.CopyTo(again, ResentPacket.PrefixSize);
            _control.Send(again, from);
        }
    }
}
