using System.IO.Pipelines;
using System.Net;

namespace Raop.Network;

/// <summary>A stream as a pair of pipes. Completing the output sends what is left and then the end; disposing closes both ways.</summary>
/// <remarks>
/// The peer's orderly end is a completed read. Everything else that ends the stream (a reset, a dead host, our own dispose) is a
/// <see cref="RaopException"/> with ConnectionLost, thrown by reads once the bytes that had arrived are examined, and by flushes at once.
/// A flush waits while the peer takes nothing and some 64 KiB are waiting. Dispose still sends what was flushed, as far as the
/// peer takes it within 250 ms, then the end: an answer followed by a dispose arrives.
/// </remarks>
internal interface IStreamConnection : IDuplexPipe, IAsyncDisposable
{
    /// <summary>Our address, IPv4 when an IPv4 peer came in over a dual socket.</summary>
    IPEndPoint LocalEndPoint { get; }

    /// <summary>The peer's address, IPv4 when an IPv4 peer came in over a dual socket.</summary>
    IPEndPoint RemoteEndPoint { get; }
}
