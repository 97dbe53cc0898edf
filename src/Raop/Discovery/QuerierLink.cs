using System.Net;
using System.Net.Sockets;
using Raop.Network;

namespace Raop.Discovery;

/// <summary>One link as the querier sees it: what was heard on it and what is to be asked.</summary>
/// <param name="link">The interface.</param>
/// <param name="second">Ticks of a second.</param>
/// <param name="random">For jitter.</param>
internal sealed class QuerierLink(MulticastLink link, long second, Random random)
{
    /// <summary>Questions for what is missing in a while; a packet full of invented names must not make us send hundreds.</summary>
    private const int MostQuestions = 128;

    /// <summary>Questions at once for what expires soon, and how long after them the next may go out: lifetimes are anybody's word.</summary>
    private const int MostRefreshes = 50;
    private const double RefreshPauseSeconds = 0.1;

    /// <summary>Questions for the place of an instance. If nobody answers for half a minute, there is none (RFC 6762 section 10.4).</summary>
    private const int MostTries = 5;

    /// <summary>Series of questions for what is missing.</summary>
    private const int MostMissing = 1024;

    private const double WhileSeconds = 0.25;

    /// <summary>Another's question counts as ours only when ours was about to go out; so our own, which comes back to us, never does.</summary>
    private const double SuppressionSeconds = 0.5;

    private readonly Dictionary<DnsName, AskSeries> _browsed = [];
    private readonly Dictionary<(DnsName Name, DnsType Type), AskSeries> _missing = [];
    private readonly HashSet<(DnsName Name, DnsType Type)> _wanted = [];
    private readonly HashSet<DnsName> _instances = [], _hosts = [];
    private readonly bool _isLoopback = link.Addresses.Any(static own => IPAddress.IsLoopback(own.Address));
    private long _while; // when it ends
    private int _asked; // in it
    private long _refreshes; // when questions for what expires soon may go out

    public MulticastLink Link { get; set; } = link;

    public MdnsCache Cache { get; } = new(second, random);

    public void Browse(DnsName type, long now) => _browsed.TryAdd(type, new AskSeries(second).Begin(now, random.NextDouble()));

    public void StopBrowsing(DnsName type)
    {
        _browsed.Remove(type);
        Cache.Forget(type);
    }

    /// <summary>Asks for everything from the beginning; what is known is dropped unless it is confirmed.</summary>
    public void AskAgain(long now, long patience)
    {
        foreach (AskSeries series in _browsed.Values) series.Begin(now, random.NextDouble());
        _missing.Clear();
        Cache.Doubt(now, patience);
    }

    /// <summary>Takes what belongs to a service that is browsed for: first who there is, then where, then the addresses.</summary>
    /// <returns>Whether anything is new.</returns>
    public bool Hear(IEnumerable<DnsRecord> records, long now)
    {
        bool changed = false;
        DnsRecord[] ours = [.. records.Where(static record => record.Class == DnsMessage.Internet)];
        foreach (DnsRecord record in ours)
        {
            if (record.Data is DnsPointer { Target: var instance } && _browsed.ContainsKey(record.Name) && instance.Parent == record.Name)
                changed |= Cache.Add(record, now);
        }

        _instances.Clear();
        _instances.UnionWith(_browsed.Keys.SelectMany(Instances));
        foreach (DnsRecord record in ours)
        {
            if (record.Data is DnsService { Port: > 0 } or DnsText && _instances.Contains(record.Name))
                changed |= Cache.Add(record, now);
        }

        if (!ours.Any(static record => record.Data is DnsAddress)) return changed;
        _hosts.Clear();
        foreach (DnsName instance in _instances) _hosts.UnionWith(Cache.Find(instance, DnsType.Srv).Select(static record => ((DnsService)record.Record.Data).Target));
        foreach (DnsRecord record in ours)
        {
            if (record.Data is DnsAddress { Address: var address } && IsUsable(address) && _hosts.Contains(record.Name)) changed |= Cache.Add(record, now);
        }

        return changed;
    }

    /// <summary>Somebody else on the link asks.</summary>
    public void HearQuestions(DnsMessage query, long now)
    {
        if (query.IsTruncated) return; // it knows more than it says here
        HashSet<(DnsName, DnsType, DnsData)> known = [.. query.Answers.Select(static answer => (answer.Name, answer.Type, answer.Data))];
        bool? knowsNoMore = null;
        foreach (DnsQuestion question in query.Questions.DistinctBy(static question => (question.Name, question.Type)))
        {
            if (question.WantsUnicast) continue; // the answer is not for us
            Cache.CountQuestion(question, known, now);
            AskSeries? series = question.Type == DnsType.Ptr ? _browsed.GetValueOrDefault(question.Name) : _missing.GetValueOrDefault((question.Name, question.Type));
            if (series is null || series.Due - now > SuppressionSeconds * second) continue;
            knowsNoMore ??= query.Answers.All(answer => Cache.Find(answer.Name, answer.Type).Any(own => own.Record.SaysSame(answer)));
            if (knowsNoMore.Value) series.CountAsked(now);
        }
    }

    /// <summary>Instances of a service that were heard of.</summary>
    public IEnumerable<DnsName> Instances(DnsName type) => Cache.Find(type, DnsType.Ptr).Select(static record => ((DnsPointer)record.Record.Data).Target);

