using System.Net;
using Raop.Discovery;
using Raop.Network;
using Raop.Tests.Simulation;
using static Raop.Tests.Discovery.QuerierBench;

namespace Raop.Tests.Discovery;

/// <summary>One host that is asked alone.</summary>
public sealed class UnicastQuestionTests
{
    private static readonly IPAddress Host = IPAddress.Parse("10.0.9.9");

    private readonly SimulatedWorld _world = new();
    private readonly List<DnsMessage> _asked = [];

    [Fact]
    public void What_the_host_says_in_pieces_is_put_together() => _world.Run(async () =>
    {
        Answer(question => question.Type switch
        {
            DnsType.Ptr => [Ptr("Kitchen")],
            DnsType.Srv => [Srv("Kitchen")],
            _ => [Txt("Kitchen", "cn=0,1")],
        });
        ServiceChange? found = await AskAsync();
        Assert.Equal(("Kitchen", 5000, "0,1"), (found?.Instance, found?.Port, found?.Txt["cn"]));
        Assert.Equal([new IPEndPoint(Host, 5000)], found!.EndPoints);
        Assert.InRange(_world.Now, TimeSpan.Zero, TimeSpan.FromSeconds(0.4));
    });

    [Fact]
    public void Of_several_the_one_on_the_port_is_meant() => _world.Run(async () =>
    {
        Answer(_ => [Ptr("Bath"), Srv("Bath", port: 5001), Txt("Bath"), Ptr("Kitchen"), Srv("Kitchen"), Txt("Kitchen")]);
        Assert.Equal("Kitchen", (await AskAsync(5000))?.Instance);
        Assert.Null(await AskAsync(5002));
    });

    [Fact]
    public void A_service_without_a_port_is_none() => _world.Run(async () =>
    {
        Answer(_ => [Ptr("Kitchen"), Srv("Kitchen", port: 0), Txt("Kitchen")]);
        Assert.Null(await AskAsync());
    });

    [Fact]
    public void Who_was_not_asked_is_not_heard() => _world.Run(async () =>
    {
        Answer(_ => [Ptr("Kitchen"), Srv("Kitchen"), Txt("Kitchen")], id: question => (ushort)(question.Id + 1));
        Assert.Null(await AskAsync());
        Assert.Equal(TimeSpan.FromSeconds(0.5), _world.Now);
    });

    [Fact]
    public void Who_never_ends_is_asked_no_more() => _world.Run(async () =>
    {
        int count = 0;
        Answer(_ => [Ptr($"X{count++}")]);
        Assert.Null(await AskAsync());
        Assert.InRange(_asked.Count, 2, 30);
    });

    [Fact]
    public void Nobody_is_waited_for_no_longer_than_was_said() => _world.Run(async () =>
    {
        _world.AddHost("silent", $"{Host}");
        Assert.Null(await AskAsync());
        Assert.Equal(TimeSpan.FromSeconds(0.5), _world.Now);
    });

    private Task<ServiceChange?> AskAsync(int? port = null)
    {
        SimulatedHost asker = _world.FindHost(IPAddress.Parse("10.0.0.1")) ?? _world.AddHost("asker", "10.0.0.1");
        return new UnicastQuestion(asker.Network, Host, port).AskAsync(_world.Clock, TimeSpan.FromSeconds(0.5), TestContext.Current.CancellationToken);
    }

    /// <summary>A host that answers each question.</summary>
    private void Answer(Func<DnsQuestion, DnsRecord[]> answer, Func<DnsMessage, ushort>? id = null)
    {
        IDatagramSocket socket = _world.AddHost("other", $"{Host}").Network.Bind(new IPEndPoint(IPAddress.Any, UnicastQuestion.Port));
        socket.Start((datagram, from, _) =>
        {
            Assert.True(DnsMessage.TryParse(datagram, out DnsMessage? asked));
            _asked.Add(asked);
            foreach (DnsQuestion question in asked.Questions)
                socket.Send(new DnsMessage { Id = id?.Invoke(asked) ?? asked.Id, Flags = DnsMessage.ResponseFlags, Answers = answer(question) }.ToArray(), from);
        });
    }
}
