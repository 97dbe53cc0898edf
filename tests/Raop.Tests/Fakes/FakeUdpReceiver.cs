using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using Alac;
using Raop.Network;
using Raop.Rtp;
using Raop.Rtsp;
using Raop.Sdp;
using Raop.Security;
using Raop.Tests.Simulation;
using Raop.Timing;

namespace Raop.Tests.Fakes;

/// <summary>
/// Somebody else's receiver of AirTunes v2, as simple as can be: every frame is heard at the instant that the syncs say, by the sender's own
/// clock. What comes later than that is lost.
/// </summary>
internal sealed class FakeUdpReceiver : IAsyncDisposable
{
    private const int Rate = 44_100, FixedLatency = 11_025;

    private readonly Lock _lock = new(); // over real sockets each has a thread
    private readonly TimeProvider _clock, _senderClock;
    private readonly IDatagramSocket _audio, _control, _timing;
    private readonly IStreamListener _listener;
    private readonly byte[] _pcm = new byte[4096 * 4];
    private PacketCipher? _cipher;
    private AlacDecoder? _decoder; // null: L16
    private IPAddress _sender = IPAddress.None;
    private SyncPacket? _sync;
    private ushort? _expected;
    private TransportHeader? _ports; // the sender's

    public FakeUdpReceiver(SimulatedHost host, TimeProvider senderClock)
        : this(host.Network, host.Clock, senderClock, new IPEndPoint(IPAddress.IPv6Any, 5000), firstPort: 6100)
    {
    }

    /// <param name="network">Simulated or real.</param>
    /// <param name="clock">Its own.</param>
    /// <param name="senderClock">The sender's, to know when something came by that.</param>
    /// <param name="listen">Where it listens for RTSP, and the address of the datagram sockets.</param>
    /// <param name="firstPort">Ports of audio, control and timing; 0 takes free ones.</param>
    public FakeUdpReceiver(INetwork network, TimeProvider clock, TimeProvider senderClock, IPEndPoint listen, int firstPort)
    {
        (_clock, _senderClock) = (clock, senderClock);
        (_audio, _control, _timing) = (Bind(0), Bind(1), Bind(2));
        Ports = () => TransportHeader.Udp(_audio.LocalEndPoint.Port, _control.LocalEndPoint.Port, _timing.LocalEndPoint.Port);
        _audio.Start((datagram, _, _) => TakeAudio(datagram, isResent: false));
        _control.Start((datagram, _, _) => TakeControl(datagram));
        _timing.Start((datagram, _, at) =>
        {
            if (TimingPacket.TryParse(datagram, out TimingPacket packet)) TimingReplies.Add((packet, at));
        });
        _listener = network.Listen(listen);
        EndPoint = _listener.LocalEndPoint;
        _ = ServeAsync(_listener);

        IDatagramSocket Bind(int i) => network.Bind(new IPEndPoint(listen.Address, firstPort == 0 ? 0 : firstPort + i));
    }

    /// <summary>Frames of a packet as it came.</summary>
    /// <param name="Header">Its header.</param>
    /// <param name="Pcm">Its frames.</param>
    /// <param name="Due">When its first frame is heard, ticks of the sender's clock.</param>
    /// <param name="At">When it came, ticks of the sender's clock.</param>
    /// <param name="IsResent">Whether it came on request.</param>
    public sealed record Packet(RtpHeader Header, byte[] Pcm, long Due, long At, bool IsResent)
    {
        /// <summary>Frames that a FLUSH left.</summary>
        public int Frames { get; set; } = Pcm.Length / 4;
    }

    public IPEndPoint EndPoint { get; }

    public Func<RtspRequest, RtspResponse, RtspResponse?> Answer { get; set; } = static (_, response) => response;

    /// <summary>Changes the reply's ports.</summary>
    public Func<TransportHeader> Ports { get; set; }

