using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Raop.Audio;
using Raop.Network;
using Raop.Rtp;
using Raop.Rtsp;
using Raop.Timing;

namespace Raop.Sending;

/// <summary>
/// AirTunes v2: audio, syncs and resent packets as datagrams to all members of one line, sent by the pacer when <see cref="UdpSendPlan"/> says so.
/// A lock keeps its callers apart: the stream's loop that fills the queue, the pacer, the control sockets' threads, and whoever adds members.
/// </summary>
internal sealed class UdpAudioChannel : IAudioChannel
{
    private const int DatagramsAtATime = 64; // after a stall, then other streams have their turn
    private const int PartingsAtATime = 8; // so too
    private static readonly TimeSpan TimingPatience = TimeSpan.FromSeconds(3);
    private static readonly Lazy<Pacer> Shared = new(static () => Pacer.Create(TimeProvider.System, inPlace: false, "raop sender"));

    private readonly Lock _lock = new();
    private readonly Lock _membership = new(); // taken before _lock; who sends does not wait for sockets to open
    private readonly UdpSendPlan _plan;
    private readonly INetwork _network;
    private readonly RaopPortRange? _ports;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly byte[] _secrets = RandomNumberGenerator.GetBytes(32); // AES key and IV
    private readonly Dictionary<IPAddress, UdpSockets> _sockets = []; // by our address
    private readonly List<UdpPeer> _peers = [];
    private readonly SocketAddress[] _together = new SocketAddress[UdpSendPlan.MostTogether];
    private readonly Pacer? _own;
    private readonly PacedStep _pacing;
    private readonly Bell _room = new(TaskCreationOptions.None); // for whoever waits for room in the queue
    private bool _isFull; // somebody does
    private int _partings; // of this step
    private long? _startAt; // when the first packet is to be heard, as long as that is to come

    /// <param name="network">What the sockets are of.</param>
    /// <param name="latency">Frames from a packet's due time to its being heard.</param>
    /// <param name="ports">Ports for control and timing, or null for free ones.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where starvation and a firewall are told.</param>
    public UdpAudioChannel(INetwork network, int latency, RaopPortRange? ports, TimeProvider time, ILogger log)
    {
        (_network, _ports, _time, _log) = (network, ports, time, log);
        byte[] random = RandomNumberGenerator.GetBytes(4 + 4 + 2);
        var first = new RtpInfoHeader(BinaryPrimitives.ReadUInt16BigEndian(random.AsSpan(8)), BinaryPrimitives.ReadUInt32BigEndian(random.AsSpan(4)));
        _plan = new UdpSendPlan(time.TimestampFrequency, latency, first, BinaryPrimitives.ReadUInt32BigEndian(random));
        if (network.ResumesInPlace || time != TimeProvider.System) _own = Pacer.Create(time, network.ResumesInPlace, "raop sender");
        _pacing = (_own ?? Shared.Value).Start(Send);
    }

    public Task Closed { get; } = new TaskCompletionSource().Task; // there is nothing to close

    /// <summary>AES key and IV of all members that take RSA.</summary>
    public byte[] Secrets => _secrets;

    /// <summary>Frames from a packet's due time to its being heard. Set it only while nothing plays.</summary>
    public int Latency
    {
        get
        {
            lock (_lock) return _plan.Latency;
        }

        set
        {
            lock (_lock) _plan.Latency = value;
        }
    }

    /// <summary>Sequence number and RTP time after the last packet that has left.</summary>
    public RtpInfoHeader Next
    {
        get
        {
            lock (_lock) return _plan.After;
        }
    }

    /// <summary>Line frame of the next packet to be queued.</summary>
    public long NextLine
    {
        get
        {
            lock (_lock) return _plan.NextLine;
        }
    }

    public ChannelCounts Counts
    {
        get
        {
            bool? timing = null;
            lock (_membership)
            {
                foreach (UdpPeer peer in _peers)
                {
                    if (TimingOf(peer) is { } seen) timing = (timing ?? true) && seen;
                }
            }

            lock (_lock) return new ChannelCounts(_plan.Packets, _plan.Bytes, _plan.Resent, _plan.Starved, timing);
        }
    }

    /// <summary>The latency, a second and a half that may be queued, and some packets.</summary>
    public int KeepFrames => Latency + (PcmFormat.AirTunes.SampleRate * 3 / 2);

    /// <summary>Receivers play to the instant; their devices have a buffer.</summary>
    public TimeSpan Tail => TimeSpan.FromSeconds(0.3);

