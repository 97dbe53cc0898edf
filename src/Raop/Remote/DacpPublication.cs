using Microsoft.Extensions.Logging;
using Raop.Discovery;

namespace Raop.Remote;

/// <summary>A sender's service on the real network. What fails costs the remote control alone, and is said in the log.</summary>
internal sealed class DacpPublication : IAsyncDisposable
{
    private readonly ILogger _log;
    private readonly Task<Published?> _opening;

    /// <summary>Begins to publish; it takes some milliseconds, behind the caller's back.</summary>
    /// <param name="instance">The instance.</param>
    /// <param name="port">Where the sender listens.</param>
    /// <param name="txt">The TXT record.</param>
    /// <param name="log">Told when it cannot be done.</param>
    public DacpPublication(string instance, int port, IReadOnlyList<string> txt, ILogger log)
    {
        _log = log;
        _opening = Task.Run(() => Open(instance, port, txt));
    }

    public async ValueTask DisposeAsync()
    {
        if (await _opening.ConfigureAwait(false) is not { } published) return;
        await published.Registration.DisposeAsync().ConfigureAwait(false);
        await published.Lease.DisposeAsync().ConfigureAwait(false);
    }

    private Published? Open(string instance, int port, IReadOnlyList<string> txt)
    {
        try
        {
            var lease = MdnsLease.Acquire(_log);
            return new Published(lease, lease.Service.Publish(new ServiceInstance(instance, DacpIdentity.ServiceType, port, txt)));
        }
        catch (Exception e)
        {
            _log.NoRemoteControl(e.Message);
            return null;
        }
    }

    private sealed record Published(MdnsLease Lease, IMdnsRegistration Registration);
}
