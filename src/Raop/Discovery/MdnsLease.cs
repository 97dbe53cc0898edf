using Microsoft.Extensions.Logging;
using Raop.Network;

namespace Raop.Discovery;

/// <summary>
/// The process's multicast DNS on the real network, which all its users share. It lives from the first lease to the last disposed.
/// </summary>
internal sealed class MdnsLease : IAsyncDisposable
{
    private static readonly Lock Gate = new();
    private static MdnsService? _shared;
    private static int _users;

    private bool _disposed;

    private MdnsLease(MdnsService service) => Service = service;

    public MdnsService Service { get; }

    /// <summary>Opens the sockets, unless they are open. Takes some milliseconds.</summary>
    /// <param name="log">Of the first user.</param>
    /// <exception cref="RaopException">AddressInUse: another program has port 5353 for itself.</exception>
    public static MdnsLease Acquire(ILogger log)
    {
        lock (Gate)
        {
            _shared ??= MdnsService.Open(SocketMulticast.Open(TimeProvider.System), TimeProvider.System, log);
            _users++;
            return new MdnsLease(_shared);
        }
    }

    /// <summary>Gives it back; the last one closes the sockets.</summary>
    public ValueTask DisposeAsync()
    {
        MdnsService last;
        lock (Gate)
        {
            if (_disposed) return ValueTask.CompletedTask;
            _disposed = true;
            if (--_users > 0) return ValueTask.CompletedTask;
            last = _shared!;
            _shared = null;
        }

        return last.DisposeAsync(); // without the lock: it waits for a listener, who may want a lease
    }
}
