using System.Net;
using System.Net.Sockets;

namespace Raop.Network;

/// <summary>A socket of the group on one interface over one family, and the thread that receives from it.</summary>
internal sealed class MulticastSocket : IDisposable
{
    public const int Port = 5353;
    private const int MaxDatagram = 9000, TimeToLive = 255, SendTimeout = 20; // ms
    private static readonly IPAddress GroupV4 = new([224, 0, 0, 251]), GroupV6 = IPAddress.Parse("ff02::fb");

    private readonly Socket _socket;
    private readonly int _link;
    private readonly TimeProvider _time;
    private readonly IPEndPoint _group;
    private readonly ManualResetEventSlim _stopped = new();
    private Thread? _thread;

    private MulticastSocket(Socket socket, int link, TimeProvider time)
    {
        (_socket, _link, _time) = (socket, link, time);
        _group = IsV6 ? new IPEndPoint(new IPAddress(GroupV6.GetAddressBytes(), link), Port) : new IPEndPoint(GroupV4, Port);
    }

    private bool IsV6 => _socket.AddressFamily == AddressFamily.InterNetworkV6;

    /// <summary>A socket that only holds the port, to see whether it may be had.</summary>
    /// <exception cref="SocketException">It may not.</exception>
    public static IDisposable OpenPort() => Bound(AddressFamily.InterNetwork);

    /// <summary>Joins the group on an interface.</summary>
    /// <returns>Null if that interface cannot do it, or not any more.</returns>
    public static MulticastSocket? TryOpen(MulticastLink link, AddressFamily family, TimeProvider time)
    {
        Socket? socket = null;
        try
        {
            socket = Bound(family);
            if (family == AddressFamily.InterNetworkV6) JoinV6(socket, link.Index);
            else JoinV4(socket, link);
            return new MulticastSocket(socket, link.Index, time);
        }
        catch (SocketException)
        {
            socket?.Dispose();
            return null;
        }
    }

    public void Start(MulticastHandler handler)
    {
        _thread = new Thread(Receive) { IsBackground = true, Name = $"mDNS {_link}" };
        _thread.Start(handler);
    }

    public void Send(ReadOnlySpan<byte> datagram, IPEndPoint? to)
    {
        try
        {
            _socket.SendTo(datagram, SocketFlags.None, to is null ? _group : Scoped(to));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // lost
        }
    }

    public void Dispose()
    {
        _stopped.Set();
        _socket.Dispose(); // ends a waiting receive
        if (_thread != Thread.CurrentThread) _thread?.Join();
    }

    private static Socket Bound(AddressFamily family)
    {
        var socket = new Socket(family, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            if (family == AddressFamily.InterNetworkV6) socket.DualMode = false;
            socket.Bind(new IPEndPoint(family == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, Port));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void JoinV4(Socket socket, MulticastLink link)
    {
        const int IpLevel = 0, IpMulticastInterface = 32, IpMulticastAll = 49; // Linux
        int index = link.Index;
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.PacketInformation, true);
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, IPAddress.HostToNetworkOrder(index));
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastTimeToLive, TimeToLive);
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.IpTimeToLive, TimeToLive);
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastLoopback, true);
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(GroupV4, index));
        LinkAddress own = link.Addresses.First(address => address.Address.AddressFamily == AddressFamily.InterNetwork);
        if (OperatingSystem.IsLinux() && IPAddress.IsLoopback(own.Address)) // else Linux sends from 0.0.0.0 there: a struct ip_mreqn names the source
            socket.SetRawSocketOption(IpLevel, IpMulticastInterface, [0, 0, 0, 0, .. own.Address.GetAddressBytes(), .. BitConverter.GetBytes(index)]);
        if (OperatingSystem.IsLinux()) socket.SetRawSocketOption(IpLevel, IpMulticastAll, BitConverter.GetBytes(0)); // else it gets what others joined
        socket.SendTimeout = SendTimeout;
    }

    private static void JoinV6(Socket socket, int index)
    {
        socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.PacketInformation, true);
        socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastInterface, index);
        socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastTimeToLive, TimeToLive);
        const int Ipv6Level = 41, Ipv6UnicastHops = 16; // Linux, where SocketOptionName.HopLimit is refused
        if (OperatingSystem.IsLinux()) socket.SetRawSocketOption(Ipv6Level, Ipv6UnicastHops, BitConverter.GetBytes(TimeToLive));
        socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastLoopback, true);
        socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.AddMembership, new IPv6MulticastOption(GroupV6, index));
        socket.SendTimeout = SendTimeout;
    }

    private IPEndPoint Scoped(IPEndPoint to) =>
        to.Address is { IsIPv6LinkLocal: true, ScopeId: 0 } ? new IPEndPoint(new IPAddress(to.Address.GetAddressBytes(), _link), to.Port) : to;

    private void Receive(object? state)
    {
        var handler = (MulticastHandler)state!;
        byte[] buffer = GC.AllocateUninitializedArray<byte>(MaxDatagram, pinned: true);
        var any = new IPEndPoint(IsV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        while (!_stopped.IsSet)
        {
            try
            {
                EndPoint from = any;
                SocketFlags flags = SocketFlags.None;
                int length = _socket.ReceiveMessageFrom(buffer, ref flags, ref from, out IPPacketInformation arrived);
                if (flags.HasFlag(SocketFlags.Truncated) || arrived.Interface != _link) continue; // others' groups come here too
                handler(buffer.AsSpan(0, length), new MulticastArrival((IPEndPoint)from, _link, _time.GetTimestamp()));
            }
            catch (SocketException) when (!_stopped.IsSet)
            {
                _stopped.Wait(SendTimeout); // an error of an earlier send, or the interface is going
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
