using System.Net;
using Raop.Discovery;
using static Raop.Tests.Discovery.QuerierBench;

namespace Raop.Tests.Discovery;

public sealed class MdnsQuerierTests
{
    [Fact]
    public void Asks_soon_and_then_ever_more_seldom()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var bench = new QuerierBench(seed);
            bench.Browse();
            bench.RunFor(5 * 3600);
            double[] at = bench.AskedFor(DnsType.Ptr);
            Assert.InRange(at[0], 0.020, 0.120);
            double[] pauses = [.. at.Zip(at.Skip(1), (a, b) => Math.Round(b - a, 3))];
            Assert.Equal([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600, 3600], pauses);
        }
    }

    [Fact]
    public void A_service_is_told_of_when_all_of_it_is_known()
    {
        var bench = new QuerierBench();
        bench.Browse();
        bench.RunFor(0.5);
        bench.Hear(Speaker("5855CA1AE288@Küche 2.0"));
        bench.RunFor(0.1);
        (double at, ServiceChange change) = Assert.Single(bench.Changes);
        Assert.InRange(at, 0.5, 0.52);
        Assert.Equal(ServiceChangeKind.Added, change.Kind);
        Assert.Equal(("5855CA1AE288@Küche 2.0", "_raop._tcp", "one.local", 5000), (change.Instance, change.Type, change.Host, change.Port));
        Assert.Equal([IPEndPoint.Parse("10.0.0.9:5000")], change.EndPoints);
        Assert.Equal("0,1", change.Txt["cn"]);
        Assert.Empty(bench.AskedFor(DnsType.Srv));
    }

    [Fact]
    public void What_is_missing_is_asked_for()
    {
        var bench = new QuerierBench();
        bench.Browse();
        bench.Hear(Ptr("One"));
        bench.RunFor(0.2);
        Assert.Single(bench.AskedFor(DnsType.Srv));
        Assert.Single(bench.AskedFor(DnsType.Txt));
        Assert.Empty(bench.AskedFor(DnsType.A));
        bench.Hear(Srv("One"));
        bench.RunFor(0.2);
        Assert.Single(bench.AskedFor(DnsType.A));
        Assert.Single(bench.AskedFor(DnsType.Aaaa));
        bench.Hear(A("10.0.0.9"));
        bench.RunFor(0.2);
        Assert.Empty(bench.Changes);
        bench.RunFor(20);
        Assert.Equal([0, 1, 3, 7, 15], bench.AskedFor(DnsType.Txt).Select(at => Math.Floor(at - bench.AskedFor(DnsType.Txt)[0] + 0.001)));
        bench.Hear(Txt("One"));
        bench.RunFor(0.1);
        Assert.Equal([ServiceChangeKind.Added], bench.Kinds);
        int asked = bench.Asked.Count(question => question.Message.Questions.Any(q => q.Type == DnsType.Txt));
        bench.RunFor(60);
        Assert.Equal(asked, bench.AskedFor(DnsType.Txt).Length);
    }

    [Fact]
    public void Names_what_it_knows_while_it_is_fresh()
    {
        var bench = new QuerierBench();
        bench.Browse();
        bench.Hear([.. Speaker("Long"), Ptr("Short", 4)]);
        bench.RunFor(0.5);
        Assert.Equal(["Long", "Short"], Known(bench, 0).Order());
        bench.RunFor(8);
        Assert.Equal(["Long"], Known(bench, 3)); // asked at 7 s: the short one is gone
        DnsRecord known = bench.Asked.Last(asked => asked.Message.Answers.Count > 0).Message.Answers[0];
        Assert.InRange(known.Ttl, 4490u, 4495u);
        Assert.False(known.IsUnique);
        bench.RunFor(4200);
        Assert.Empty(bench.Asked.Last(asked => asked.Message.Questions.Any(question => question.Type == DnsType.Ptr)).Message.Answers);
    }

    [Fact]
    public void What_is_about_to_expire_is_asked_for_four_times_and_then_gone()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var bench = new QuerierBench(seed);
            bench.Browse();
            bench.Hear(Speaker("One"));
            bench.RunFor(130);
            double[] at = bench.AskedFor(DnsType.Srv).Where(time => time < 120).ToArray();
            Assert.Equal(4, at.Length);
            for (int i = 0; i < 4; i++) Assert.InRange(at[i], 120 * (0.80 + (0.05 * i)), 120 * (0.82 + (0.05 * i)));
            Assert.Equal([ServiceChangeKind.Added, ServiceChangeKind.Removed], bench.Kinds);
            Assert.InRange(bench.Changes[1].At, 120, 120.1);
        }
    }

    [Fact]
    public void What_is_answered_lives_on_and_nothing_is_told()
    {
        var bench = new QuerierBench();
        bench.Browse();
        bench.Hear(Speaker("One"));
        int answered = 0;
        for (double time = 0; time < 10_000; time++)
        {
            int before = bench.Asked.Count;
            bench.RunFor(1);
            if (bench.Asked.Count > before && bench.Asked.Skip(before).Any(asked => asked.Message.Questions.Any(question => question.Type != DnsType.Ptr)))
            {
                bench.Hear(Speaker("One"));
                answered++;
            }
        }

        Assert.Equal([ServiceChangeKind.Added], bench.Kinds);
        Assert.InRange(answered, 10_000 / 120, 10_000 / 95); // once in each life of the address
    }

    [Fact]
    public void A_goodbye_counts_after_a_second_unless_it_is_taken_back()
    {
        var bench = new QuerierBench();
        bench.Browse();
        bench.Hear(Speaker("One"));
        bench.RunFor(10);
        bench.Hear(Ptr("One", 0));
        bench.RunFor(0.5);
        bench.Hear(Ptr("One"));
        bench.RunFor(10);
        Assert.Equal([ServiceChangeKind.Added], bench.Kinds);
        bench.Hear(Ptr("One", 0));
        bench.RunFor(10);
        Assert.Equal([ServiceChangeKind.Added, ServiceChangeKind.Removed], bench.Kinds);
        Assert.InRange(bench.Changes[1].At, 21.4, 21.6);
    }

    [Fact]
    public void A_new_address_replaces_the_old_one_and_two_told_together_stay()
    {
        var bench = new QuerierBench();
        bench.Browse();
        bench.Hear([.. Speaker("One"), A("10.0.0.10")]);
        bench.RunFor(0.5);
        bench.Hear(A("10.0.0.11"));
        bench.RunFor(5);
        Assert.Equal(["10.0.0.9:5000", "10.0.0.10:5000", "10.0.0.11:5000"], Texts(bench.Changes[^1].Change));
        bench.Hear(A("10.0.0.12"));
        bench.RunFor(5);
        Assert.Equal(["10.0.0.12:5000"], Texts(bench.Changes[^1].Change));
        Assert.Equal(ServiceChangeKind.Changed, bench.Changes[^1].Change.Kind);
    }

    [Fact]
    public void Links_are_merged_and_the_addresses_sorted()
    {
        var bench = new QuerierBench(1, Link(1, "10.0.0.1/24", "fe80::1/64"), Link(2, "192.168.1.1/24", "fe80::2/64"));
        bench.Browse();
        bench.HearFrom(1, "fe80::9", 5353, [.. Speaker("One"), A("fe80::9"), A("2001:db8::9"), A("127.0.0.1"), A("::1"), A("0.0.0.0"), A("224.0.0.251"), A("169.254.3.4")]);
        bench.HearFrom(2, "fe80::9", 5353, [.. Speaker("One", "192.168.1.9"), A("fe80::9")]);
        bench.RunFor(1);
        Assert.Equal(
            ["10.0.0.9:5000", "192.168.1.9:5000", "[2001:db8::9]:5000", "169.254.3.4:5000", "[fe80::9%1]:5000", "[fe80::9%2]:5000"],
            Texts(Assert.Single(bench.Changes).Change));
        bench.SetLinks(Link(2, "192.168.1.1/24", "fe80::2/64"));
        bench.RunFor(1);
        Assert.Equal(["192.168.1.9:5000", "[fe80::9%2]:5000"], Texts(bench.Changes[^1].Change));
        bench.SetLinks();
        bench.RunFor(1);
        Assert.Equal([ServiceChangeKind.Added, ServiceChangeKind.Changed, ServiceChangeKind.Removed], bench.Kinds);
    }

    [Fact]
    public void A_link_that_comes_is_asked_from_the_beginning()
    {
        var bench = new QuerierBench();
        bench.Browse();
        bench.RunFor(100);
        bench.SetLinks(Link(1, "10.0.0.1/24"), Link(2, "192.168.1.1/24"));
        bench.RunFor(10);
        double[] at = [.. bench.Asked.Where(asked => asked.Link == 2).Select(asked => asked.At - 100)];
        Assert.InRange(at[0], 0.020, 0.120);
        Assert.Equal(4, at.Length);
    }

    [Fact]
    public void Who_answers_nobody_twice_is_gone()
    {
        var bench = new QuerierBench();
        bench.Browse();
        bench.Hear([Ptr("One"), Srv("One", ttl: 4500), Txt("One"), A("10.0.0.9", ttl: 4500), Ptr("Two"), Srv("Two", ttl: 4500), Txt("Two")]);
        bench.RunFor(300);
        bench.HearQuestion("10.0.0.3", Ptr("Two"));
        bench.RunFor(1);
        bench.HearQuestion("10.0.0.4", Ptr("Two"));
        bench.RunFor(8);
        Assert.DoesNotContain(ServiceChangeKind.Removed, bench.Kinds);
        int before = bench.Changes.Count;
        bench.RunFor(2);
        ServiceChange gone = Assert.Single(bench.Changes.Skip(before), change => change.Change.Kind == ServiceChangeKind.Removed).Change;
        Assert.Equal("One", gone.Instance);
    }

    [Fact]
    public void Who_answers_the_others_stays()
    {
        var bench = new QuerierBench();
        bench.Browse();
        bench.Hear([Ptr("One"), Srv("One", ttl: 4500), Txt("One"), A("10.0.0.9", ttl: 4500)]);
        bench.RunFor(10);
        for (int i = 0; i < 20; i++)
        {
            bench.HearQuestion("10.0.0.3");
            bench.RunFor(0.1);
            bench.Hear(Ptr("One"));
            bench.RunFor(3);
        }

        Assert.Equal([ServiceChangeKind.Added], bench.Kinds);
    }

    [Fact]
    public void Another_s_question_is_as_good_as_ours_but_not_its_echo()
    {
        var bench = new QuerierBench();
        bench.Browse();
        bench.RunFor(0.9); // asked once
        bench.HearQuestion("10.0.0.3");
        bench.RunFor(1); // ours was due and is left out
        Assert.Single(bench.AskedFor(DnsType.Ptr));
        bench.RunFor(1.5);
        Assert.Equal(2, bench.AskedFor(DnsType.Ptr).Length);
        bench.HearQuestion("10.0.0.1"); // our own comes back
        bench.RunFor(4);
        Assert.Equal(3, bench.AskedFor(DnsType.Ptr).Length);

        bench.RunFor(7.2);
        int before = bench.AskedFor(DnsType.Ptr).Length;
        bench.HearQuestion("10.0.0.3", Ptr("Unknown to us")); // who says that it is known keeps it from us
        bench.RunFor(0.6);
        Assert.Equal(before + 1, bench.AskedFor(DnsType.Ptr).Length);
    }

    [Fact]
    public void After_sleep_everything_is_asked_again_and_who_is_silent_goes()
    {
        var bench = new QuerierBench();
        bench.Browse();
        bench.Hear([.. Speaker("Here"), .. Speaker("Gone", "10.0.0.8", "two.local")]);
        bench.RunFor(50);
        bench.Sleep(8 * 3600);
        int before = bench.Asked.Count;
        bench.RunFor(0.2);
        Assert.Contains(bench.Asked.Skip(before), asked => asked.Message.Questions.Any(question => question.Type == DnsType.Ptr) && asked.Message.Answers.Count == 0);
        Assert.Equal(2, bench.Changes.Count);
        bench.Hear(Speaker("Here"));
        bench.RunFor(6);
        (_, ServiceChange change) = Assert.Single(bench.Changes.Skip(2));
        Assert.Equal((ServiceChangeKind.Removed, "Gone"), (change.Kind, change.Instance));
    }

    [Fact]
    public void Many_known_answers_go_out_in_several_messages()
    {
        var bench = new QuerierBench();
        bench.Browse();
        for (int i = 0; i < 300; i++) bench.Hear(Ptr($"A speaker with a long name, number {i}"));
        bench.RunFor(0.12);
        (double At, int Link, DnsMessage Message)[] asked = [.. bench.Asked.Where(asked => asked.Message.Answers.Count > 0)];
        Assert.True(asked.Length > 5);
        Assert.Equal(300, asked.SelectMany(message => message.Message.Answers).Distinct().Count());
        Assert.All(asked.SkipLast(1), message => Assert.True(message.Message.IsTruncated));
        Assert.False(asked[^1].Message.IsTruncated);
        Assert.Single(asked[0].Message.Questions);
        Assert.All(asked.Skip(1), message => Assert.Empty(message.Message.Questions));
    }

    [Fact]
    public void Strangers_answers_are_not_believed()
    {
        var bench = new QuerierBench();
        bench.Browse();
        bench.RunFor(1);
        bench.HearFrom(1, "10.0.0.9", 5354, Speaker("One")); // not from port 5353
        bench.HearFrom(7, "10.0.0.9", 5353, Speaker("Two")); // over no link
        bench.Hear(Speaker("Three")[1..]); // nobody said that there is such an instance
        bench.Hear(new DnsRecord(Service, DnsType.Ptr, 4500, new DnsPointer(DnsName.Parse("Four._ipp._tcp.local"))));
        bench.RunFor(5);
        Assert.Empty(bench.Changes);
        Assert.Equal(3, bench.Asked.Count);
    }

    [Fact]
    public void Nobody_who_stops_looking_is_told()
    {
        var bench = new QuerierBench();
        bench.Browse();
        bench.Browse();
        bench.Querier.StopBrowsing(QuerierBench.Type);
        bench.Hear(Speaker("One"));
        bench.RunFor(1);
        Assert.Single(bench.Querier.Known(QuerierBench.Type));
        bench.Querier.StopBrowsing(QuerierBench.Type);
        int asked = bench.Asked.Count;
        bench.Hear(Ptr("One", 0));
        bench.RunFor(1000);
        Assert.Equal(asked, bench.Asked.Count);
        Assert.Single(bench.Changes);
    }

    private static IEnumerable<string> Known(QuerierBench bench, int nth) =>
        bench.Asked.Where(asked => asked.Message.Questions.Any(question => question.Type == DnsType.Ptr)).ElementAt(nth)
            .Message.Answers.Select(known => ((DnsPointer)known.Data).Target.FirstLabel);

    private static IEnumerable<string> Texts(ServiceChange change) => change.EndPoints.Select(endPoint => endPoint.ToString());
}
