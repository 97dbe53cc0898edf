using System.Net;
using System.Net.Sockets;
using Raop.Network;

namespace Raop.Tests.Simulation;

/// <summary>The network as one host has it.</summary>
internal sealed class SimulatedNetwork(SimulatedHost host) : INetwork
{
    public bool ResumesInPlace => true;

    private const int FirstFreePort = 49152, LastPort = 65535;
    private static readonly TimeSpan NoHost = TimeSpan.FromSeconds(3), NoAnswer = TimeSpan.FromSeconds(127); // as Linux: ARP, and six SYNs

    private readonly List<SimulatedListener> _listeners = [];
    private readonly List<SimulatedDatagrams> _datagrams = [];
    private readonly List<SimulatedStream> _streams = [];
    private int _nextFreePort = FirstFreePort;

    private SimulatedWorld World => host.World;

    /// <summary>The address without an IPv6 scope.</summary>
    public static IPAddress Bare(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
        : address is { AddressFamily: AddressFamily.InterNetworkV6, ScopeId: not 0 } ? new IPAddress(address.GetAddressBytes())
        : address;

    public async ValueTask<IStreamConnection> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken = default)
    {
        World.CheckThread();
        MustLive();
        cancellationToken.ThrowIfCancellationRequested();
        IPAddress source = SourceFor(remote.Address) ?? throw NetworkErrors.Unreachable(remote);
        SimulatedHost? target = Find(remote.Address);
        var attempt = new Attempt(remote, new IPEndPoint(source, FreePort()), host.Incarnation);
        using CancellationTokenRegistration cancelled = cancellationToken.Register(
            () => attempt.Result.TrySetCanceled(cancellationToken));
        RaopException late = target is null ? NetworkErrors.Unreachable(remote) : NetworkErrors.Timeout(remote);
        using ITimer timer = host.Clock.CreateTimer(
            _ => attempt.Result.TrySetException(late), null, target is null ? NoHost : NoAnswer, Timeout.InfiniteTimeSpan);
        target?.Network.Ask(host, attempt);
        return await attempt.Result.Task.ConfigureAwait(false);
    }

    public IStreamListener Listen(IPEndPoint local)
    {
        World.CheckThread();
        var listener = new SimulatedListener(host, Take(local, _listeners.ConvertAll(other => other.LocalEndPoint)));
        _listeners.Add(listener);
        return listener;
    }

    public IDatagramSocket Bind(IPEndPoint local)
    {
        World.CheckThread();
        var socket = new SimulatedDatagrams(host, Take(local, _datagrams.ConvertAll(other => other.LocalEndPoint)));
        _datagrams.Add(socket);
        return socket;
    }

    /// <summary>The host that has an address, seen from here.</summary>
    public SimulatedHost? Find(IPAddress address) => IPAddress.IsLoopback(address) ? host : World.FindHost(address);

    /// <summary>The address of ours that speaks to another.</summary>
    public IPAddress? SourceFor(IPAddress remote)
    {
        remote = Bare(remote);
        if (IPAddress.IsLoopback(remote)) return remote;
        return host.Addresses.FirstOrDefault(own => own.AddressFamily == remote.AddressFamily);
    }

    /// <summary>The socket that a datagram for one of our addresses goes to.</summary>
    public SimulatedDatagrams? DatagramsAt(IPEndPoint local) => _datagrams.Find(socket => Takes(socket.LocalEndPoint, local));

    public void Closed(SimulatedListener listener) => _listeners.Remove(listener);

    public void Closed(SimulatedDatagrams socket) => _datagrams.Remove(socket);

    public void Closed(SimulatedStream stream) => _streams.Remove(stream);

    public void Kill()
    {
        SimulatedStream[] streams = [.. _streams];
        _streams.Clear();
        _listeners.Clear();
        _datagrams.Clear();
        foreach (SimulatedStream stream in streams) stream.ResetPeer();
    }

    /// <summary>Another host asks for a stream: its SYN leaves.</summary>
    private void Ask(SimulatedHost client, Attempt attempt) =>
        World.Path(client, host).SendSegment(0, new(), _ => Arrived(() => Answer(client, attempt)), attempt);

    private void Answer(SimulatedHost client, Attempt attempt)
    {
        SimulatedListener? listener = _listeners.Find(listener => Takes(listener.LocalEndPoint, attempt.Remote));
        SimulatedStream? server = null;
        if (listener is { IsFull: false } && !host.IsKilled)
        {
            server = new SimulatedStream(host, attempt.Remote, attempt.Local);
            var stream = new SimulatedStream(client, attempt.Local, attempt.Remote);
            SimulatedStream.Join(stream, server);
            _streams.Add(server);
            listener.Offer(server);
        }

        World.Path(host, client).SendSegment(0, server?.Order ?? new(), _ => client.Network.Arrived(() => client.Network.Answered(attempt, server?.Peer)), attempt);
    }

    private void Answered(Attempt attempt, SimulatedStream? stream)
    {
        if (attempt.Incarnation != host.Incarnation)
        {
            stream?.ResetPeer(); // who asked is dead
            return;
        }

        if (stream is null)
        {
            attempt.Result.TrySetException(NetworkErrors.Refused(attempt.Remote));
            return;
        }

        _streams.Add(stream);
        if (!attempt.Result.TrySetResult(stream)) stream.ResetPeer();
    }

    /// <summary>Does what something from the network leads to: now, or when the host is thawed. The process may be dead.</summary>
    public void Arrived(Action action)
    {
        if (host.IsFrozen) host.Schedule(World.Nanoseconds, static state => ((Action)state!)(), action);
        else action();
    }

    private void MustLive()
    {
        if (host.IsKilled) throw new InvalidOperationException($"{host.Name} is killed: restart it first.");
    }

    private IPEndPoint Take(IPEndPoint local, List<IPEndPoint> taken)
    {
        MustLive();
        bool any = local.Address.Equals(IPAddress.Any) || local.Address.Equals(IPAddress.IPv6Any);
        if (!any && !IPAddress.IsLoopback(local.Address) && !host.Has(local.Address)) throw NetworkErrors.NotOurAddress(local);
        var endPoint = new IPEndPoint(local.Address, local.Port == 0 ? FreePort() : local.Port);
        if (taken.Exists(other => other.Port == endPoint.Port && Overlap(other.Address, endPoint.Address))) throw NetworkErrors.AddressInUse(endPoint);
        return endPoint;
    }

    private int FreePort()
    {
        if (_nextFreePort > LastPort) _nextFreePort = FirstFreePort;
        return _nextFreePort++;
    }

    private static bool Overlap(IPAddress a, IPAddress b) => Covers(a, b) || Covers(b, a);

    private static bool Covers(IPAddress bound, IPAddress address) =>
        bound.Equals(IPAddress.IPv6Any)
        || (bound.Equals(IPAddress.Any) && Bare(address).AddressFamily == AddressFamily.InterNetwork)
        || Bare(bound).Equals(Bare(address));

    private static bool Takes(IPEndPoint bound, IPEndPoint to) => bound.Port == to.Port && Covers(bound.Address, to.Address);

    private sealed record Attempt(IPEndPoint Remote, IPEndPoint Local, int Incarnation)
    {
        public TaskCompletionSource<SimulatedStream> Result { get; } = new();
    }
}
