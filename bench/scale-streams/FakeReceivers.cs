using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ScaleBench;

/// <summary>
/// Receivers in name only: they answer RTSP, ask for the time once a second and count what comes. One on each loopback address that is connected to.
/// Sockets are looked at now and then, so that no sender is charged for waking them.
/// </summary>
internal static class FakeReceivers
{
    private const int LookMilliseconds = 20;

    private static readonly List<FakeReceiver> All = [];

    public static int Run(int port)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Any, port));
        listener.Listen(512);
        new Thread(() => Accept(listener)) { IsBackground = true }.Start();
        new Thread(Look) { IsBackground = true }.Start();
        Console.WriteLine("ready");
        while (Console.ReadLine() is not null)
        {
            lock (All) Console.WriteLine($"{All.Sum(r => r.Packets)} {All.Sum(r => r.Lost)} {All.Sum(r => r.Late)} {All.Sum(r => r.Answers)}");
        }

        return 0;
    }

    private static void Accept(Socket listener)
    {
        while (true)
        {
            Socket connection = listener.Accept();
            new Thread(() => Serve(connection), 256 * 1024) { IsBackground = true }.Start();
        }
    }

    private static void Serve(Socket connection)
    {
        var here = (IPEndPoint)connection.LocalEndPoint!;
        var receiver = new FakeReceiver(here, ((IPEndPoint)connection.RemoteEndPoint!).Address);
        lock (All) All.Add(receiver);
        var text = new StringBuilder();
        byte[] buffer = new byte[16 * 1024];
        try
        {
            while (connection.Receive(buffer) is > 0 and int length)
            {
                text.Append(Encoding.Latin1.GetString(buffer, 0, length));
                while (TakeRequest(text) is { } head) connection.Send(Encoding.ASCII.GetBytes(receiver.Answer(head)));
            }
        }
        catch (SocketException)
        {
            // It has gone.
        }

        connection.Dispose(); // its sockets stay: what comes after the music is taken, too
    }

    private static string? TakeRequest(StringBuilder text)
    {
        string all = text.ToString();
        int end = all.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0) return null;
        string head = all[..end];
        int whole = end + 4 + int.Parse(FakeReceiver.Header(head, "Content-Length") ?? "0", System.Globalization.CultureInfo.InvariantCulture);
        if (all.Length < whole) return null;
        text.Remove(0, whole);
        return head;
    }

    private static void Look()
    {
        byte[] buffer = new byte[2048];
        while (true)
        {
            Thread.Sleep(LookMilliseconds);
            lock (All)
            {
                foreach (FakeReceiver receiver in All) receiver.Look(buffer, Stopwatch.GetTimestamp());
            }
        }
    }
}

/// <summary>One of them.</summary>
internal sealed class FakeReceiver
{
    /// <summary>A packet may come so much after its place on the line of the first, in frames: much less than any latency.</summary>
    private const int LateFrames = 4410;

    private readonly Socket _audio, _control, _timing;
    private readonly Socket _bare; // at a port that is known without asking: for measuring what the kernel takes
    private readonly IPAddress _sender;
    private readonly byte[] _question = [0x80, 0xD2, 0, 7, .. new byte[28]];
    private int _timingPort;
    private long _askedAt;
    private long _startedAt;
    private uint _firstFrame;
    private ushort _expected;
    private bool _started;

    public FakeReceiver(IPEndPoint address, IPAddress sender)
    {
        _sender = sender;
        (_audio, _control, _timing, _bare) = (Bound(0), Bound(0), Bound(0), Bound(address.Port));
        Socket Bound(int port)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 1 << 20 };
            socket.Bind(new IPEndPoint(address.Address, port));
            return socket;
        }
    }

    public long Packets { get; private set; }

    public long Lost { get; private set; }

    public long Late { get; private set; }

    public long Answers { get; private set; }

    public static string? Header(string head, string name)
    {
        string? line = head.Split("\r\n").FirstOrDefault(l => l.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase));
        return line?[(name.Length + 1)..].Trim();
    }

    public string Answer(string head)
    {
        string more = "";
        if (head.StartsWith("OPTIONS", StringComparison.Ordinal)) more = "Public: ANNOUNCE, SETUP, RECORD, PAUSE, FLUSH, TEARDOWN, OPTIONS, GET_PARAMETER, SET_PARAMETER\r\n";
        if (head.StartsWith("SETUP", StringComparison.Ordinal))
        {
            _timingPort = Header(head, "Transport")!.Split(';').Where(p => p.StartsWith("timing_port=", StringComparison.Ordinal))
                .Select(p => int.Parse(p[12..], System.Globalization.CultureInfo.InvariantCulture)).First();
            more = $"Session: 1\r\nTransport: RTP/AVP/UDP;unicast;mode=record;server_port={Port(_audio)};control_port={Port(_control)};timing_port={Port(_timing)}\r\n";
        }

        return $"RTSP/1.0 200 OK\r\nCSeq: {Header(head, "CSeq")}\r\n{more}\r\n";
    }

    public void Look(byte[] buffer, long now)
    {
        while (_audio.Available > 0) Take(buffer.AsSpan(0, _audio.Receive(buffer)), now);
        while (_control.Available > 0) _control.Receive(buffer);
        while (_bare.Available > 0) _bare.Receive(buffer);
        while (_timing.Available > 0)
        {
            _timing.Receive(buffer);
            Answers++;
        }

        if (_timingPort == 0 || now - _askedAt < Stopwatch.Frequency) return;
        _askedAt = now;
        _timing.SendTo(_question, new IPEndPoint(_sender, _timingPort));
    }

    private static int Port(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    private void Take(ReadOnlySpan<byte> packet, long now)
    {
        if (packet.Length < 12 || (packet[1] & 0x7F) != 0x60) return;
        ushort number = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        uint frame = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        if (!_started) (_started, _startedAt, _firstFrame, _expected) = (true, now, frame, number);
        Packets++;
        Lost += (ushort)(number - _expected);
        _expected = (ushort)(number + 1);
        if (now - _startedAt > ((long)(int)(frame - _firstFrame) + LateFrames) * Stopwatch.Frequency / 44_100) Late++;
    }
}
