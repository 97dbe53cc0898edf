using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Raop.Apps.Tests.Media.Packets;
using Raop.Audio;

namespace Raop.Apps.Tests.Cli;

/// <summary>Plays AAC packets to a receiver on this machine as AirTunes v2 wants it, over real sockets, all of them at once.</summary>
internal sealed class AacSender : IAsyncDisposable
{
    private const uint RtpStart = 5000;
    private const int Latency = 22_050;

    private readonly TcpClient _rtsp = new();
    private readonly UdpClient _audio = Udp(), _control = Udp(), _timing = Udp();
    private readonly Task _answering;
    private StreamReader? _replies;
    private int _asked;

    public AacSender() => _answering = AnswerAsync();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>ANNOUNCE to RECORD.</summary>
    /// <returns>The status of what was refused first, or 200.</returns>
    public async Task<int> OpenAsync(int port, PacketStream stream)
    {
        await _rtsp.ConnectAsync(IPAddress.Loopback, port, Cancel);
        _replies = new StreamReader(_rtsp.GetStream(), Encoding.ASCII);
        string fmtp = stream.Codec == PacketCodec.AacEld ? " mode=AAC-eld; constantDuration=480" : "";
        string sdp = "v=0\r\no=iTunes 1 0 IN IP4 127.0.0.1\r\ns=iTunes\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 0 RTP/AVP 96\r\n"
            + $"a=rtpmap:96 mpeg4-generic/44100/2\r\na=fmtp:96{fmtp}\r\n";
        (int status, _) = await AskAsync("ANNOUNCE", $"Content-Type: application/sdp\r\nContent-Length: {sdp.Length}\r\n", sdp);
        if (status != 200) return status;
        (status, string transport) = await AskAsync(
            "SETUP", $"Transport: RTP/AVP/UDP;unicast;interleaved=0-1;mode=record;control_port={PortOf(_control)};timing_port={PortOf(_timing)}\r\n");
        if (status != 200) return status;
        _audio.Connect(IPAddress.Loopback, Number(transport, "server_port="));
        _control.Connect(IPAddress.Loopback, Number(transport, "control_port="));
        return (await AskAsync("RECORD", $"Session: 1\r\nRTP-Info: seq=1;rtptime={RtpStart}\r\n")).Status;
    }

    /// <summary>Says that the line begins now, and sends all packets, each third one after its successor.</summary>
    public async Task PlayAsync(AacPackets music)
    {
        byte[] sync = new byte[20];
        BinaryPrimitives.WriteUInt32BigEndian(sync, 0x90D4_0007);
        BinaryPrimitives.WriteUInt32BigEndian(sync.AsSpan(4), unchecked(RtpStart - Latency));
        BinaryPrimitives.WriteUInt64BigEndian(sync.AsSpan(8), Ntp());
        BinaryPrimitives.WriteUInt32BigEndian(sync.AsSpan(16), RtpStart);
        await _control.SendAsync(sync, Cancel);
        IEnumerable<int> order = Enumerable.Range(0, music.Packets.Length).OrderBy(static i => i % 3 == 2 ? i + 1.5 : i);
        foreach (int i in order)
        {
            byte[] datagram = new byte[12 + music.Packets[i].Length];
            (datagram[0], datagram[1]) = (0x80, (byte)(i == 0 ? 0xE0 : 0x60));
            BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(2), (ushort)(1 + i));
            BinaryPrimitives.WriteUInt32BigEndian(datagram.AsSpan(4), RtpStart + (uint)(i * music.Stream.FramesPerPacket));
            music.Packets[i].CopyTo(datagram, 12);
            await _audio.SendAsync(datagram, Cancel);
        }
    }

    public async Task LeaveAsync() => Assert.Equal(200, (await AskAsync("TEARDOWN", "Session: 1\r\n")).Status);

    public async ValueTask DisposeAsync()
    {
        _rtsp.Dispose();
        _audio.Dispose();
        _control.Dispose();
        _timing.Dispose();
        await _answering;
    }

    private static UdpClient Udp() => new(new IPEndPoint(IPAddress.Loopback, 0));

    private static int PortOf(UdpClient socket) => ((IPEndPoint)socket.Client.LocalEndPoint!).Port;

    private static int Number(string text, string name) =>
        int.Parse(text.Split(name)[1].Split(';')[0].Trim(), System.Globalization.CultureInfo.InvariantCulture);

    private static ulong Ntp()
    {
        (long seconds, long rest) = Math.DivRem(Stopwatch.GetTimestamp(), Stopwatch.Frequency);
        return ((ulong)seconds << 32) + (ulong)(((UInt128)(ulong)rest << 32) / (ulong)Stopwatch.Frequency);
    }

    private async Task<(int Status, string Transport)> AskAsync(string method, string headers, string body = "")
    {
        string request = $"{method} rtsp://127.0.0.1/1 RTSP/1.0\r\nCSeq: {++_asked}\r\nUser-Agent: iTunes/10.6\r\n{headers}\r\n{body}";
        await _rtsp.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request), Cancel);
        int status = int.Parse((await _replies!.ReadLineAsync(Cancel))!.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
        string transport = "";
        while (await _replies.ReadLineAsync(Cancel) is { Length: > 0 } line)
        {
            if (line.StartsWith("Transport:", StringComparison.Ordinal)) transport = line;
        }

        return (status, transport);
    }

    /// <summary>Answers questions for the time.</summary>
    private async Task AnswerAsync()
    {
        try
        {
            while (true)
            {
                UdpReceiveResult question = await _timing.ReceiveAsync();
                byte[] reply = new byte[32];
                BinaryPrimitives.WriteUInt32BigEndian(reply, 0x80D3_0007);
                question.Buffer.AsSpan(24, 8).CopyTo(reply.AsSpan(8));
                BinaryPrimitives.WriteUInt64BigEndian(reply.AsSpan(16), Ntp());
                BinaryPrimitives.WriteUInt64BigEndian(reply.AsSpan(24), Ntp());
                await _timing.SendAsync(reply, question.RemoteEndPoint);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // disposed
        }
    }
}
