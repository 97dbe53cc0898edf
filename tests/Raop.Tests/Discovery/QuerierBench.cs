using System.Net;
using System.Net.Sockets;
using Raop.Discovery;
using Raop.Network;
using Raop.Timing;

namespace Raop.Tests.Discovery;

/// <summary>A querier and its clock, which the test moves; what it asks and tells is kept.</summary>
internal sealed class QuerierBench : IMdnsOutput
{
    public const long Second = 1_000_000;
    public const string Type = "_raop._tcp";

    public static readonly DnsName Service = DnsName.Parse("_raop._tcp.local");

    private readonly Random _random;
    private long _due;

    public QuerierBench(int seed = 1, params MulticastLink[] links)
    {
        _random = new Random(seed);
        Querier = new MdnsQuerier(Second, _random, change => Changes.Add((Time, change)));
        SetLinks(links.Length > 0 ? links : [Link(1, "10.0.0.1/24")]);
    }

    public MdnsQuerier Querier { get; }

    public long Now { get; private set; } = 1_000 * Second;

    /// <summary>Since the beginning, in seconds.</summary>
    public double Time => (double)(Now - (1_000 * Second)) / Second;

    public List<(double At, ServiceChange Change)> Changes { get; } = [];

    public IEnumerable<ServiceChangeKind> Kinds => Changes.Select(change => change.Change.Kind);

    /// <summary>What was sent over IPv4.</summary>
    public List<(double At, int Link, DnsMessage Message)> Asked { get; } = [];

    public static MulticastLink Link(int index, params string[] addresses) => new(index, $"eth{index}", [.. addresses.Select(Address)]);

    public static DnsName Instance(string label) => Service.Prepend(label);

    public static DnsRecord Ptr(string label, uint ttl = 4500) => new(Service, DnsType.Ptr, ttl, new DnsPointer(Instance(label)));

    public static DnsRecord Srv(string label, string host = "one.local", int port = 5000, uint ttl = 120) =>
        new(Instance(label), DnsType.Srv, ttl, new DnsService(DnsName.Parse(host), port), IsUnique: true);

    public static DnsRecord Txt(string label, params string[] strings) =>
        new(Instance(label), DnsType.Txt, 4500, new DnsText(DnsTxt.Write(strings)), IsUnique: true);

    public static DnsRecord A(string address, string host = "one.local", uint ttl = 120)
    {
        var parsed = new DnsAddress(IPAddress.Parse(address));
        return new DnsRecord(DnsName.Parse(host), parsed.Type, ttl, parsed, IsUnique: true);
    }

    /// <summary>All that a speaker announces.</summary>
    public static DnsRecord[] Speaker(string label, string address = "10.0.0.9", string host = "one.local") =>
        [Ptr(label), Srv(label, host), Txt(label, "cn=0,1"), A(address, host)];

    public void SetLinks(params MulticastLink[] links)
    {
        Querier.SetLinks(links, Now);
        _due = Now;
    }

    public void Browse()
    {
        Querier.Browse(Type, Now);
        _due = Now;
    }

    public void RunFor(double seconds)
    {
        long end = Now + (long)(seconds * Second);
        int polls = 0;
        while (_due <= end)
        {
            Now = Math.Max(Now, _due);
            _due = Querier.Poll(Now, this);
            Assert.True(_due > Now, "It wants to be polled again at the same instant.");
            Assert.True(polls++ < 2_000_000, "It is polled without end.");
        }

        Now = end;
    }

    /// <summary>The machine sleeps: nothing is polled.</summary>
    public void Sleep(double seconds) => Now += (long)(seconds * Second);

    public void Hear(params DnsRecord[] records) => HearFrom(1, "10.0.0.9", 5353, records);

    public void HearFrom(int link, string address, int port, params DnsRecord[] records) =>
        Hear(new DnsMessage { Flags = DnsMessage.ResponseFlags, Answers = records }, link, address, port);

    public void HearQuestion(string address, params DnsRecord[] known) =>
        Hear(new DnsMessage { Questions = [new DnsQuestion(Service, DnsType.Ptr)], Answers = known }, 1, address, 5353);

    public void Hear(DnsMessage message, int link, string address, int port)
    {
        Querier.Handle(message, new MulticastArrival(new IPEndPoint(IPAddress.Parse(address), port), link, Now));
        _due = Now;
    }

    /// <summary>When a type was asked for, in seconds.</summary>
    public double[] AskedFor(DnsType type) => [.. Asked.Where(asked => asked.Message.Questions.Any(question => question.Type == type)).Select(asked => asked.At)];

    public void Send(int link, AddressFamily family, ReadOnlySpan<byte> datagram, IPEndPoint? to = null)
    {
        Assert.Null(to);
        Assert.True(datagram.Length <= DnsMessage.UsualSize);
        Assert.True(DnsMessage.TryParse(datagram, out DnsMessage? message));
        Assert.All(message.Questions, question => Assert.False(question.WantsUnicast, "a unicast answer to port 5353 reaches any of the programs that share it"));
        if (family == AddressFamily.InterNetwork) Asked.Add((Time, link, message));
    }

    private static LinkAddress Address(string text)
    {
        string[] parts = text.Split('/');
        return new LinkAddress(IPAddress.Parse(parts[0]), int.Parse(parts[1]));
    }
}
