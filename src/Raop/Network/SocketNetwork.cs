using System.Net;
using System.Net.Sockets;

namespace Raop.Network;

/// <summary>The network of the operating system.</summary>
/// <param name="time">Clock for arrival timestamps and pauses.</param>
internal sealed class SocketNetwork(TimeProvider time) : INetwork
{
    public bool ResumesInPlace => false;

    private const int Backlog = 64;

    public async ValueTask<IStreamConnection> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken = default)
    {
        Socket? socket = null;
        try
        {
            socket = new Socket(remote.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(remote, cancellationToken).ConfigureAwait(false);
            return new SocketStream(socket, time);
        }
        catch (SocketException e)
        {
            socket?.Dispose();
            throw NetworkErrors.FromConnect(e, remote);
        }
        catch
        {
            socket?.Dispose();
            throw;
        }
    }

    public IStreamListener Listen(IPEndPoint local)
    {
        // On Unix .NET sets SO_REUSEADDR for TCP by itself: a restart is not kept out by the last run's connections.
        Socket socket = Bound(local, SocketType.Stream, ProtocolType.Tcp, socket => socket.Listen(Backlog));
        return new SocketListener(socket, time);
    }

    public IDatagramSocket Bind(IPEndPoint local)
    {
        SocketDatagrams? datagrams = null;
        Bound(local, SocketType.Dgram, ProtocolType.Udp, socket => datagrams = new SocketDatagrams(socket, time));
        return datagrams!;
    }

    private static Socket Bound(IPEndPoint local, SocketType type, ProtocolType protocol, Action<Socket> then)
    {
        bool dual = local.Address.Equals(IPAddress.IPv6Any);
        if (dual && !Socket.OSSupportsIPv6) return Bound(new IPEndPoint(IPAddress.Any, local.Port), type, protocol, then);

        Socket? socket = null;
        try
        {
            socket = new Socket(local.AddressFamily, type, protocol);
            if (local.AddressFamily == AddressFamily.InterNetworkV6) socket.DualMode = dual;
            if (OperatingSystem.IsWindows()) socket.ExclusiveAddressUse = true; // else another program may take the port away
            socket.Bind(local);
            then(socket);
            return socket;
        }
        catch (SocketException e)
        {
            socket?.Dispose();
            throw NetworkErrors.FromBind(e, local);
        }
    }
}
