using System.Net;
using System.Net.Sockets;
using Raop.Network;

namespace Raop.Tests.Simulation;

/// <summary>A datagram socket of a simulated host.</summary>
internal sealed class SimulatedDatagrams(SimulatedHost host, IPEndPoint local) : IDatagramSocket
{
    private const int ReceiveBuffer = 1024 * 1024;

    private readonly Dictionary<SocketAddress, Route> _routes = [];
    private readonly Queue<Datagram> _waiting = []; // before Start, or while the host is frozen
    private int _waitingBytes;
    private DatagramHandler? _handler;
    private bool _disposed, _draining;

    public IPEndPoint LocalEndPoint { get; } = local;

    public void Send(ReadOnlySpan<byte> datagram, SocketAddress to)
    {
        host.World.CheckThread();
        if (_disposed) return;
        if (!_routes.TryGetValue(to, out Route? route))
        {
            route = FindRoute(to);
            var key = new SocketAddress(to.Family, to.Size);
            to.Buffer.Span[..to.Size].CopyTo(key.Buffer.Span);
            _routes.Add(key, route);
        }

        host.World.Tap?.Invoke(host, route.To, datagram);
        if (route.Target is { } target)
            host.World.Path(host, target).SendDatagram(datagram.Length, Arrive, new Datagram(datagram.ToArray(), route));
    }

    public void Start(DatagramHandler handler)
    {
        if (_handler is not null) throw new InvalidOperationException("Start was called before.");
        _handler = handler;
        Drain();
    }

    public int Drain(DatagramHandler handler, int most)
    {
        int count = 0;
        for (_handler = handler; count < most && !host.IsFrozen && _waiting.TryDequeue(out Datagram? datagram); count++)
        {
            _waitingBytes -= datagram.Bytes.Length;
            Hand(datagram);
        }

        _handler = null;
        return count;
    }

    public void Dispose()
    {
        _disposed = true;
        _waiting.Clear();
        host.Network.Closed(this);
    }

    private static void Arrive(object? state)
    {
        var datagram = (Datagram)state!;
        SimulatedHost target = datagram.Route.Target!;
        target.Network.DatagramsAt(datagram.Route.To)?.Receive(datagram, target);
    }

    private void Receive(Datagram datagram, SimulatedHost target)
    {
        if (_handler is not null && !target.IsFrozen && _waiting.Count == 0)
        {
            Hand(datagram);
            return;
        }

        if (_waitingBytes + datagram.Bytes.Length > ReceiveBuffer) return;
        _waiting.Enqueue(datagram);
        _waitingBytes += datagram.Bytes.Length;
        Drain();
    }

    private void Drain()
    {
        if (_handler is null || _draining || _waiting.Count == 0) return;
        _draining = true;
        host.Schedule(host.World.Nanoseconds, static state => ((SimulatedDatagrams)state!).HandWaiting(), this); // when it is thawed
    }

    private void HandWaiting()
    {
        _draining = false;
        while (!host.IsFrozen && _waiting.TryDequeue(out Datagram? datagram))
        {
            _waitingBytes -= datagram.Bytes.Length;
            Hand(datagram);
        }

        Drain();
    }

    private void Hand(Datagram datagram)
    {
        SimulatedWorld world = host.World;
        if (world.KeepsLog) world.Record($"{host.Name} {LocalEndPoint} gets {datagram.Bytes.Length} bytes from {datagram.Route.FromName}");
        if (!_disposed) _handler!(datagram.Bytes, datagram.Route.From, host.Clock.GetTimestamp());
    }

    private Route FindRoute(SocketAddress to)
    {
        var any = new IPEndPoint(to.Family == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        var remote = (IPEndPoint)any.Create(to);
        remote = new IPEndPoint(SimulatedNetwork.Bare(remote.Address), remote.Port);
        bool bound = !LocalEndPoint.Address.Equals(IPAddress.Any) && !LocalEndPoint.Address.Equals(IPAddress.IPv6Any);
        bool speaks = remote.AddressFamily == LocalEndPoint.AddressFamily || LocalEndPoint.Address.Equals(IPAddress.IPv6Any);
        IPAddress? source = !speaks ? null : bound ? LocalEndPoint.Address : host.Network.SourceFor(remote.Address);
        var from = new IPEndPoint(source ?? IPAddress.None, LocalEndPoint.Port);
        return new Route(source is null ? null : host.Network.Find(remote.Address), remote, from.Serialize(), from.ToString());
    }

    private sealed record Route(SimulatedHost? Target, IPEndPoint To, SocketAddress From, string FromName);

    private sealed record Datagram(byte[] Bytes, Route Route);
}
