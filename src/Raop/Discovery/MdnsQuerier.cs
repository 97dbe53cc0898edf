using System.Net;
using Raop.Network;
using Raop.Timing;

namespace Raop.Discovery;

/// <summary>
/// Finds services (RFC 6762 sections 5, 7 and 10; RFC 6763): asks on every link, keeps what it hears as long as it may be believed, and tells what
/// came, changed and went. Pure: messages and timestamps in, messages and changes out.
/// </summary>
/// <param name="second">Ticks of a second.</param>
/// <param name="random">For jitter.</param>
/// <param name="changed">Told of a change of a service that is browsed for.</param>
internal sealed class MdnsQuerier(long second, Random random, Action<ServiceChange> changed) : IMdnsCore
{
    /// <summary>Messages that come together are looked at together: what one host says in two packets is one change, and a storm costs 100 looks a second at most.</summary>
    private const double GatherSeconds = 0.010;

    /// <summary>A call that is so much too late has slept.</summary>
    private const double SleepSeconds = 10;

    /// <summary>After sleep, what nobody confirms in this time is gone.</summary>
    private const double ConfirmSeconds = 5;

    private static readonly DnsName Local = DnsName.Parse("local");

    private readonly Dictionary<DnsName, Browsed> _browsed = [];
    private SortedDictionary<int, QuerierLink> _links = [];
    private long _look = Pacer.Never; // when to look what has changed
    private long _due = Pacer.Never;

    /// <summary>Instances of a type that are known and complete.</summary>
    public IReadOnlyCollection<ServiceChange> Known(string type) => _browsed.TryGetValue(Name(type), out Browsed? browsed) ? browsed.Services.Values : [];

    /// <summary>Begins to look for a service. Each call is matched by one of <see cref="StopBrowsing"/>.</summary>
    /// <param name="type">"_raop._tcp".</param>
    /// <param name="now">The time.</param>
    public void Browse(string type, long now)
    {
        DnsName name = Name(type);
        if (!_browsed.TryGetValue(name, out Browsed? browsed)) _browsed.Add(name, browsed = new Browsed(type));
        if (browsed.Users++ > 0) return;
        foreach (QuerierLink link in _links.Values) link.Browse(name, now);
        _due = now;
    }

    /// <summary>Forgets a service that nobody looks for any more; tells nothing.</summary>
    public void StopBrowsing(string type)
    {
        DnsName name = Name(type);
        if (!_browsed.TryGetValue(name, out Browsed? browsed) || --browsed.Users > 0) return;
        _browsed.Remove(name);
        foreach (QuerierLink link in _links.Values) link.StopBrowsing(name);
    }

    public void Handle(DnsMessage message, in MulticastArrival arrival)
    {
        if (_browsed.Count == 0 || !_links.TryGetValue(arrival.Link, out QuerierLink? link)) return;
        NoticeSleep(arrival.Timestamp);
        if (!message.IsResponse)
        {
            if (arrival.From.Port == MdnsPort) link.HearQuestions(message, arrival.Timestamp);
            _due = Math.Min(_due, arrival.Timestamp + (MdnsCache.PatienceSeconds * second));
            return;
        }

        if (arrival.From.Port != MdnsPort) return; // RFC 6762 section 6
        if (link.Hear(message.Answers.Concat(message.Additionals), arrival.Timestamp)) LookAt(arrival.Timestamp + (long)(GatherSeconds * second));
        _due = Math.Min(_due, arrival.Timestamp + second); // a goodbye and a flush are over then
    }

    public long Poll(long now, IMdnsOutput output)
    {
        if (_browsed.Count == 0) return Pacer.Never;
        NoticeSleep(now);
        if (now < _due) return _due;
        bool looks = _look <= now;
        foreach (QuerierLink link in _links.Values) looks |= link.Cache.Expire(now);
        if (looks)
        {
            _look = Pacer.Never;
            foreach (QuerierLink link in _links.Values) link.FindMissing(now);
            foreach ((DnsName type, Browsed browsed) in _browsed) Compare(type, browsed);
        }

        _due = _look;
        foreach (QuerierLink link in _links.Values)
        {
            link.Ask(now, output);
            _due = Math.Min(_due, link.NextDue());
        }

        return _due = Math.Max(_due, now + 1);
    }

