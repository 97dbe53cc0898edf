using System.Net;
using Raop.Network;
using Raop.Rtp;
using Raop.Timing;

namespace Raop.Sending;

/// <summary>
/// The sender's three datagram sockets. The timing one answers from the moment it is open, for some receivers ask before they answer SETUP.
/// </summary>
internal sealed class UdpSockets : IDisposable
{
    private readonly TimeProvider _time;
    private readonly PeerAddress _receiver;
    private readonly byte[] _reply = new byte[TimingPacket.Size];
    private long _timingRequests;

    private UdpSockets(IDatagramSocket audio, IDatagramSocket control, IDatagramSocket timing, IPAddress receiver, TimeProvider time)
    {
        (Audio, Control, Timing, _time) = (audio, control, timing, time);
        _receiver = new PeerAddress(receiver);
        timing.Start(AnswerTiming);
    }

    /// <summary>Sends audio, receives nothing.</summary>
    public IDatagramSocket Audio { get; }

    /// <summary>Sends syncs and resent packets, gets the requests for them.</summary>
    public IDatagramSocket Control { get; }

    /// <summary>Answers what the receiver asks of our clock.</summary>
    public IDatagramSocket Timing { get; }

    /// <summary>Questions that were answered.</summary>
    public long TimingRequests => Interlocked.Read(ref _timingRequests);

    /// <summary>Binds them beside the control connection.</summary>
    /// <param name="network">Where.</param>
    /// <param name="local">Our address on the RTSP connection.</param>
    /// <param name="receiver">The receiver's; nobody else is answered.</param>
    /// <param name="ports">Ports for control and timing, or null for free ones.</param>
    /// <param name="time">The clock that is told.</param>
    /// <exception cref="RaopException">AddressInUse.</exception>
    public static UdpSockets Open(INetwork network, IPAddress local, IPAddress receiver, RaopPortRange? ports, TimeProvider time)
    {
        IDatagramSocket[] heard = DatagramPorts.Bind(network, local, ports is null ? null : (ports.First, ports.Last), 2);
        try
        {
            return new UdpSockets(network.Bind(new IPEndPoint(local, 0)), heard[0], heard[1], receiver, time);
        }
        catch
        {
            Array.ForEach(heard, static socket => socket.Dispose());
            throw;
        }
    }

    /// <summary>Whether a datagram comes from the receiver, whatever the port.</summary>
    public bool IsReceiver(SocketAddress from) => _receiver.Is(from);

    public void Dispose()
    {
        Timing.Dispose();
        Control.Dispose();
        Audio.Dispose();
    }

    private void AnswerTiming(ReadOnlySpan<byte> datagram, SocketAddress from, long arrived)
    {
        if (!IsReceiver(from) || !TimingPacket.TryParse(datagram, out TimingPacket request) || request.IsReply) return;
        long frequency = _time.TimestampFrequency;
        new TimingPacket(
            IsReply: true, request.Sequence, Origin: request.Transmit,
            Receive: NtpTime.FromTimestamp(arrived, frequency), Transmit: NtpTime.FromTimestamp(_time.GetTimestamp(), frequency)).WriteTo(_reply);
        Timing.Send(_reply, from);
        Interlocked.Increment(ref _timingRequests);
    }
}
