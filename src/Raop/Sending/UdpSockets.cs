using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Raop.Network;
using Raop.Rtp;
using Raop.Timing;

namespace Raop.Sending;

/// <summary>
/// The sender's three datagram sockets, for all receivers that are reached from one of our addresses. The timing one answers from the moment that
/// a receiver is let in, for some ask before they answer SETUP.
/// </summary>
internal sealed class UdpSockets : IDisposable
{
    private readonly INetwork _network;
    private readonly TimeProvider _time;
    private readonly byte[] _reply = new byte[TimingPacket.Size];
    private volatile UdpPeer[] _peers = []; // replaced as a whole: receiving threads read it
    private long _openFrom = long.MinValue; // ticks: after one could not be opened, for a while none is tried
    private Action<UdpPeer, ResendRequest, SocketAddress> _asked = static (_, _, _) => { };

    private UdpSockets(INetwork network, IDatagramSocket audio, IDatagramSocket control, IDatagramSocket timing, TimeProvider time)
    {
        (_network, Audio, Control, Timing, _time) = (network, audio, control, timing, time);
    }

    /// <summary>Sends audio, receives nothing.</summary>
    public IDatagramSocket Audio { get; }

    /// <summary>Sends syncs and resent packets, gets the requests for them.</summary>
    public IDatagramSocket Control { get; }

    /// <summary>Answers what receivers ask of our clock.</summary>
    public IDatagramSocket Timing { get; }

    /// <summary>Who is let in.</summary>
    public int Peers => _peers.Length;

    /// <summary>Binds them beside the control connection.</summary>
    /// <param name="network">Where.</param>
    /// <param name="local">Our address on the RTSP connection.</param>
    /// <param name="ports">Ports for control and timing, or null for free ones.</param>
    /// <param name="time">The clock that is told.</param>
    /// <param name="asked">Gets requests for packets, from the control socket's thread.</param>
    /// <exception cref="RaopException">AddressInUse.</exception>
    public static UdpSockets Open(
        INetwork network, IPAddress local, RaopPortRange? ports, TimeProvider time, Action<UdpPeer, ResendRequest, SocketAddress> asked)
    {
        IDatagramSocket[] heard = DatagramPorts.Bind(network, local, ports is null ? null : (ports.First, ports.Last), 2);
        try
        {
            var sockets = new UdpSockets(network, network.Bind(new IPEndPoint(local, 0)), heard[0], heard[1], time) { _asked = asked };
            sockets.Timing.Start(sockets.AnswerTiming);
            sockets.Control.Start(sockets.TakeControl);
            return sockets;
        }
        catch
        {
            Array.ForEach(heard, static socket => socket.Dispose());
            throw;
        }
    }

    /// <summary>Another socket that only sends audio, or null where there is none to be had, nor was in the last second. The caller's; one caller at a time.</summary>
    public IDatagramSocket? OpenAudio(long now)
    {
        if (now < _openFrom) return null;
        try
        {
            return _network.Bind(new IPEndPoint(Audio.LocalEndPoint.Address, 0));
        }
        catch (Exception e) when (e is RaopException or SocketException)
        {
            _openFrom = now + _time.TimestampFrequency;
            return null;
        }
    }

    /// <summary>Lets a receiver in: nobody else is answered. One caller at a time.</summary>
    public UdpPeer Admit(IPAddress receiver)
    {
        var peer = new UdpPeer(this, receiver);
        _peers = [.. _peers, peer];
        return peer;
    }

    public void Dismiss(UdpPeer peer) => _peers = Array.FindAll(_peers, other => other != peer);

    public void Dispose()
    {
        Timing.Dispose();
        Control.Dispose();
        Audio.Dispose();
    }

    /// <summary>Whose a datagram is: the one that named the port, or else the first at the address.</summary>
    private UdpPeer? Find(SocketAddress from, bool isTiming)
    {
        int port = BinaryPrimitives.ReadUInt16BigEndian(from.Buffer.Span[2..]);
        UdpPeer? any = null;
        foreach (UdpPeer peer in _peers)
        {
            if (!peer.Is(from)) continue;
            if ((isTiming ? peer.TimingPort : peer.ControlPort) == port) return peer;
            any ??= peer;
        }

        return any;
    }

    private void TakeControl(ReadOnlySpan<byte> datagram, SocketAddress from, long arrived)
    {
        if (ResendRequest.TryParse(datagram, out ResendRequest request) && Find(from, isTiming: false) is { } peer) _asked(peer, request, from);
    }

    private void AnswerTiming(ReadOnlySpan<byte> datagram, SocketAddress from, long arrived)
    {
        if (Find(from, isTiming: true) is not { } peer || !TimingPacket.TryParse(datagram, out TimingPacket request) || request.IsReply) return;
        long frequency = _time.TimestampFrequency;
        new TimingPacket(
            IsReply: true, request.Sequence, Origin: request.Transmit,
            Receive: NtpTime.FromTimestamp(arrived, frequency), Transmit: NtpTime.FromTimestamp(_time.GetTimestamp(), frequency)).WriteTo(_reply);
        Timing.Send(_reply, from);
        peer.CountTiming();
    }
}
