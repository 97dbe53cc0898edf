using System.IO.Pipelines;
using System.Net;

namespace Raop.Network;

/// <summary>All that the protocol needs of a network. The real one has sockets; the simulated one is in the tests.</summary>
internal interface INetwork
{
    /// <summary>Connects a stream.</summary>
    /// <exception cref="RaopException">Unreachable or Refused.</exception>
    ValueTask<IStreamConnection> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken = default);

    /// <summary>Listens from now on. An IPv6 Any address takes IPv4 as well.</summary>
    /// <exception cref="RaopException">AddressInUse.</exception>
    IStreamListener Listen(IPEndPoint local);

    /// <summary>Binds a datagram socket. Port 0 takes a free one.</summary>
    /// <exception cref="RaopException">AddressInUse.</exception>
    IDatagramSocket Bind(IPEndPoint local);
}

/// <summary>A stream as a pair of pipes. Completing the output sends what is left and then the end; disposing closes both ways at once.</summary>
internal interface IStreamConnection : IDuplexPipe, IAsyncDisposable
{
    /// <summary>Our address, IPv4 when an IPv4 peer came in over a dual socket.</summary>
    IPEndPoint LocalEndPoint { get; }

    /// <summary>The peer's address, IPv4 when an IPv4 peer came in over a dual socket.</summary>
    IPEndPoint RemoteEndPoint { get; }
}

/// <summary>Waits for streams. Disposing it ends a waiting accept with null.</summary>
internal interface IStreamListener : IAsyncDisposable
{
    IPEndPoint LocalEndPoint { get; }

    /// <summary>The next stream, or null once the listener is disposed.</summary>
    ValueTask<IStreamConnection?> AcceptAsync(CancellationToken cancellationToken = default);
}

/// <summary>Sends and receives datagrams. One thread sends, one receives.</summary>
internal interface IDatagramSocket : IDisposable
{
    IPEndPoint LocalEndPoint { get; }

    /// <summary>Sends one datagram; a full buffer or an unreachable peer loses it, as the network may.</summary>
    void Send(ReadOnlySpan<byte> datagram, SocketAddress to);

    /// <summary>
    /// Hands every datagram that arrives to <paramref name="handler"/> until the socket is disposed. The handler must not keep the span.
    /// The real socket calls it from a thread of its own, the simulated one from the thread that moves the clock.
    /// </summary>
    void Start(DatagramHandler handler);
}

/// <summary>Takes a datagram that has arrived.</summary>
/// <param name="datagram">The bytes, valid during the call.</param>
/// <param name="from">The sender's address, valid during the call.</param>
/// <param name="timestamp">When it arrived, in ticks of the host's TimeProvider.</param>
internal delegate void DatagramHandler(ReadOnlySpan<byte> datagram, SocketAddress from, long timestamp);
