using System.Net;

namespace Raop.Network;

/// <summary>Waits for streams. Disposing it ends a waiting accept with null.</summary>
internal interface IStreamListener : IAsyncDisposable
{
    /// <summary>Where it listens, with the port that it got.</summary>
    IPEndPoint LocalEndPoint { get; }

    /// <summary>The next stream, or null once the listener is disposed. One caller at a time.</summary>
    ValueTask<IStreamConnection?> AcceptAsync(CancellationToken cancellationToken = default);
}