    /// <summary>Loses a packet when it first comes.</summary>
    public Func<RtpHeader, bool> Loses { get; set; } = static _ => false;

    /// <summary>Asks again for what is missing.</summary>
    public bool AsksAgain { get; set; } = true;

    /// <summary>Asks for the time before it answers SETUP, and answers 520 when nobody tells it, as a HomePod does.</summary>
    public bool AsksTheTimeFirst { get; set; }

    /// <summary>Requests that never get an answer.</summary>
    public Func<RtspRequest, bool> Ignores { get; set; } = static _ => false;

    public List<RtspRequest> Requests { get; } = [];

    public IEnumerable<string> Methods => Requests.Select(static request => request.Method);

    public List<Packet> Packets { get; } = [];

    /// <summary>Syncs and when they came, ticks of the sender's clock.</summary>
    public List<(SyncPacket Packet, long At)> Syncs { get; } = [];

    public List<(TimingPacket Packet, long At)> TimingReplies { get; } = [];

    /// <summary>Packets that were sent again though they had come.</summary>
    public int Copies { get; private set; }

    /// <summary>Audio that came before any sync; never in time.</summary>
    public int Orphans { get; private set; }

    /// <summary>The announcement that was accepted.</summary>
    public AnnounceSdp? Announced { get; private set; }

    /// <summary>Packets that came in time, in the order in which they are heard.</summary>
    public IReadOnlyList<Packet> InTime => [.. Packets.Where(static p => p.At <= p.Due && p.Frames > 0).OrderBy(static p => p.Due)];

    /// <summary>What was heard, gaps left out.</summary>
    public byte[] Heard => [.. InTime.SelectMany(static p => p.Pcm.Take(p.Frames * 4))];

    /// <summary>Frames of silence between what was heard.</summary>
    public IEnumerable<long> Gaps => InTime.Zip(InTime.Skip(1), static (a, b) => (long)(int)(b.Header.Timestamp - a.Header.Timestamp) - a.Frames).Where(static gap => gap != 0);

    public void AskTheTime(ulong transmit = 0x1234)
    {
        byte[] request = new byte[TimingPacket.Size];
        new TimingPacket(false, TimingPacket.UsualSequence, 0, 0, transmit).WriteTo(request);
        _timing.Send(request, new IPEndPoint(_sender, _ports!.TimingPort!.Value).Serialize());
    }

    public void AskAgain(int first, int count)
    {
        byte[] request = new byte[ResendRequest.Size];
        new ResendRequest(1, (ushort)first, (ushort)count).WriteTo(request);
        _control.Send(request, new IPEndPoint(_sender, _ports!.ControlPort!.Value).Serialize());
    }

