using System.Net.Sockets;

namespace Raop.Network;

/// <summary>Streams to programs of this machine.</summary>
internal static class LocalStream
{
    /// <summary>Connects to a socket in the file system; a name that begins with NUL is an abstract one.</summary>
    /// <returns>The stream; reads have no time limit.</returns>
    /// <exception cref="IOException">Nobody listens there.</exception>
    public static Stream Connect(string path)
    {
        Socket? socket = null;
        try
        {
            socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); // some systems have none
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (Exception e) when (e is SocketException or ArgumentException or PlatformNotSupportedException)
        {
            socket?.Dispose();
            throw new IOException($"Nobody listens at {path.Replace('\0', '@')}.", e);
        }
    }
}
