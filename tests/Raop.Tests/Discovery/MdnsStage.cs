using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Raop.Discovery;
using Raop.Tests.Simulation;

namespace Raop.Tests.Discovery;

/// <summary>A simulated link with programs that publish, and a stranger who asks.</summary>
internal sealed class MdnsStage
{
    public static readonly DnsName Type = DnsName.Parse("_raop._tcp.local");
    public static readonly IPEndPoint Stranger = new(IPAddress.Parse("10.0.0.99"), 5353);

    private int _hosts;

    public MdnsStage(int seed = 1)
    {
        World = new SimulatedWorld(seed);
        Lan = new SimulatedLan(World);
    }

    public SimulatedWorld World { get; }

    public SimulatedLan Lan { get; }

    public static ServiceInstance Kitchen { get; } = new("Kitchen", "_raop._tcp", 5000, ["txtvers=1", "cn=0,1"]);

    /// <summary>A program on a host of its own: 10.0.0.1, fe80::1 and so on.</summary>
    public MdnsService AddService(string? host = null, bool v6 = false) => AddService(out _, host, v6);

    public MdnsService AddService(out SimulatedMulticast network, string? host = null, bool v6 = false)
    {
        int number = ++_hosts;
        network = new SimulatedMulticast(World.AddHost(host ?? $"host{number}", $"10.0.0.{number}"))
            .Attach(Lan, 1, v6 ? [$"10.0.0.{number}/24", $"fe80::{number}/64"] : [$"10.0.0.{number}/24"]);
        return MdnsService.Open(network, network.Host.Clock, NullLogger.Instance, new Random(World.Seed + number));
    }

    /// <summary>Publishes and lets it be announced.</summary>
    public IMdnsRegistration Settle(MdnsService service, ServiceInstance instance)
    {
        IMdnsRegistration registration = service.Publish(instance);
        World.RunFor(TimeSpan.FromSeconds(6));
        Assert.True(registration.Established.IsCompletedSuccessfully, "It was not established within 6 s.");
        return registration;
    }

    public void Ask(DnsName name, DnsType type, bool unicast = false, IPEndPoint? from = null, ushort flags = 0, ushort id = 0, params DnsRecord[] known) =>
        Lan.Inject(new DnsMessage { Id = id, Flags = flags, Questions = [new DnsQuestion(name, type, unicast)], Answers = known }.ToArray(), from ?? Stranger);

    public void Say(params DnsRecord[] records) =>
        Lan.Inject(new DnsMessage { Flags = DnsMessage.ResponseFlags, Answers = records }.ToArray(), Stranger);

    /// <summary>What anybody but the stranger sends while time passes.</summary>
    public List<LanDatagram> During(double seconds)
    {
        int before = Lan.Sent.Count;
        World.RunFor(TimeSpan.FromSeconds(seconds));
        return [.. Lan.Sent.Skip(before).Where(sent => !sent.From.Address.Equals(Stranger.Address))];
    }
}

internal static class Registrations
{
    /// <summary>The name of one that is established.</summary>
    public static string NameOf(this IMdnsRegistration registration) =>
        registration.Established.IsCompletedSuccessfully ? registration.Established.Result : throw new SimulationException("It is not established.");
}
