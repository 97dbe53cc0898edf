using System.Net;
using Microsoft.Extensions.Logging;
using Raop.Network;

namespace Raop.Remote;

/// <summary>Publishes the service of a sender on the network; disposing what it gives takes it back.</summary>
/// <param name="instance">The instance, "iTunes_Ctrl_56B29BB6CB904862".</param>
/// <param name="port">Where we listen.</param>
/// <param name="txt">The TXT record.</param>
internal delegate IAsyncDisposable DacpPublish(string instance, int port, IReadOnlyList<string> txt);

/// <summary>Does what a speaker asks; false when that cannot be done now.</summary>
internal delegate ValueTask<bool> DacpHandler(RaopRemoteRequest request, CancellationToken cancellationToken);

/// <summary>
/// Hears the remote controls of the speakers that a sender plays to: one listener for a group, a token for each member. From any thread.
/// </summary>
internal sealed class DacpServer : IAsyncDisposable
{
    private const int MaxConnections = 32, MaxPerAddress = 8;

    private readonly DacpContext _context;
    private readonly IStreamListener _listener;
    private readonly IAsyncDisposable? _published;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<(IPAddress Address, Task Serving)> _connections = [];
    private readonly Task _serving;
    private bool _disposed;

    private DacpServer(DacpContext context, IStreamListener listener, string id, DacpPublish? publish)
    {
        (_context, _listener, Id) = (context, listener, id);
        _serving = ServeAsync();
        _published = publish?.Invoke(DacpIdentity.InstancePrefix + id, listener.LocalEndPoint.Port, DacpIdentity.Txt(id)); // only now: some look at once
    }

    /// <summary>The DACP-ID: goes into every RTSP request of every member.</summary>
    public string Id { get; }

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint => _listener.LocalEndPoint;

    /// <summary>Whether requests are heard: while something plays or is paused. Otherwise all of them get 403. True in the beginning.</summary>
    public bool IsOpen
    {
        get => _context.IsOpen;
        set => _context.IsOpen = value;
    }

    /// <summary>Begins to listen, and then to be found.</summary>
    /// <param name="network">The network.</param>
    /// <param name="time">Clock for time limits.</param>
    /// <param name="local">Where; port 0 takes a free one.</param>
    /// <param name="id">The DACP-ID, of <see cref="DacpIdentity.NewId"/>.</param>
    /// <param name="handle">Does what is asked. Gets one request of a connection after the other, and those of several at once.</param>
    /// <param name="status">What plays now.</param>
    /// <param name="publish">Announces the service; null: nobody finds it by name.</param>
    /// <param name="log">Told what is asked.</param>
    /// <exception cref="RaopException">AddressInUse.</exception>
    public static DacpServer Start(
        INetwork network, TimeProvider time, IPEndPoint local, string id, DacpHandler handle, Func<DacpStatus> status, DacpPublish? publish, ILogger log) =>
        new(new DacpContext(network, time, handle, status, log), network.Listen(local), id, publish);

    /// <summary>A new member: from now on its requests are heard.</summary>
    /// <returns>Its Active-Remote, to be sent in every RTSP request to it.</returns>
    public string AddMember() => _context.Gate.Add();

    /// <summary>A new member that has its Active-Remote already.</summary>
    public void AddMember(string token) => _context.Gate.Add(token);

    /// <summary>The member has left.</summary>
    public void RemoveMember(string token) => _context.Gate.Remove(token);

    /// <summary>Something in the status is another now: those that wait for that are told.</summary>
    public void StatusChanged() => _context.StatusChanged();

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, true)) return;
        if (_published is not null) await _published.DisposeAsync().ConfigureAwait(false);
        _stop.Cancel();
        await _listener.DisposeAsync().ConfigureAwait(false);
        await _serving.ConfigureAwait(false);
        Task[] connections;
        lock (_lock) connections = [.. _connections.Select(static connection => connection.Serving)];
        await Task.WhenAll(connections).ConfigureAwait(false);
    }

    private async Task ServeAsync()
    {
        try
        {
            while (await _listener.AcceptAsync(_stop.Token).ConfigureAwait(false) is { } connection)
            {
                if (TryServe(connection)) continue;
                _context.Log.TooMany(connection.RemoteEndPoint);
                await connection.DisposeAsync().ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private bool TryServe(IStreamConnection connection)
    {
        lock (_lock)
        {
            IPAddress address = connection.RemoteEndPoint.Address;
            _connections.RemoveAll(static connection => connection.Serving.IsCompleted);
            if (_connections.Count >= MaxConnections || _connections.Count(other => other.Address.Equals(address)) >= MaxPerAddress) return false;
            _connections.Add((address, new DacpConnection(_context, connection).RunAsync(_stop.Token)));
            return true;
        }
    }
}
