using System.Net;
using Raop.Discovery;
using Raop.Tests.Simulation;

namespace Raop.Tests.Discovery;

/// <summary>Conflicts, storms and strangers.</summary>
public sealed class MdnsHarmTests
{
    private static readonly DnsName Instance = MdnsStage.Type.Prepend("Kitchen"), Host = DnsName.Parse("host1.local");

    [Fact]
    public void A_host_name_of_another_host_is_left_to_it()
    {
        var stage = new MdnsStage();
        stage.Settle(stage.AddService("same"), MdnsStage.Kitchen);
        stage.Settle(stage.AddService("same"), MdnsStage.Kitchen with { Name = "Bath" });
        DnsRecord bath = stage.Lan.Sent.SelectMany(sent => sent.Message.Answers).Last(record => record.Type == DnsType.Srv && record.Name.FirstLabel == "Bath");
        Assert.Equal("same-2.local", $"{((DnsService)bath.Data).Target}");
    }

    /// <summary>Avahi on the same host says the same of it.</summary>
    [Fact]
    public void A_host_name_with_our_addresses_is_ours()
    {
        var stage = new MdnsStage();
        MdnsService service = stage.AddService(out SimulatedMulticast network);
        network.Attach(new SimulatedLan(stage.World), 2, "192.168.7.1/24");
        stage.Settle(service, MdnsStage.Kitchen);
        stage.Say(
            new DnsRecord(Host, DnsType.A, 120, new DnsAddress(IPAddress.Parse("10.0.0.1")), IsUnique: true),
            new DnsRecord(Host, DnsType.A, 120, new DnsAddress(IPAddress.Parse("192.168.7.1")), IsUnique: true));
        Assert.Empty(stage.During(5));
    }

    [Fact]
    public void A_name_is_kept_when_the_other_does_not_insist()
    {
        var stage = new MdnsStage();
        var renamed = new List<string>();
        IMdnsRegistration registration = stage.AddService().Publish(MdnsStage.Kitchen, renamed.Add);
        stage.World.RunFor(TimeSpan.FromSeconds(6));
        stage.Say(new DnsRecord(Instance, DnsType.Srv, 120, new DnsService(DnsName.Parse("other.local"), 7000), IsUnique: true));
        Assert.Equal(3, stage.During(10).Count(sent => !sent.Message.IsResponse)); // asked for again
        stage.Ask(Instance, DnsType.Srv);
        Assert.NotEmpty(stage.During(2));
        Assert.Empty(renamed);
        Assert.Equal("Kitchen", registration.NameOf());
    }

    [Fact]
    public void A_name_is_given_up_when_the_other_insists()
    {
        var stage = new MdnsStage();
        var renamed = new List<string>();
        stage.AddService().Publish(MdnsStage.Kitchen, renamed.Add);
        stage.World.RunFor(TimeSpan.FromSeconds(6));
        for (int i = 0; i < 10; i++)
        {
            stage.Say(new DnsRecord(Instance, DnsType.Srv, 120, new DnsService(DnsName.Parse("other.local"), 7000), IsUnique: true));
            stage.World.RunFor(TimeSpan.FromMilliseconds(100));
        }

        stage.World.RunFor(TimeSpan.FromSeconds(6));
        Assert.Equal(["Kitchen (2)"], renamed);
    }

    [Fact]
    public void A_liar_who_has_every_name_makes_little_noise()
    {
        var stage = new MdnsStage();
        MdnsService service = stage.AddService();
        service.Publish(MdnsStage.Kitchen);
        int before = stage.Lan.Sent.Count, asked = 0;
        for (int i = 0; i < 60_000; i++) // a minute
        {
            stage.World.RunFor(TimeSpan.FromMilliseconds(1));
            for (; before < stage.Lan.Sent.Count; before++)
            {
                LanDatagram sent = stage.Lan.Sent[before];
                if (sent.From.Address.Equals(MdnsStage.Stranger.Address) || sent.Message.IsResponse) continue;
                asked++;
                foreach (DnsRecord record in sent.Message.Authorities)
                    if (record.Type == DnsType.Srv) stage.Say(record with { Data = new DnsService(DnsName.Parse("liar.local"), 1) });
            }
        }

        Assert.InRange(asked, 15, 40); // after 15 conflicts each try waits 5 s
    }

