using System.Net;

namespace Raop.Network;

/// <summary>All that the protocol needs of a network. The real one has sockets; the simulated one is in the tests.</summary>
internal interface INetwork
{
    /// <summary>
    /// Whether what waits here resumes in place, on the thread that completes it: so a simulation repeats. Otherwise on the thread pool, so that
    /// a caller who blocks stops nobody else.
    /// </summary>
    bool ResumesInPlace { get; }

    /// <summary>The same, for a TaskCompletionSource.</summary>
    TaskCreationOptions Completions => ResumesInPlace ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously;

    /// <summary>Connects a stream.</summary>
    /// <exception cref="RaopException">Unreachable, Refused or Timeout (the operating system's own, which is long: callers set theirs by the token).</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> fired; nothing stays open then.</exception>
    ValueTask<IStreamConnection> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken = default);

    /// <summary>Listens from now on. An IPv6 Any address takes IPv4 as well. Port 0 takes a free one.</summary>
    /// <exception cref="RaopException">AddressInUse: taken, not ours, or not allowed.</exception>
    IStreamListener Listen(IPEndPoint local);

    /// <summary>Binds a datagram socket. An IPv6 Any address takes IPv4 as well. Port 0 takes a free one.</summary>
    /// <exception cref="RaopException">AddressInUse: taken, not ours, or not allowed.</exception>
    IDatagramSocket Bind(IPEndPoint local);
}