    public void SetLinks(IReadOnlyList<MulticastLink> links, long now)
    {
        var after = new SortedDictionary<int, QuerierLink>();
        foreach (MulticastLink link in links)
        {
            if (_links.TryGetValue(link.Index, out QuerierLink? known) && known.Link.Name == link.Name)
            {
                if (!known.Link.Equals(link)) known.AskAgain(now, (long)(ConfirmSeconds * second)); // another address: perhaps another network
                known.Link = link;
                after[link.Index] = known;
                continue;
            }

            var added = after[link.Index] = new QuerierLink(link, second, random);
            foreach (DnsName type in _browsed.Keys) added.Browse(type, now);
        }

        _links = after;
        LookAt(now); // what was heard on a link that is gone is gone too
    }

    public void Wake(long now)
    {
        foreach (QuerierLink link in _links.Values) link.AskAgain(now, (long)(ConfirmSeconds * second));
        _due = now;
    }

    private const int MdnsPort = 5353;

    private static DnsName Name(string type)
    {
        int dot = type.IndexOf('.', StringComparison.Ordinal);
        return Local.Prepend(type[(dot + 1)..]).Prepend(type[..dot]);
    }

    private void NoticeSleep(long now)
    {
        if (_due != Pacer.Never && now - _due > SleepSeconds * second) Wake(now);
    }

    private void LookAt(long time)
    {
        _look = Math.Min(_look, time);
        _due = Math.Min(_due, _look);
    }

    /// <summary>Tells the difference between what was told and what is known.</summary>
    private void Compare(DnsName type, Browsed browsed)
    {
        var now = new Dictionary<DnsName, ServiceChange>();
        foreach (QuerierLink link in _links.Values)
        {
            foreach (DnsName instance in link.Instances(type))
            {
                if (!now.ContainsKey(instance) && Resolve(instance, browsed.Type) is { } service) now.Add(instance, service);
            }
        }

        foreach ((DnsName instance, ServiceChange service) in browsed.Services)
        {
            if (now.ContainsKey(instance)) continue;
            browsed.Services.Remove(instance);
            changed(service with { Kind = ServiceChangeKind.Removed });
        }

        foreach ((DnsName instance, ServiceChange service) in now)
        {
            bool isKnown = browsed.Services.TryGetValue(instance, out ServiceChange? before);
            if (isKnown && service.SaysSame(before!)) continue;
            browsed.Services[instance] = isKnown ? service with { Instance = before!.Instance } : service; // called as it was, whatever the case on another link
            changed(browsed.Services[instance] with { Kind = isKnown ? ServiceChangeKind.Changed : ServiceChangeKind.Added });
        }
    }

    /// <summary>All that the links know of an instance; null while something is missing. Where they differ the first link's word counts.</summary>
    private ServiceChange? Resolve(DnsName instance, string type)
    {
        DnsService? service = null;
        DnsText? text = null;
        var endPoints = new List<IPEndPoint>();
        foreach (QuerierLink link in _links.Values)
        {
            if (!link.Cache.TryFindLatest(instance, DnsType.Srv, out DnsService? here)) continue;
            service ??= here;
            if (text is null && link.Cache.TryFindLatest(instance, DnsType.Txt, out DnsText? said)) text = said;
            if (here.Target != service.Target || here.Port != service.Port) continue;
            endPoints.AddRange(link.Addresses(here.Target).Select(address => new IPEndPoint(address, here.Port)));
        }

        if (service is null || text is null || endPoints.Count == 0) return null;
        return new ServiceChange(ServiceChangeKind.Added, instance.FirstLabel, type, service.Target.ToString(), service.Port, ServiceChange.Sort(endPoints), text.Values);
    }

    /// <summary>A type that somebody looks for.</summary>
    private sealed class Browsed(string type)
    {
        public string Type { get; } = type;

        public int Users { get; set; }

        /// <summary>What was told of, by instance.</summary>
        public Dictionary<DnsName, ServiceChange> Services { get; } = [];
    }
}