    [Fact]
    public void A_storm_of_questions_is_answered_once_a_second()
    {
        var stage = new MdnsStage();
        stage.Settle(stage.AddService(), MdnsStage.Kitchen);
        for (int i = 0; i < 5000; i++)
        {
            stage.World.At(stage.World.Now + TimeSpan.FromMilliseconds(i), () => stage.Ask(MdnsStage.Type, DnsType.Any));
            stage.World.At(stage.World.Now + TimeSpan.FromMilliseconds(i), () => stage.Ask(Instance, DnsType.Srv));
        }

        List<LanDatagram> sent = stage.During(6);
        foreach (DnsType type in (DnsType[])[DnsType.Ptr, DnsType.Srv, DnsType.Txt, DnsType.A])
        {
            TimeSpan[] said = [.. sent.Where(one => one.Message.Answers.Concat(one.Message.Additionals).Any(record => record.Type == type)).Select(one => one.At)];
            Assert.InRange(said.Length, 5, 7);
            Assert.All(said.Zip(said.Skip(1)), pair => Assert.InRange((pair.Second - pair.First).TotalSeconds, 0.999, 2));
        }
    }

    [Fact]
    public void A_storm_of_plain_questions_is_not_reflected()
    {
        var stage = new MdnsStage();
        stage.Settle(stage.AddService(), MdnsStage.Kitchen);
        for (int i = 0; i < 5000; i++) stage.Ask(MdnsStage.Type, DnsType.Ptr, from: new IPEndPoint(MdnsStage.Stranger.Address, 1024 + i));
        Assert.InRange(stage.During(0.9).Count, 1, 100);
    }

    [Fact]
    public void A_storm_of_truncated_questions_is_not_kept()
    {
        var stage = new MdnsStage();
        stage.Settle(stage.AddService(), MdnsStage.Kitchen);
        for (int i = 0; i < 5000; i++)
            stage.Ask(MdnsStage.Type, DnsType.Ptr, flags: 0x0200, from: new IPEndPoint(new IPAddress([10, 0, 0, (byte)(100 + (i % 100))]), 5353));
        int before = stage.Lan.Sent.Count;
        stage.World.RunFor(TimeSpan.FromSeconds(5));
        Assert.InRange(stage.Lan.Sent.Skip(before).Count(sent => sent.From.Address.Equals(IPAddress.Parse("10.0.0.1"))), 1, 2);
    }

    [Fact]
    public void Who_is_not_on_the_link_is_not_heard()
    {
        var stage = new MdnsStage();
        stage.Settle(stage.AddService(v6: true), MdnsStage.Kitchen);
        stage.Ask(MdnsStage.Type, DnsType.Ptr, from: new IPEndPoint(IPAddress.Parse("10.0.1.1"), 5353));
        stage.Ask(MdnsStage.Type, DnsType.Ptr, from: new IPEndPoint(IPAddress.Parse("10.0.1.1"), 40_000));
        stage.Ask(MdnsStage.Type, DnsType.Ptr, from: new IPEndPoint(IPAddress.Parse("2001:db8::1"), 40_000));
        int before = stage.Lan.Sent.Count;
        stage.World.RunFor(TimeSpan.FromSeconds(3));
        Assert.Equal(before, stage.Lan.Sent.Count);
        stage.Ask(MdnsStage.Type, DnsType.Ptr, from: new IPEndPoint(IPAddress.Parse("fe80::99"), 40_000));
        stage.World.RunFor(TimeSpan.FromSeconds(3));
        Assert.True(stage.Lan.Sent.Count > before + 1);
    }