    /// <summary>Addresses of a host, link-local ones with this link as their scope.</summary>
    public IEnumerable<IPAddress> Addresses(DnsName host)
    {
        foreach (CachedRecord record in Cache.Find(host, DnsType.A).Concat(Cache.Find(host, DnsType.Aaaa)))
        {
            IPAddress address = ((DnsAddress)record.Record.Data).Address;
            yield return address.IsIPv6LinkLocal ? new IPAddress(address.GetAddressBytes(), Link.Index) : address;
        }
    }

    /// <summary>Looks what is missing of the services that were heard of, and asks for it.</summary>
    public void FindMissing(long now)
    {
        _wanted.Clear();
        foreach (DnsName instance in _browsed.Keys.SelectMany(Instances))
        {
            if (Cache.Find(instance, DnsType.Txt).Count == 0) _wanted.Add((instance, DnsType.Txt));
            if (!Cache.TryFindLatest(instance, DnsType.Srv, out DnsService? service))
            {
                _wanted.Add((instance, DnsType.Srv));
            }
            else if (!Addresses(service.Target).Any())
            {
                _wanted.Add((service.Target, DnsType.A));
                _wanted.Add((service.Target, DnsType.Aaaa));
            }
        }

        foreach ((DnsName, DnsType) key in _missing.Keys)
        {
            if (!_wanted.Contains(key)) _missing.Remove(key); // which does not disturb the enumeration
        }

        foreach ((DnsName, DnsType) key in _wanted)
        {
            if (_missing.Count < MostMissing) _missing.TryAdd(key, new AskSeries(second).Begin(now, random.NextDouble()));
        }
    }

    /// <summary>Sends the questions that are due.</summary>
    public void Ask(long now, IMdnsOutput output)
    {
        var questions = new HashSet<(DnsName Name, DnsType Type)>();
        foreach ((DnsName type, AskSeries series) in _browsed)
        {
            if (series.Due > now) continue;
            series.CountAsked(now);
            questions.Add((type, DnsType.Ptr));
        }

        if (now >= _refreshes && Cache.Refresh(now, MostRefreshes, questions)) _refreshes = now + (long)(RefreshPauseSeconds * second);
        if (now >= _while) (_while, _asked) = (now + (long)(WhileSeconds * second), 0);
        foreach (((DnsName Name, DnsType Type) key, AskSeries series) in _missing)
        {
            if (series.Due > now || _asked >= MostQuestions) continue;
            if (key.Type == DnsType.Srv && series.Count >= MostTries) Cache.Disbelieve(key.Name, now);
            series.CountAsked(now);
            questions.Add(key);
            _asked++;
        }

        if (questions.Count > 0) Send(questions, now, output);
    }

    public long NextDue()
    {
        long due = Cache.NextDue(_refreshes);
        foreach (AskSeries series in _browsed.Values) due = Math.Min(due, series.Due);
        foreach (AskSeries series in _missing.Values) due = Math.Min(due, _asked >= MostQuestions ? Math.Max(series.Due, _while) : series.Due);
        return due;
    }

    /// <summary>Questions for services with those that are known behind them, then the other questions in messages of their own.</summary>
    private void Send(HashSet<(DnsName Name, DnsType Type)> questions, long now, IMdnsOutput output)
    {
        var writer = new DnsWriter(DnsMessage.UsualSize);
        writer.Begin(0, 0);
        foreach ((DnsName name, DnsType type) in questions.Where(static question => question.Type == DnsType.Ptr)) writer.TryAdd(new DnsQuestion(name, type));
        foreach ((DnsName name, _) in questions.Where(static question => question.Type == DnsType.Ptr))
        {
            foreach (CachedRecord record in Cache.Find(name, DnsType.Ptr))
            {
                if (record.KnownFor(now, second) is not (> 0 and var ttl)) continue;
                DnsRecord known = record.Record with { Ttl = ttl, IsUnique = false };
                if (writer.TryAdd(DnsSection.Answer, known)) continue;
                writer.MarkTruncated(); // RFC 6762 section 7.2: more follow
                Flush(writer, output);
                writer.TryAdd(DnsSection.Answer, known);
            }
        }

        if (!writer.IsEmpty) Flush(writer, output);
        foreach ((DnsName name, DnsType type) in questions.Where(static question => question.Type != DnsType.Ptr))
        {
            var question = new DnsQuestion(name, type);
            if (writer.TryAdd(question)) continue;
            Flush(writer, output);
            writer.TryAdd(question);
        }

        if (!writer.IsEmpty) Flush(writer, output);
    }

    private void Flush(DnsWriter writer, IMdnsOutput output)
    {
        if (Link.Has(AddressFamily.InterNetwork)) output.Send(Link.Index, AddressFamily.InterNetwork, writer.Written);
        if (Link.Has(AddressFamily.InterNetworkV6)) output.Send(Link.Index, AddressFamily.InterNetworkV6, writer.Written);
        writer.Begin(0, 0);
    }

    /// <summary>An address to connect to; this machine's own loopback only over loopback.</summary>
    private bool IsUsable(IPAddress address) =>
        !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any) && !address.Equals(IPAddress.Broadcast) && !address.IsIPv6Multicast
        && !address.IsIPv4MappedToIPv6 && !(address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes()[0] >= 224)
        && (_isLoopback || !IPAddress.IsLoopback(address));
}