    /// <summary>Lets a receiver ask for our clock: before its SETUP.</summary>
    /// <param name="local">Our address on its control connection.</param>
    /// <param name="receiver">Its own.</param>
    /// <exception cref="RaopException">AddressInUse.</exception>
    public UdpPeer Admit(IPAddress local, IPAddress receiver)
    {
        lock (_membership)
        {
            if (!_sockets.TryGetValue(local, out UdpSockets? sockets))
                _sockets.Add(local, sockets = UdpSockets.Open(_network, local, _ports, _time, TakeRequest));
            UdpPeer peer = sockets.Admit(receiver);
            _peers.Add(peer);
            return peer;
        }
    }

    /// <summary>Gives a receiver its place in the line: before its RECORD.</summary>
    /// <returns>Sequence number and RTP time of its first packet.</returns>
    public RtpInfoHeader Place(UdpPeer peer, EncodingKey key)
    {
        RtpInfoHeader first;
        lock (_lock)
        {
            Remove(peer);
            peer.Member = _plan.Add(key, _secrets, _time.GetTimestamp(), out first);
        }

        return first;
    }

    /// <summary>A receiver has answered RECORD: what is due from now on goes there too.</summary>
    /// <param name="peer">With a place.</param>
    /// <param name="session">What the handshake came to.</param>
    /// <param name="delay">Frames that it hears later than the line says.</param>
    public void Join(UdpPeer peer, SenderSession session, int delay)
    {
        (peer.ControlPort, peer.TimingPort) = (session.ControlPort ?? 0, session.TimingPort ?? 0);
        if (session.ControlPort is not > 0) _log.NoControlPort();
        lock (_lock)
        {
            if (peer.Member is not { } member) return;
            member.AudioPort = new IPEndPoint(peer.Address, session.AudioPort).Serialize();
            if (session.ControlPort is > 0 and int port) member.ControlPort = new IPEndPoint(peer.Address, port).Serialize();
            (member.Sockets, member.Audio, member.Delay) = (peer.Sockets, peer.Sockets.Audio, delay);
            _plan.Activate(member);
        }

        peer.Joined = _time.GetTimestamp();
        peer.TimingCheck = _time.CreateTimer(
            _ => CheckTiming(peer), null, TimingPatience + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
        _pacing.Wake();
    }

    /// <summary>Sends a receiver nothing any more, and answers it nothing.</summary>
    public void Leave(UdpPeer peer)
    {
        peer.TimingCheck?.Dispose();
        UdpSockets? unused = null;
        lock (_membership)
        {
            if (!_peers.Remove(peer)) return;
            lock (_lock)
            {
                Remove(peer);
            }

            peer.Sockets.Dismiss(peer);
            if (peer.Sockets.Peers == 0)
            {
                unused = peer.Sockets;
                foreach ((IPAddress local, UdpSockets sockets) in _sockets)
                {
                    if (sockets == unused) _sockets.Remove(local);
                }
            }
        }

        unused?.Dispose();
    }

    /// <summary>Frames that a receiver hears later than the line says, from its next sync on.</summary>
    public void SetDelay(UdpPeer peer, int delay)
    {
        lock (_lock)
        {
            if (peer.Member is { } member) member.Delay = delay;
        }
    }

    /// <summary>What one receiver has cost.</summary>
    public ChannelCounts CountsOf(UdpPeer peer)
    {
        lock (_lock) return new ChannelCounts(peer.Member?.Packets ?? 0, peer.Member?.Bytes ?? 0, peer.Member?.Resent ?? 0, _plan.Starved, TimingOf(peer));
    }

    /// <summary>Whether it has asked for anything since it is here.</summary>
    public static bool IsAlive(UdpPeer peer) => peer.TimingRequests > 0 || peer.Member is { Requests: > 0 };

    /// <summary>The first frame of the next starts is to be heard at this instant, in ticks, if that can still be; null: as soon as can be.</summary>
    public void StartAt(long? heard) => _startAt = heard;

    public void Start(long frame, long now)
    {
        lock (_lock)
        {
            long due = _startAt is { } heard ? heard - UdpSendPlan.TicksOf(_plan.Latency, _time.TimestampFrequency) : now;
            if (due <= now) _startAt = null; // until then a seek, or a pause and a resume, leave it as it is
            if (due < now) _log.StartedLate((now - due) * 1000.0 / _time.TimestampFrequency);
            _plan.Start(frame, Math.Max(due, now));
        }
    }

    public long UntilDue(long frame, long now) => 0; // the queue says when it is full

    /// <summary>Queues a packet; completes when less than half a second is queued, once it was a second.</summary>
    public ValueTask SendAsync(in SourcePacket packet, long now)
    {
        bool wake, isFull;
        long jump;
        lock (_lock)
        {
            wake = _plan.IsIdle;
            jump = _plan.Enqueue(packet, now);
            _isFull = isFull = _plan.IsFull(now);
        }

        if (wake) _pacing.Wake();
        if (jump > 0) _log.Starved(jump * 1000.0 / _time.TimestampFrequency);
        return isFull ? _room.WaitAsync() : ValueTask.CompletedTask;
    }

    public RtpInfoHeader Flush()
    {
        bool waits;
        RtpInfoHeader next;
        lock (_lock)
        {
            next = _plan.Flush();
            (waits, _isFull) = (_isFull, false);
        }

        if (waits) _room.Ring();
        return next;
    }

    public void Rest()
    {
        lock (_lock) _plan.Rest();
    }

    public long Heard(long now)
    {
        lock (_lock) return _plan.Heard(now);
    }

    public long? FrameAt(uint rtpTime)
    {
        lock (_lock) return _plan.FrameAt(rtpTime);
    }

    /// <summary>The RTP time at which a frame stands.</summary>
    public uint RtpTimeAt(long frame)
    {
        lock (_lock) return _plan.RtpTimeAt(frame);
    }

    /// <summary>The line frame that is heard now.</summary>
    public long HeardLine(long now)
    {
        lock (_lock) return _plan.HeardLine(now);
    }

    /// <summary>When a line frame is heard, in ticks.</summary>
    public long InstantOf(long line)
    {
        lock (_lock) return _plan.InstantOf(line);
    }

    public long UntilHeard(long frame, long now)
    {
        lock (_lock) return _plan.UntilHeard(frame, now);
    }

    public ValueTask DisposeAsync()
    {
        _pacing.Dispose();
        _own?.Dispose();
        UdpPeer[] peers;
        lock (_membership) peers = [.. _peers];
        foreach (UdpPeer peer in peers) Leave(peer);
        lock (_lock) _plan.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>The pacer's step. Sockets that send are its own, so nothing else sends on them.</summary>
    private long Send(long now)
    {
        long next = now;
        _partings = 0;
        for (int sent = 0; sent < DatagramsAtATime;)
        {
            lock (_lock)
            {
                if (!_plan.Poll(now, out UdpSend send))
                {
                    next = _plan.Next(now);
                    break;
                }

                sent += Send(send, now); // under the lock, for the bytes are the ring's
            }
        }

        bool hasRoom;
        lock (_lock)
        {
            hasRoom = _isFull && _plan.HasRoom(now);
            if (hasRoom) _isFull = false;
        }

        if (hasRoom) _room.Ring();
        return next;
    }

    /// <summary>Sends a datagram, and a packet to all that are due the same.</summary>
    /// <returns>To how many.</returns>
    private int Send(in UdpSend send, long now)
    {
        if (send.To is not { } to || send.Member.Sockets is not { } sockets) return 1;
        if (send.Kind != UdpSendKind.Audio)
        {
            sockets.Control.Send(send.Bytes, to);
            return 1;
        }

        ReadOnlySpan<PlanMember> members = _plan.TakeTogether(send, now);
        for (int i = 0; i < members.Length; i++) _together[i] = members[i].AudioPort!;
        IDatagramSocket audio = send.Member.Audio ?? sockets.Audio;
        for (int done = 0; ; done++)
        {
            done += audio.Send(send.Bytes, _together.AsSpan(done, members.Length - done));
            if (done == members.Length || audio != sockets.Audio || !Part(members[done], send.Bytes, now)) break; // then these get it when they ask for it
        }

        return members.Length;
    }

    /// <summary>
    /// A socket's buffer is full of what waits for hosts that do not answer, and whose it is cannot be seen. So whoever finds it full gets a socket of its own from
    /// here on: then one host's packets are in nobody's way but its own.
    /// </summary>
    /// <returns>Whether it has one; the packet has gone by that.</returns>
    private bool Part(PlanMember member, ReadOnlySpan<byte> packet, long now)
    {
        if (_partings == PartingsAtATime || member.Sockets?.OpenAudio(now) is not { } own) return false;
        _partings++;
        member.Audio = own;
        own.Send(packet, member.AudioPort!);
        return true;
    }

    /// <summary>Takes its place away. Under the lock.</summary>
    private void Remove(UdpPeer peer)
    {
        if (peer.Member is not { } member) return;
        _plan.Remove(member);
        if (member.Audio is { } audio && audio != peer.Sockets.Audio) audio.Dispose();
        member.Audio = null;
    }

    private void TakeRequest(UdpPeer peer, ResendRequest request, SocketAddress from)
    {
        bool wake;
        lock (_lock) wake = peer.Member is { } member && _plan.Handle(member, request, from);
        if (wake) _pacing.Wake();
    }

    private bool? TimingOf(UdpPeer peer) =>
        peer.TimingRequests > 0 ? true : peer.Joined > 0 && _time.GetElapsedTime(peer.Joined) > TimingPatience ? false : null;

    private void CheckTiming(UdpPeer peer)
    {
        if (peer.TimingRequests > 0) return;
        _log.NoTiming(peer.Sockets.Timing.LocalEndPoint.Port, peer.Sockets.Control.LocalEndPoint.Port);
    }
}
