using System.Net;
using Microsoft.Extensions.Logging;
using Raop.Discovery;
using Raop.Network;

namespace Raop.Remote;

/// <summary>
/// What a sender has for the remote controls of its speakers: a server, found by its DACP-ID, that does what they ask. On a network where it
/// cannot listen nobody commands it, and everything else goes on.
/// </summary>
internal sealed class RemoteListener : IAsyncDisposable
{
    private readonly DacpServer _server;

    private RemoteListener(DacpServer server) => _server = server;

    /// <summary>Whether something plays or is paused: only then requests are heard.</summary>
    public bool IsOpen
    {
        set => _server.IsOpen = value;
    }

    /// <summary>Begins to listen and to be found; null when no port is to be had.</summary>
    /// <param name="network">The network.</param>
    /// <param name="time">Clock for time limits.</param>
    /// <param name="id">The DACP-ID.</param>
    /// <param name="actions">What can be done.</param>
    /// <param name="publish">Makes it known; null: it is found by nobody who does not know the port.</param>
    /// <param name="log">Told what is asked, and what fails.</param>
    public static RemoteListener? Start(INetwork network, TimeProvider time, string id, RemoteActions actions, DacpPublish? publish, ILogger log)
    {
        var control = new RemoteControl(actions);
        try
        {
            var server = DacpServer.Start(network, time, new IPEndPoint(IPAddress.IPv6Any, 0), id, control.HandleAsync, actions.Status, publish, log);
            server.IsOpen = false;
            return new RemoteListener(server);
        }
        catch (RaopException e)
        {
            log.NoRemote(e.Message);
            return null;
        }
    }

    /// <summary>On the process's own multicast DNS; the sockets of it open behind, for a start must not wait for them.</summary>
    public static DacpPublish Multicast(ILogger log) => (instance, port, txt) => new Publication(instance, port, txt, log);

    /// <summary>A member from now on.</summary>
    public void Add(string token) => _server.AddMember(token);

    /// <summary>No member any more.</summary>
    public void Remove(string token) => _server.RemoveMember(token);

    /// <summary>Something in the status is another now.</summary>
    public void StatusChanged() => _server.StatusChanged();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private sealed class Publication : IAsyncDisposable
    {
        private readonly Task<(MdnsLease Lease, IMdnsRegistration Registration)?> _published;

        public Publication(string instance, int port, IReadOnlyList<string> txt, ILogger log) => _published = Task.Run(() => PublishAsync(instance, port, txt, log));

        public async ValueTask DisposeAsync()
        {
            if (await _published.ConfigureAwait(false) is not { } published) return;
            await published.Registration.DisposeAsync().ConfigureAwait(false);
            await published.Lease.DisposeAsync().ConfigureAwait(false);
        }

        /// <summary>Whatever goes wrong, the session plays on, and ends as it should.</summary>
        private static async Task<(MdnsLease Lease, IMdnsRegistration Registration)?> PublishAsync(string instance, int port, IReadOnlyList<string> txt, ILogger log)
        {
            MdnsLease? lease = null;
            try
            {
                lease = MdnsLease.Acquire(log);
                return (lease, lease.Service.Publish(new ServiceInstance(instance, DacpIdentity.ServiceType, port, txt)));
            }
            catch (Exception e)
            {
                log.NoRemote(e.Message);
                if (lease is not null) await lease.DisposeAsync().ConfigureAwait(false);
                return null;
            }
        }
    }
}
