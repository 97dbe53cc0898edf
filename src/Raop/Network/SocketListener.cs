using System.Net;
using System.Net.Sockets;

namespace Raop.Network;

/// <summary>A listening TCP socket.</summary>
internal sealed class SocketListener : IStreamListener
{
    private static readonly TimeSpan FullPause = TimeSpan.FromMilliseconds(100);

    private readonly Socket _socket;
    private readonly TimeProvider _time;
    private volatile bool _disposed;

    public SocketListener(Socket socket, TimeProvider time)
    {
        _socket = socket;
        _time = time;
        LocalEndPoint = SocketStream.Unmapped(socket.LocalEndPoint!);
    }

    public IPEndPoint LocalEndPoint { get; }

    public async ValueTask<IStreamConnection?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            Socket? socket = null;
            try
            {
                socket = await _socket.AcceptAsync(cancellationToken).ConfigureAwait(false);
                return new SocketStream(socket, _time);
            }
            catch (Exception e) when (_disposed && e is SocketException or ObjectDisposedException)
            {
                socket?.Dispose();
                return null;
            }
            catch (SocketException e)
            {
                socket?.Dispose(); // gone before we had it: the next one, please
                if (e.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable)
                    await Task.Delay(FullPause, _time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        _disposed = true;
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }
}
