using System.Net;
using CsCheck;
using Raop.Discovery;
using Raop.Tests.Simulation;

namespace Raop.Tests.Discovery;

/// <summary>RFC 6762, the responder's half, on a simulated link.</summary>
public sealed class MdnsResponderTests
{
    private static readonly DnsName Instance = MdnsStage.Type.Prepend("Kitchen"), Host = DnsName.Parse("host1.local");

    [Fact]
    public void Probes_thrice_then_announces()
    {
        var stage = new MdnsStage();
        IMdnsRegistration registration = stage.Settle(stage.AddService(), MdnsStage.Kitchen);
        Assert.Equal("Kitchen", registration.NameOf());

        LanDatagram[] probes = [.. stage.Lan.Sent.Where(sent => !sent.Message.IsResponse)];
        Assert.Equal(3, probes.Length);
        Assert.InRange(probes[0].At.TotalMilliseconds, 0, 251);
        Assert.All([1, 2], i => Assert.Equal(250, (probes[i].At - probes[i - 1].At).TotalMilliseconds, 1));
        Assert.Equal([new DnsQuestion(Host, DnsType.Any), new DnsQuestion(Instance, DnsType.Any)], probes[0].Message.Questions);
        Assert.Equal([DnsType.A, DnsType.Srv, DnsType.Txt], probes[0].Message.Authorities.Select(record => record.Type));
        Assert.DoesNotContain(probes[0].Message.Authorities, record => record.IsUnique);

        LanDatagram[] told = [.. stage.Lan.Sent.Where(sent => sent.Message.IsResponse)];
        Assert.Equal([0, 1, 3], told.Select(sent => Math.Round((sent.At - told[0].At).TotalSeconds, 2)));
        Assert.Equal(250, (told[0].At - probes[2].At).TotalMilliseconds, 1);
        IReadOnlyList<DnsRecord> said = told[0].Message.Answers;
        Assert.Contains(new DnsRecord(MdnsStage.Type, DnsType.Ptr, 4500, new DnsPointer(Instance)), said);
        Assert.Contains(new DnsRecord(Instance, DnsType.Srv, 120, new DnsService(Host, 5000), IsUnique: true), said);
        Assert.Contains(new DnsRecord(Host, DnsType.A, 120, new DnsAddress(IPAddress.Parse("10.0.0.1")), IsUnique: true), said);
        Assert.Contains(said, record => record.Type == DnsType.Txt && record.IsUnique && record.Name == Instance);
    }

    [Fact]
    public async Task Says_goodbye()
    {
        var stage = new MdnsStage();
        IMdnsRegistration registration = stage.Settle(stage.AddService(), MdnsStage.Kitchen);
        int before = stage.Lan.Sent.Count;
        await registration.DisposeAsync();
        DnsMessage goodbye = stage.Lan.Sent[before].Message;
        Assert.All(goodbye.Answers, record => Assert.Equal(0u, record.Ttl));
        Assert.Equal([DnsType.Ptr, DnsType.Srv, DnsType.Txt], goodbye.Answers.Select(record => record.Type));
        Assert.DoesNotContain(goodbye.Answers, record => record.Name == DnsName.Parse("_services._dns-sd._udp.local")); // others may say it
        stage.Ask(MdnsStage.Type, DnsType.Ptr);
        Assert.Empty(stage.During(5));
    }

    [Fact]
    public async Task Disposing_the_service_takes_everything_back()
    {
        var stage = new MdnsStage();
        MdnsService service = stage.AddService();
        stage.Settle(service, MdnsStage.Kitchen);
        int before = stage.Lan.Sent.Count;
        await service.DisposeAsync();
        Assert.Contains(stage.Lan.Sent.Skip(before), sent => sent.Message.Answers.Any(record => record.Type == DnsType.Ptr && record.Ttl == 0));
        Assert.Empty(stage.During(10));
    }

    [Fact]
    public void The_second_of_a_name_takes_another()
    {
        var stage = new MdnsStage();
        stage.Settle(stage.AddService(), MdnsStage.Kitchen);
        Assert.Equal("Kitchen (2)", stage.Settle(stage.AddService(), MdnsStage.Kitchen).NameOf());
        Assert.Equal("Kitchen (3)", stage.Settle(stage.AddService(), MdnsStage.Kitchen).NameOf());
    }

