using System.Net;
using System.Net.Sockets;
using Raop.Discovery;
using Raop.Network;

namespace Raop.Tests.Simulation;

/// <summary>A link that multicast DNS goes over: what one sends to the group all get, itself included.</summary>
internal sealed class SimulatedLan(SimulatedWorld world)
{
    private const int Port = 5353;
    private readonly List<(SimulatedMulticast Member, int Index)> _members = [];
    private readonly Random _random = new(world.Seed);

    public TimeSpan Delay { get; set; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Share of the deliveries that are lost, 0 to 1.</summary>
    public double Loss { get; set; }

    /// <summary>Everything that was sent by anybody, lost or not.</summary>
    public List<LanDatagram> Sent { get; } = [];

    /// <summary>Sends as a host would that is none of this world's.</summary>
    /// <param name="datagram">The bytes.</param>
    /// <param name="from">Address and port of the sender.</param>
    /// <param name="to">Null for the group.</param>
    public void Inject(byte[] datagram, IPEndPoint from, IPEndPoint? to = null)
    {
        Sent.Add(new LanDatagram(world.Now, from, to, datagram));
        foreach ((SimulatedMulticast member, int index) in _members.ToArray())
        {
            if (to is not null && !member.Has(index, to.Address)) continue;
            if (_random.NextDouble() < Loss) continue;
            member.Host.Schedule(world.Nanoseconds + (Delay.Ticks * 100), _ => member.Deliver(datagram, from, index), null);
        }
    }

    internal void Add(SimulatedMulticast member, int index) => _members.Add((member, index));

    internal void Remove(SimulatedMulticast member) => _members.RemoveAll(one => one.Member == member);

    internal void Send(IPAddress from, ReadOnlySpan<byte> datagram, IPEndPoint? to) => Inject(datagram.ToArray(), new IPEndPoint(from, Port), to);
}

/// <summary>A datagram that went over a <see cref="SimulatedLan"/>.</summary>
/// <param name="At">When, since the world began.</param>
/// <param name="From">The sender.</param>
/// <param name="To">Null for the group.</param>
/// <param name="Bytes">What.</param>
internal sealed record LanDatagram(TimeSpan At, IPEndPoint From, IPEndPoint? To, byte[] Bytes)
{
    public DnsMessage Message => DnsMessage.TryParse(Bytes, out DnsMessage? message) ? message : throw new SimulationException("That is no DNS message.");
}

/// <summary>A program of a host that takes part in multicast DNS, on any number of links.</summary>
internal sealed class SimulatedMulticast(SimulatedHost host) : IMulticastNetwork
{
    private readonly Dictionary<int, SimulatedLan> _lans = [];
    private MulticastHandler? _handler;
    private Action? _linksChanged;
    private bool _disposed;

    public SimulatedHost Host => host;

    public bool ResumesInPlace => true;

    public string HostName { get; init; } = host.Name;

    public IReadOnlyList<MulticastLink> Links { get; private set; } = [];

    /// <summary>Puts the host on a link, or gives it other addresses there.</summary>
    /// <param name="lan">The link.</param>
    /// <param name="index">The host's number for it.</param>
    /// <param name="addresses">"10.0.0.1/24", "fe80::1/64".</param>
    public SimulatedMulticast Attach(SimulatedLan lan, int index, params string[] addresses)
    {
        var link = new MulticastLink(index, $"eth{index}", [.. addresses.Select(Parse)]);
        if (_lans.TryAdd(index, lan)) lan.Add(this, index);
        Links = [.. Links.Where(one => one.Index != index), link];
        _linksChanged?.Invoke();
        return this;
    }

    public void Detach(int index)
    {
        if (_lans.Remove(index, out SimulatedLan? lan)) lan.Remove(this);
        Links = [.. Links.Where(one => one.Index != index)];
        _linksChanged?.Invoke();
    }

    public void Start(MulticastHandler handler, Action linksChanged) => (_handler, _linksChanged) = (handler, linksChanged);

    public void Send(int link, AddressFamily family, ReadOnlySpan<byte> datagram, IPEndPoint? to = null)
    {
        if (_disposed || Links.FirstOrDefault(one => one.Index == link) is not { } known) return;
        LinkAddress? from = known.Addresses.Cast<LinkAddress?>().FirstOrDefault(address => address!.Value.Address.AddressFamily == family);
        if (from is { } address) _lans[link].Send(address.Address, datagram, to);
    }

    public void Dispose()
    {
        _disposed = true;
        foreach (SimulatedLan lan in _lans.Values) lan.Remove(this);
    }

    internal bool Has(int index, IPAddress address) => Links.Any(link => link.Index == index && link.Addresses.Any(own => own.Address.Equals(address)));

    internal void Deliver(byte[] datagram, IPEndPoint from, int index)
    {
        if (_disposed || !Links.Any(link => link.Index == index && link.Has(from.AddressFamily))) return;
        _handler?.Invoke(datagram, new MulticastArrival(from, index, host.Clock.GetTimestamp()));
    }

    private static LinkAddress Parse(string text)
    {
        string[] parts = text.Split('/');
        return new LinkAddress(IPAddress.Parse(parts[0]), int.Parse(parts[1]));
    }
}