    [Fact]
    public void An_answer_from_another_port_means_nothing()
    {
        var stage = new MdnsStage();
        stage.Settle(stage.AddService(), MdnsStage.Kitchen);
        var lie = new DnsRecord(Instance, DnsType.Srv, 120, new DnsService(DnsName.Parse("liar.local"), 1));
        stage.Lan.Inject(new DnsMessage { Flags = DnsMessage.ResponseFlags, Answers = [lie] }.ToArray(), new IPEndPoint(MdnsStage.Stranger.Address, 40_000));
        Assert.Empty(stage.During(5));
    }

    [Fact]
    public void Broken_messages_change_nothing()
    {
        var stage = new MdnsStage();
        stage.Settle(stage.AddService(), MdnsStage.Kitchen);
        foreach (byte[] packet in DnsPackets.All)
        {
            for (int bit = 0; bit < packet.Length * 8; bit++)
            {
                byte[] flipped = [.. packet];
                flipped[bit / 8] ^= (byte)(1 << (bit % 8));
                stage.Lan.Inject(flipped, MdnsStage.Stranger);
            }

            for (int length = 0; length < packet.Length; length++) stage.Lan.Inject(packet[..length], MdnsStage.Stranger);
        }

        stage.World.RunFor(TimeSpan.FromSeconds(10));
        stage.Ask(Instance, DnsType.Srv);
        Assert.Contains(stage.During(2), sent => sent.Message.Answers.Any(record => record.Type == DnsType.Srv));
    }

    /// <summary>What throws here ends the process there.</summary>
    [Fact]
    public void Who_publishes_and_browses_survives_any_message()
    {
        int seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var stage = new MdnsStage(seed);
        MdnsService service = stage.AddService(v6: true);
        service.Browse("_raop._tcp", _ => { });
        stage.Settle(service, MdnsStage.Kitchen with { Prefix = "0123456789AB@" });
        stage.Settle(stage.AddService(), MdnsStage.Kitchen with { Name = "Bath" });
        List<byte[]> said = [.. DnsPackets.All, .. stage.Lan.Sent.Select(sent => sent.Bytes)];
        IPAddress[] hosts = [MdnsStage.Stranger.Address, IPAddress.Parse("fe80::99")];
        for (int i = 0; i < 8_000; i++)
        {
            byte[] message = [.. said[random.Next(said.Count)]];
            for (int k = random.Next(4); k > 0; k--) message[random.Next(message.Length)] = (byte)random.Next(256);
            if (random.Next(3) == 0) message[2] ^= 0x80; // a question becomes an answer
            if (random.Next(8) == 0) message[2] ^= 0x02; // TC
            if (random.Next(8) == 0) message = message[..random.Next(message.Length)];
            stage.Lan.Inject(message, new IPEndPoint(hosts[random.Next(2)], random.Next(4) == 0 ? random.Next(65536) : 5353));
            if (random.Next(4) == 0) stage.World.RunFor(TimeSpan.FromMilliseconds(random.Next(500)));
        }

        stage.World.RunFor(TimeSpan.FromSeconds(30));
        int before = stage.Lan.Sent.Count;
        stage.Ask(MdnsStage.Type, DnsType.Ptr);
        stage.World.RunFor(TimeSpan.FromSeconds(3));
        Assert.Contains(stage.Lan.Sent.Skip(before), sent => sent.Message.Answers.Any(record => record.Data is DnsPointer));
    }

    [Fact]
    public void Names_too_long_are_cut_between_characters()
    {
        var stage = new MdnsStage();
        MdnsService service = stage.AddService();
        string name = new('ü', 40);
        string first = stage.Settle(service, MdnsStage.Kitchen with { Name = name, Prefix = "0123456789AB@" }).NameOf();
        string second = stage.Settle(service, MdnsStage.Kitchen with { Name = name, Prefix = "1123456789AB@" }).NameOf();
        Assert.Equal((new string('ü', 25), new string('ü', 23) + " (2)"), (first, second)); // 50 bytes are left
    }
}