    /// <summary>The name that people see is to be one speaker's, though hardware addresses differ.</summary>
    [Fact]
    public void The_second_that_shows_a_name_takes_another()
    {
        var stage = new MdnsStage();
        stage.Settle(stage.AddService(), MdnsStage.Kitchen with { Prefix = "0123456789AB@" });
        Assert.Equal("Kitchen (2)", stage.Settle(stage.AddService(), MdnsStage.Kitchen with { Prefix = "BA9876543210@" }).NameOf());
        Assert.Equal("Kitchenette", stage.Settle(stage.AddService(), MdnsStage.Kitchen with { Name = "Kitchenette", Prefix = "AAAAAAAAAAAA@" }).NameOf());
    }

    [Fact]
    public void Two_of_one_process_differ_as_well()
    {
        var stage = new MdnsStage();
        MdnsService service = stage.AddService();
        Assert.Equal("Kitchen", stage.Settle(service, MdnsStage.Kitchen with { Prefix = "0123456789AB@" }).NameOf());
        Assert.Equal("Kitchen (2)", stage.Settle(service, MdnsStage.Kitchen with { Prefix = "BA9876543210@", Port = 5001 }).NameOf());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_many_that_begin_at_once_each_gets_a_name_of_its_own(bool prefixed) => Gen.Int[1, 100_000].Sample(seed =>
    {
        var stage = new MdnsStage(seed);
        var random = new Random(seed);
        IMdnsRegistration[] registrations =
        [
            .. Enumerable.Range(0, 4).Select(i =>
            {
                stage.World.RunFor(TimeSpan.FromMilliseconds(random.Next(0, 400)));
                return stage.AddService().Publish(MdnsStage.Kitchen with { Port = 5000 + i, Prefix = prefixed ? $"{random.NextInt64(1L << 48):X12}@" : null });
            }),
        ];
        stage.World.RunFor(TimeSpan.FromSeconds(30));
        Assert.All(registrations, registration => Assert.True(registration.Established.IsCompletedSuccessfully));
        Assert.Equal(4, registrations.Select(registration => registration.NameOf()).Distinct().Count());
        Assert.Contains(registrations, registration => registration.NameOf() == "Kitchen");
    }, iter: 25, threads: 1);

    [Fact]
    public void Answers_who_browses_with_all_that_is_needed()
    {
        var stage = new MdnsStage();
        stage.Settle(stage.AddService(v6: true), MdnsStage.Kitchen);
        TimeSpan asked = stage.World.Now;
        stage.Ask(MdnsStage.Type, DnsType.Ptr);
        LanDatagram answer = Assert.Single(stage.During(3));
        Assert.InRange((answer.At - asked).TotalMilliseconds, 20, 122);
        Assert.Null(answer.To);
        Assert.Equal([DnsType.Ptr], answer.Message.Answers.Select(record => record.Type));
        Assert.Equal(
            [DnsType.A, DnsType.Txt, DnsType.Aaaa, DnsType.Srv, DnsType.Nsec, DnsType.Nsec],
            answer.Message.Additionals.Select(record => record.Type).OrderBy(type => type == DnsType.Nsec ? 999 : (int)type));
    }

    [Fact]
    public void Says_which_types_there_are()
    {
        var stage = new MdnsStage();
        stage.Settle(stage.AddService(), MdnsStage.Kitchen);
        stage.Ask(DnsName.Parse("_services._dns-sd._udp.local"), DnsType.Ptr);
        Assert.Contains(Assert.Single(stage.During(3)).Message.Answers, record => record.Data.Equals(new DnsPointer(MdnsStage.Type)));
    }

    [Fact]
    public void Says_what_there_is_not()
    {
        var stage = new MdnsStage();
        stage.Settle(stage.AddService(), MdnsStage.Kitchen);
        stage.Ask(Host, DnsType.Aaaa);
        Assert.Equal(
            [new DnsRecord(Host, DnsType.Nsec, 120, new DnsNsec(Host, [DnsType.A]), IsUnique: true)], Assert.Single(stage.During(3)).Message.Answers);
        stage.Ask(DnsName.Parse("else.local"), DnsType.Any);
        Assert.Empty(stage.During(3));
    }

    [Theory]
    [InlineData(4500, 0)]
    [InlineData(2250, 0)]
    [InlineData(2249, 1)]
    public void What_the_asker_knows_is_not_said(uint ttl, int answers)
    {
        var stage = new MdnsStage();
        stage.Settle(stage.AddService(), MdnsStage.Kitchen);
        stage.Ask(MdnsStage.Type, DnsType.Ptr, known: new DnsRecord(MdnsStage.Type, DnsType.Ptr, ttl, new DnsPointer(Instance)));
        Assert.Equal(answers, stage.During(3).Count);
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public void A_truncated_question_waits_for_the_rest(bool more, int answers)
    {
        const ushort Truncated = 0x0200;
        var stage = new MdnsStage();
        stage.Settle(stage.AddService(), MdnsStage.Kitchen);
        TimeSpan asked = stage.World.Now;
        stage.Ask(MdnsStage.Type, DnsType.Ptr, flags: Truncated);
        stage.World.RunFor(TimeSpan.FromMilliseconds(300));
        if (more)
        {
            stage.Lan.Inject(
                new DnsMessage { Answers = [new DnsRecord(MdnsStage.Type, DnsType.Ptr, 4500, new DnsPointer(Instance))] }.ToArray(), MdnsStage.Stranger);
        }

        List<LanDatagram> sent = stage.During(3);
        Assert.Equal(answers, sent.Count);
        Assert.All(sent, answer => Assert.InRange((answer.At - asked).TotalMilliseconds, 420, 622));
    }

    [Fact]
    public void What_another_has_just_answered_is_not_said_again()
    {
        var stage = new MdnsStage();
        stage.Settle(stage.AddService(), MdnsStage.Kitchen);
        stage.Ask(MdnsStage.Type, DnsType.Ptr);
        stage.World.RunFor(TimeSpan.FromMilliseconds(5));
        stage.Say(new DnsRecord(MdnsStage.Type, DnsType.Ptr, 4500, new DnsPointer(Instance)));
        Assert.Empty(stage.During(3));
    }

    [Fact]
    public void What_another_takes_back_is_said_again()
    {
        var stage = new MdnsStage();
        stage.Settle(stage.AddService(), MdnsStage.Kitchen);
        stage.Say(new DnsRecord(Host, DnsType.A, 0, new DnsAddress(IPAddress.Parse("10.0.0.1")), IsUnique: true));
        Assert.Contains(stage.During(3), sent => sent.Message.Answers.Any(record => record.Name == Host && record.Type == DnsType.A && record.Ttl == 120));
    }

    [Fact]
    public void Who_asks_for_unicast_gets_it_while_the_others_know()
    {
        var stage = new MdnsStage();
        stage.Settle(stage.AddService(), MdnsStage.Kitchen);
        stage.Ask(Instance, DnsType.Srv, unicast: true);
        Assert.Equal(MdnsStage.Stranger, Assert.Single(stage.During(1)).To);
        stage.World.RunFor(TimeSpan.FromSeconds(60)); // more than a quarter of the lifetime
        stage.Ask(Instance, DnsType.Srv, unicast: true);
        Assert.Null(Assert.Single(stage.During(1)).To);
    }

    /// <summary>A process with many receivers: none is missing because a message was full.</summary>
    [Fact]
    public void Many_services_of_one_program_are_all_told()
    {
        const int count = 64;
        var stage = new MdnsStage();
        MdnsService service = stage.AddService();
        IMdnsRegistration[] all =
        [
            .. Enumerable.Range(1, count).Select(i => service.Publish(new ServiceInstance(
                $"Living room {i}", "_raop._tcp", 5000 + i, [.. Enumerable.Range(0, 20).Select(key => $"k{key}=0,1,2,3")], $"{i:X12}@"))),
        ];
        stage.World.RunFor(TimeSpan.FromSeconds(6));
        Assert.Equal(Enumerable.Range(1, count).Select(i => $"Living room {i}"), all.Select(one => one.NameOf()));
        foreach (bool unicast in new[] { false, true })
        {
            stage.Ask(MdnsStage.Type, DnsType.Ptr, unicast);
            List<LanDatagram> answers = stage.During(1);
            Assert.All(answers, answer => Assert.Equal(unicast ? MdnsStage.Stranger : null, answer.To));
            Assert.All(answers, answer => Assert.True(answer.Bytes.Length <= DnsMessage.UsualSize && !answer.Message.IsTruncated));
            Assert.Equal(count, answers.SelectMany(answer => answer.Message.Answers).Where(record => record.Type == DnsType.Ptr).Distinct().Count());
        }
    }

    /// <summary>RFC 6762 section 6.7: as a plain DNS server would.</summary>
    [Fact]
    public void A_plain_resolver_is_answered_plainly()
    {
        var stage = new MdnsStage();
        stage.Settle(stage.AddService(), MdnsStage.Kitchen);
        var from = new IPEndPoint(IPAddress.Parse("10.0.0.99"), 40_000);
        stage.Ask(MdnsStage.Type, DnsType.Ptr, from: from, id: 4711);
        LanDatagram answer = Assert.Single(stage.During(1));
        Assert.Equal((from, 4711), (answer.To, answer.Message.Id));
        Assert.Equal([new DnsQuestion(MdnsStage.Type, DnsType.Ptr)], answer.Message.Questions);
        Assert.All([.. answer.Message.Answers, .. answer.Message.Additionals], record => Assert.True(record is { Ttl: <= 10, IsUnique: false }));
        Assert.Contains(answer.Message.Additionals, record => record.Data is DnsAddress);
    }

    [Fact]
    public void Each_link_hears_of_its_own_addresses_alone()
    {
        var stage = new MdnsStage();
        MdnsService service = stage.AddService(out SimulatedMulticast network);
        stage.Settle(service, MdnsStage.Kitchen);
        var other = new SimulatedLan(stage.World);
        network.Attach(other, 2, "192.168.7.1/24");
        stage.World.RunFor(TimeSpan.FromSeconds(6));
        Assert.Equal(3, other.Sent.Count(sent => !sent.Message.IsResponse)); // asked there first
        Assert.All(Addresses(other), address => Assert.Equal("192.168.7.1", address));
        Assert.All(Addresses(stage.Lan), address => Assert.Equal("10.0.0.1", address));
        Assert.NotEmpty(Addresses(other));

        network.Attach(other, 2, "192.168.8.1/24");
        stage.World.RunFor(TimeSpan.FromSeconds(6));
        Assert.Equal("192.168.8.1", Addresses(other)[^1]);

        static string[] Addresses(SimulatedLan lan) =>
            [.. lan.Sent.SelectMany(sent => sent.Message.Answers).Select(record => record.Data).OfType<DnsAddress>().Select(address => $"{address.Address}")];
    }

    [Fact]
    public void A_service_of_one_address_is_announced_there_alone()
    {
        var stage = new MdnsStage();
        MdnsService service = stage.AddService(out SimulatedMulticast network, v6: true);
        var other = new SimulatedLan(stage.World);
        network.Attach(other, 2, "192.168.7.1/24");
        stage.Settle(service, MdnsStage.Kitchen with { Address = IPAddress.Parse("10.0.0.1") });
        Assert.Empty(other.Sent);
        DnsAddress[] said = [.. stage.Lan.Sent.SelectMany(sent => sent.Message.Answers).Select(record => record.Data).OfType<DnsAddress>()];
        Assert.NotEmpty(said);
        Assert.All(said, address => Assert.Equal("10.0.0.1", $"{address.Address}"));
    }

    [Fact]
    public void Another_record_is_announced()
    {
        var stage = new MdnsStage();
        IMdnsRegistration registration = stage.Settle(stage.AddService(), MdnsStage.Kitchen);
        registration.Update(["txtvers=1", "sf=0x20004"]);
        DnsRecord[] said = [.. stage.During(5).SelectMany(sent => sent.Message.Answers).Where(record => record.Type == DnsType.Txt)];
        Assert.InRange(said.Length, 2, 3);
        Assert.All(said, record => Assert.Equal("0x20004", ((DnsText)record.Data).Values["sf"]));
    }

    [Fact]
    public void After_sleep_all_is_asked_and_announced_again()
    {
        var stage = new MdnsStage();
        MdnsService service = stage.AddService(out SimulatedMulticast network);
        stage.Settle(service, MdnsStage.Kitchen);
        Assert.Empty(stage.During(60));
        network.Host.Clock.Offset += TimeSpan.FromHours(1); // the other clock stood still
        Assert.Contains(stage.During(10), sent => sent.Message.IsResponse);
    }
}
