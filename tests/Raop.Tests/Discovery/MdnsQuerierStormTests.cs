using System.Net;
using Raop.Discovery;
using static Raop.Tests.Discovery.QuerierBench;

namespace Raop.Tests.Discovery;

/// <summary>What somebody on the link can do who means ill.</summary>
public sealed class MdnsQuerierStormTests
{
    [Fact]
    public void A_storm_of_invented_speakers_costs_little_memory_and_few_questions()
    {
        var bench = new QuerierBench();
        bench.Browse();
        for (int i = 0; i < 200; i++)
        {
            bench.Hear([.. Enumerable.Range(0, 250).Select(k => Ptr($"{i}-{k}"))]);
            bench.RunFor(0.01);
        }

        bench.RunFor(1);
        int questions = bench.Asked.Sum(asked => asked.Message.Questions.Count);
        Assert.InRange(questions, 1, 13 * 130); // 3 s, 128 in each quarter of one
        bench.RunFor(60);
        Assert.InRange(bench.Asked.Count(asked => asked.At > 53), 0, 250);
        Assert.Empty(bench.Changes);
    }

    [Fact]
    public void Tables_have_a_limit_and_what_is_known_stays()
    {
        var bench = new QuerierBench();
        bench.Browse();
        bench.Hear(Speaker("Real"));
        bench.RunFor(0.1);
        for (int i = 0; i < 600; i++) bench.Hear([Ptr($"X{i}"), Srv($"X{i}", $"x{i}.local"), Txt($"X{i}"), .. Enumerable.Range(0, 60).Select(k => A($"10.1.{k}.{i % 250}", $"x{i}.local"))]);
        bench.RunFor(0.1);
        Assert.InRange(bench.Querier.Known(QuerierBench.Type).Count, 50, MdnsCache.MostInstances);
        Assert.All(bench.Querier.Known(QuerierBench.Type), service => Assert.InRange(service.EndPoints.Count, 1, 16));
        Assert.Contains(bench.Querier.Known(QuerierBench.Type), service => service.Instance == "Real");
        Assert.DoesNotContain(bench.Changes, change => change.Change.Kind == ServiceChangeKind.Removed);
    }

    /// <summary>Two packets would else keep every new speaker out as long as a pointer is believed: 75 minutes.</summary>
    [Fact]
    public void Invented_speakers_that_are_nowhere_make_room_for_real_ones()
    {
        var bench = new QuerierBench();
        bench.Browse();
        bench.Hear([.. Enumerable.Range(0, 300).Select(i => Ptr($"X{i}"))]);
        bench.Hear([.. Enumerable.Range(300, 300).Select(i => Ptr($"X{i}"))]);
        bench.RunFor(60);
        bench.Hear(Speaker("Real"));
        bench.RunFor(0.1);
        Assert.Equal("Real", Assert.Single(bench.Changes).Change.Instance);
    }

    /// <summary>Five messages in a second must not make us send hundreds.</summary>
    [Fact]
    public void Many_short_lifetimes_cost_few_questions()
    {
        var bench = new QuerierBench();
        bench.Browse();
        int heard = 0;
        for (int second = 0; second < 10; second++)
        {
            for (int i = 0; i < 500; i += 50)
            {
                bench.Hear([.. Enumerable.Range(i, 50).SelectMany(k => (DnsRecord[])[Ptr($"X{k}", 2), Srv($"X{k}", $"x{k}.local", ttl: 2), Txt($"X{k}"), A("10.0.0.9", $"x{k}.local", 2)])]);
                heard++;
                bench.RunFor(second % 2 == 0 ? 0.1 : 0.3);
            }
        }

        Assert.InRange(bench.Asked.Count, heard, 20 * 35);
        Assert.InRange(bench.Asked.Sum(asked => asked.Message.Questions.Count), 500, 20 * 1100);
    }

    /// <summary>Else one message takes away what it asks for, and hundreds of equal questions cost as many looks at all that is known.</summary>
    [Fact]
    public void A_question_counts_once_in_a_message()
    {
        var bench = new QuerierBench();
        bench.Browse();
        bench.Hear(Speaker("One"));
        bench.RunFor(2);
        bench.Hear(new DnsMessage { Questions = [.. Enumerable.Repeat(new DnsQuestion(Service, DnsType.Ptr), 200)] }, 1, "10.0.0.7", 5353);
        bench.RunFor(15);
        Assert.Equal([ServiceChangeKind.Added], bench.Kinds);
    }

