using System.Net;

namespace Raop.Network;

/// <summary>Sends and receives datagrams. One thread sends, one receives.</summary>
internal interface IDatagramSocket : IDisposable
{
    /// <summary>Where it is bound, with the port that it got.</summary>
    IPEndPoint LocalEndPoint { get; }

    /// <summary>Sends one datagram; a full buffer or an unreachable peer loses it, as the network may.</summary>
    /// <param name="datagram">The bytes, at most 65,507.</param>
    /// <param name="to">An address of the socket's family, or IPv4 when it is bound to IPv6 Any.</param>
    void Send(ReadOnlySpan<byte> datagram, SocketAddress to);

    /// <summary>Sends one datagram to several; a peer that cannot be reached loses its own.</summary>
    /// <param name="datagram">The bytes, at most 65,507.</param>
    /// <param name="to">Addresses as for one.</param>
    /// <returns>How many it was sent to, or lost to; the next one found the socket's buffer full, and nothing was sent from there on.</returns>
    int Send(ReadOnlySpan<byte> datagram, ReadOnlySpan<SocketAddress> to)
    {
        foreach (SocketAddress address in to) Send(datagram, address);
        return to.Length;
    }

    /// <summary>
    /// Hands every datagram that arrives to <paramref name="handler"/> until the socket is disposed. The handler must not keep the span.
    /// The real socket calls it from a thread of its own, the simulated one from the thread that moves the clock.
    /// </summary>
    /// <remarks>Dispose waits for a running handler, unless the handler itself disposes. Call Start once.</remarks>
    void Start(DatagramHandler handler);

    /// <summary>
    /// Hands over what has come so far and does not wait: for who looks now and then instead of calling <see cref="Start"/>, and can do without the
    /// instant of arrival. One caller at a time, and none during Dispose.
    /// </summary>
    /// <param name="handler">Must not keep the span. The timestamp is that of the look.</param>
    /// <param name="most">How many at most.</param>
    /// <returns>How many there were.</returns>
    int Drain(DatagramHandler handler, int most);
}
