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
    private readonly SocketAddress _receiver;
    private readonly byte[] _reply = new byte[TimingPacket.Size];
    private long _timingRequests;

    private UdpSockets(IDatagramSocket audio, IDatagramSocket control, IDatagramSocket timing, IPAddress receiver, TimeProvider time)
    {
        (Audio, Control, Timing, _time) = (audio, control, timing, time);
        _receiver = new IPEndPoint(receiver, 0).Serialize();
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
        var opened = new List<IDatagramSocket>(3);
        try
        {
            int from = ports?.First ?? 0;
            for (int i = 0; i < 2; i++) opened.Add(Bind(network, local, ports, ref from));
            opened.Add(network.Bind(new IPEndPoint(local, 0)));
            return new UdpSockets(opened[2], opened[0], opened[1], receiver, time);
        }
        catch
        {
            opened.ForEach(static socket => socket.Dispose());
            throw;
        }
    }

    /// <summary>Whether a datagram comes from the receiver, whatever the port.</summary>
    public bool IsReceiver(SocketAddress from) =>
        from.Family == _receiver.Family && AddressOf(from).SequenceEqual(AddressOf(_receiver));

    public void Dispose()
    {
        Timing.Dispose();
        Control.Dispose();
        Audio.Dispose();
    }

    private static IDatagramSocket Bind(INetwork network, IPAddress local, RaopPortRange? ports, ref int from)
    {
        if (ports is null) return network.Bind(new IPEndPoint(local, 0));
        RaopException? taken = null;
        while (from <= ports.Last)
        {
            try
            {
                return network.Bind(new IPEndPoint(local, from++));
            }
            catch (RaopException e) when (e.Error == RaopError.AddressInUse)
            {
                taken = e;
            }
        }

        throw new RaopException(
            RaopError.AddressInUse, $"Of the UDP ports {ports} no two are free at {local}.", "Give another range with --udp-ports, or none to take any free ports.", taken);
    }

    // sockaddr_in has the address at 4, sockaddr_in6 at 8.
    private static ReadOnlySpan<byte> AddressOf(SocketAddress address) => address.Family == System.Net.Sockets.AddressFamily.InterNetworkV6
        ? address.Buffer.Span.Slice(8, 16)
        : address.Buffer.Span.Slice(4, 4);

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