    public RtpInfoHeader Info(string method)
    {
        Assert.True(RtpInfoHeader.TryParse(Requests.Last(r => r.Method == method).Headers["RTP-Info"], out RtpInfoHeader info));
        return info;
    }

    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync();
        _audio.Dispose();
        _control.Dispose();
        _timing.Dispose();
    }

    private async Task ServeAsync(IStreamListener listener)
    {
        while (await listener.AcceptAsync() is { } connection) _ = ServeAsync(connection);
    }

    private async Task ServeAsync(IStreamConnection connection)
    {
        var reader = new RtspReader(connection.Input);
        _sender = connection.RemoteEndPoint.Address;
        try
        {
            while (await reader.ReadRequestAsync() is { } request)
            {
                Requests.Add(request);
                if (Ignores(request)) continue;
                RtspResponse response = RtspResponse.To(request, 200);
                if (request.Method == "SETUP") response = await SetUpAsync(request, response);
                if (Answer(request, response) is not { } answer) break;
                if (request.Method == "ANNOUNCE" && answer.StatusCode == 200) Announce(request);
                if (request.Method == "FLUSH") Flush();
                answer.WriteTo(connection.Output);
                await connection.Output.FlushAsync();
            }
        }
        catch (RaopException)
        {
        }

        await connection.DisposeAsync();
    }

    private void Announce(RtspRequest request)
    {
        Assert.True(AnnounceSdp.TryParse(request.Body.Span, out AnnounceSdp? sdp, out _, out string reason), reason);
        Announced = sdp;
        _decoder = sdp.Codec == SdpCodec.AppleLossless ? new AlacDecoder(sdp.Alac!) : null;
        _cipher = null;
        _expected = null;
        if (sdp.EncryptedKey is null) return;
        byte[] key = new byte[16];
        Assert.True(AirPortExpressKey.TryUnwrapKey(sdp.EncryptedKey, key));
        _cipher = new PacketCipher(key, sdp.Iv);
    }

    private async Task<RtspResponse> SetUpAsync(RtspRequest request, RtspResponse response)
    {
        Assert.True(TransportHeader.TryParse(request.Headers["Transport"], out TransportHeader? ports));
        if (!ports.IsUdp) return response;
        _ports = ports;
        if (AsksTheTimeFirst)
        {
            AskTheTime();
            await _clock.DelayAsync(TimeSpan.FromMilliseconds(100), CancellationToken.None);
            if (TimingReplies.Count == 0) return RtspResponse.To(request, 520);
        }

        response.Headers.Add("Session", "1");
        response.Headers.Add("Transport", Ports().ToString());
        return response;
    }

    private void Flush()
    {
        long now = _senderClock.GetTimestamp();
        foreach (Packet packet in Packets)
        {
            long heard = Math.Max(0, (now - packet.Due) * Rate / _senderClock.TimestampFrequency);
            packet.Frames = (int)Math.Min(packet.Frames, heard);
        }
    }

    private void TakeControl(ReadOnlySpan<byte> datagram)
    {
        if (SyncPacket.TryParse(datagram, out SyncPacket sync))
        {
            _sync = sync;
            Syncs.Add((sync, _senderClock.GetTimestamp()));
        }
        else if (ResentPacket.TryUnwrap(datagram, out ReadOnlySpan<byte> packet))
        {
            TakeAudio(packet, isResent: true);
        }
    }

    private void TakeAudio(ReadOnlySpan<byte> datagram, bool isResent)
    {
        using Lock.Scope scope = _lock.EnterScope();
        Assert.True(RtpHeader.TryParse(datagram, out RtpHeader header));
        if (!isResent && Loses(header)) return;
        if (isResent && Packets.FindLastIndex(p => p.Header.Sequence == header.Sequence && p.Header.Timestamp == header.Timestamp) >= 0)
        {
            Copies++;
            return;
        }

        if (!isResent)
        {
            int missing = _expected is { } expected ? (short)(header.Sequence - expected) : 0;
            if (missing > 0 && AsksAgain) AskAgain(header.Sequence - missing, missing);
            _expected = (ushort)(header.Sequence + 1);
        }

        Packets.Add(new Packet(header, Decode(datagram[RtpHeader.Size..].ToArray()), DueOf(header.Timestamp), _senderClock.GetTimestamp(), isResent));
    }

    private long DueOf(uint rtpTime)
    {
        if (_sync is not { } sync)
        {
            Orphans++;
            return long.MinValue;
        }

        long frequency = _senderClock.TimestampFrequency;
        long synced = NtpTime.Ticks(sync.NtpTime, NtpTime.FromTimestamp(0, frequency), frequency);
        return synced + (((int)(rtpTime - sync.PlayNow) + FixedLatency) * frequency / Rate);
    }

    private byte[] Decode(byte[] payload)
    {
        _cipher?.Decrypt(payload);
        if (_decoder is null)
        {
            BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, short>(payload), MemoryMarshal.Cast<byte, short>(payload.AsSpan()));
            return payload;
        }

        Assert.Equal(AlacStatus.Ok, _decoder.Decode(payload, _pcm, out int frames));
        return _pcm[..(frames * 4)];
    }
}