    [Fact]
    public void A_name_in_other_letters_on_another_link_is_the_same_speaker()
    {
        var bench = new QuerierBench(1, Link(1, "10.0.0.1/24"), Link(2, "10.0.1.1/24"));
        bench.Browse();
        bench.Hear(Speaker("Kitchen"));
        bench.HearFrom(2, "10.0.1.9", 5353, [Ptr("KITCHEN"), Srv("KITCHEN"), Txt("KITCHEN", "cn=0,1"), A("10.0.1.9")]);
        bench.RunFor(1);
        bench.Hear(Ptr("Kitchen", 0));
        bench.RunFor(2);
        bench.HearFrom(2, "10.0.1.9", 5353, Ptr("KITCHEN", 0));
        bench.RunFor(2);
        Assert.Equal([ServiceChangeKind.Added, ServiceChangeKind.Changed, ServiceChangeKind.Removed], bench.Kinds);
        Assert.All(bench.Changes, change => Assert.Equal("Kitchen", change.Change.Instance));
    }

    [Fact]
    public void A_lifetime_of_nothing_does_not_make_us_ask_all_the_time()
    {
        var bench = new QuerierBench();
        bench.Browse();
        for (int i = 0; i < 1000; i++)
        {
            bench.Hear(Ptr("One", 1), Srv("One", ttl: 1), Txt("One"), A("10.0.0.9", ttl: 1));
            bench.RunFor(0.1);
        }

        Assert.Equal([ServiceChangeKind.Added], bench.Kinds);
        Assert.InRange(bench.Asked.Count, 1, 10);
    }

    [Fact]
    public void A_lifetime_of_years_is_cut()
    {
        var bench = new QuerierBench();
        bench.Browse();
        bench.Hear(Ptr("One", uint.MaxValue), Srv("One", ttl: uint.MaxValue), Txt("One"), A("10.0.0.9", ttl: int.MaxValue));
        bench.RunFor(4501);
        Assert.Equal([ServiceChangeKind.Added, ServiceChangeKind.Removed], bench.Kinds);
    }

    [Fact]
    public void Aliases_are_not_followed()
    {
        var bench = new QuerierBench();
        bench.Browse();
        DnsName a = DnsName.Parse("a.local"), b = DnsName.Parse("b.local");
        bench.Hear(
            Ptr("One"), Srv("One", "a.local"), Txt("One"),
            new DnsRecord(a, DnsType.CName, 120, new DnsRaw(b.Wire.ToArray())), new DnsRecord(b, DnsType.CName, 120, new DnsRaw(a.Wire.ToArray())));
        bench.RunFor(100);
        Assert.Empty(bench.Changes);
        Assert.InRange(bench.Asked.Count, 5, 30);
    }

    [Fact]
    public void Any_message_at_any_time_is_survived()
    {
        int seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var bench = new QuerierBench(seed, Link(1, "10.0.0.1/24"), Link(2, "fe80::1/64"));
        bench.Browse();
        string[] labels = ["One", "Two", "Three"], hosts = ["one.local", "two.local", "One._raop._tcp.local"];
        for (int i = 0; i < 20_000; i++)
        {
            string label = labels[random.Next(3)], host = hosts[random.Next(3)];
            uint ttl = (uint)random.Next(3) * (uint)random.Next(5000);
            DnsRecord[] records = [Ptr(label, ttl), Srv(label, host, random.Next(65536), ttl), Txt(label, $"x={random.Next(3)}"), A($"10.0.0.{random.Next(256)}", host, ttl)];
            DnsRecord[] said = [.. records.Where(_ => random.Next(2) == 0)];
            var message = new DnsMessage
            {
                Flags = random.Next(2) == 0 ? DnsMessage.ResponseFlags : (ushort)0, Questions = [new DnsQuestion(Service, DnsType.Ptr)], Answers = said,
            };
            bench.Hear(message, random.Next(1, 3), "10.0.0.9", 5353);
            bench.RunFor(random.NextDouble() * random.Next(1, 20));
            if (random.Next(200) == 0) bench.Sleep(random.Next(10_000));
            if (random.Next(500) == 0) bench.SetLinks(Link(random.Next(1, 3), "10.0.0.1/24"));
            if (bench.Changes.Count > 10_000) bench.Changes.Clear();
            bench.Asked.Clear();
        }

        // What was told is what is known: every service that came has gone, or is here.
        Assert.InRange(bench.Querier.Known(QuerierBench.Type).Count, 0, 3);
        Assert.All(bench.Querier.Known(QuerierBench.Type), service => Assert.NotEmpty(service.EndPoints));
    }
}
