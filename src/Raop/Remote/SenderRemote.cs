using System.Net;
using System.Net.NetworkInformation;
using Microsoft.Extensions.Logging;
using Raop.Discovery;
using Raop.Network;

namespace Raop.Remote;

/// <summary>A receiver's way to its senders. Looks for them only once somebody has something to say.</summary>
/// <param name="network">The network.</param>
/// <param name="time">Clock for time limits.</param>
/// <param name="openFinder">Finds services; what it gives is disposed here.</param>
/// <param name="log">Told what came of it.</param>
internal sealed class SenderRemote(INetwork network, TimeProvider time, Func<IServiceFinder> openFinder, ILogger log) : IAsyncDisposable
{
    private const string AtTheSender = "Do it at the sender itself.";

    private readonly Lock _lock = new();
    private IServiceFinder? _finder;
    private DacpDirectory? _directory;
    private bool _disposed;

    /// <summary>Tells the sender at an address a command.</summary>
    /// <param name="sender">Where its RTSP connection comes from.</param>
    /// <param name="id">Its DACP-ID, or null.</param>
    /// <param name="token">Its Active-Remote, or null.</param>
    /// <param name="command">What stands behind <c>/ctrl-int/1/</c>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RaopException">NoRemoteControl, Rejected or Unreachable; or AddressInUse, when nothing on this machine can look for senders.</exception>
    public async Task TellAsync(IPAddress sender, string? id, string? token, string command, CancellationToken cancellationToken)
    {
        DacpTarget target = DacpTarget.From(sender, id, token) ?? throw new RaopException(
            RaopError.NoRemoteControl, $"The sender at {sender} has no remote control.", AtTheSender);
        var client = new DacpClient(network, time, Directory(), IsOurs, log);
        DacpOutcome outcome = await client.SendAsync(target, command, cancellationToken).ConfigureAwait(false);
        RaopError? error = outcome.Result switch
        {
            DacpResult.Done => null,
            DacpResult.NotFound => RaopError.NoRemoteControl,
            DacpResult.Refused => RaopError.Rejected,
            _ => RaopError.Unreachable,
        };
        if (error is { } failed) throw new RaopException(failed, outcome.Detail, Remedy(outcome.Result));
    }

    public async ValueTask DisposeAsync()
    {
        IServiceFinder? finder;
        lock (_lock)
        {
            _disposed = true;
            finder = _finder;
        }

        _directory?.Dispose();
        if (finder is not null) await finder.DisposeAsync().ConfigureAwait(false);
    }

    private static string Remedy(DacpResult result) => result switch
    {
        DacpResult.Refused => AtTheSender,
        DacpResult.NotFound => AtTheSender + " Or see whether a firewall keeps UDP port 5353 closed.",
        DacpResult.Unreachable => "See whether a firewall at the sender keeps its remote control's port closed.",
        _ => "",
    };

    private DacpDirectory Directory()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_directory is not null) return _directory;
            IServiceFinder finder = _finder = openFinder();
            return _directory = new DacpDirectory(seen => finder.Browse(DacpIdentity.ServiceType, change => seen(Sighting(change))), network.Completions);
        }
    }

    private static DacpSighting Sighting(ServiceChange change) => new(
        change.Kind == ServiceChangeKind.Removed, change.Instance, change.Port, [.. change.EndPoints.Select(static endPoint => endPoint.Address)]);

    private static bool IsOurs(IPAddress address) =>
        IPAddress.IsLoopback(address)
        || NetworkInterface.GetAllNetworkInterfaces().Any(link => link.GetIPProperties().UnicastAddresses.Any(own => own.Address.Equals(address)));
}
