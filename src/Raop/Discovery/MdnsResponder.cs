using System.Net;
using System.Net.Sockets;
using Raop.Network;
using Raop.Timing;

namespace Raop.Discovery;

/// <summary>
/// Publishes services: finds out that their names are free, announces them, answers questions, defends the names and takes them back
/// (RFC 6762 sections 6 to 10). Nothing that others send makes it keep more than its own records need.
/// </summary>
/// <param name="hostLabel">What this host would be called.</param>
/// <param name="frequency">Ticks of the clock in a second.</param>
/// <param name="random">Spreads what many hosts would do at once.</param>
internal sealed partial class MdnsResponder(string hostLabel, long frequency, Random random) : IMdnsCore
{
    public const int Port = 5353;
    private const int Probes = 3, Announcements = 3, Farewells = 2, ManyConflicts = 15;
    private const int ProbePause = 250; // ms

    private readonly List<MdnsChannel> _channels = [];
    private readonly List<MdnsEntry> _entries = [];
    private readonly DnsWriter _usual = new(DnsMessage.UsualSize), _large = new(DnsMessage.MaxSize);
    private IReadOnlyList<MulticastLink> _links = [];

    /// <summary>Publishes a service as soon as its name has been found free.</summary>
    /// <param name="service">The service.</param>
    /// <param name="established">Told the name each time that a new one has been announced.</param>
    /// <param name="now">Ticks.</param>
    public MdnsPublished Publish(ServiceInstance service, Action<string> established, long now)
    {
        MdnsHost host = HostFor(service.Address, now);
        var entry = new MdnsPublished(service, host) { Established = established };
        host.Users++;
        AvoidOwn(entry);
        _entries.Add(entry);
        foreach (MdnsChannel channel in _channels) Claim(channel, entry, now);
        return entry;
    }

    /// <summary>Announces another TXT record.</summary>
    public void Update(MdnsPublished entry, byte[] txt, long now)
    {
        entry.SetTxt(txt);
        foreach (MdnsClaim claim in ClaimsOf(entry))
        {
            MdnsRecord? before = claim.Records.FirstOrDefault(record => record.Record.Type == DnsType.Txt);
            claim.Refresh();
            if (claim.IsOurs) claim.Enter(MdnsClaimState.Announcing, Math.Max(now, (before?.Last ?? MdnsRecord.LongAgo) + Milliseconds(1000)));
        }
    }

    /// <summary>Takes a service back, at once.</summary>
    public void Remove(MdnsPublished entry, IMdnsOutput output)
    {
        if (!_entries.Remove(entry)) return;
        foreach (MdnsChannel channel in _channels)
        {
            if (channel.Claims.Find(claim => claim.Entry == entry) is not { } claim) continue;
            channel.Claims.Remove(claim);
            if (claim.IsOurs) SayGoodbye(claim, output);
        }

        if (--entry.Host.Users > 0) return;
        _entries.Remove(entry.Host); // not taken back: another program may say the same addresses
        foreach (MdnsChannel channel in _channels) channel.Claims.RemoveAll(claim => claim.Entry == entry.Host);
    }

    /// <summary>Takes everything back.</summary>
    public void RemoveAll(IMdnsOutput output)
    {
        foreach (MdnsPublished entry in _entries.OfType<MdnsPublished>().ToArray()) Remove(entry, output);
    }

    public void SetLinks(IReadOnlyList<MulticastLink> links, long now)
    {
        _links = links;
        _channels.RemoveAll(channel => !links.Any(link => link.Index == channel.Link.Index && link.Has(channel.Family)));
        foreach (MulticastLink link in links)
        {
            if (link.Has(AddressFamily.InterNetwork)) SetChannel(link, AddressFamily.InterNetwork, now);
            if (link.Has(AddressFamily.InterNetworkV6)) SetChannel(link, AddressFamily.InterNetworkV6, now);
        }
    }

    public void Wake(long now)
    {
        foreach (MdnsClaim claim in AllClaims()) StartProbing(claim, now);
    }

    public long Poll(long now, IMdnsOutput output)
    {
        SendUnicasts(now, output);
        ReleaseHeld(now);
        long next = NextHeld();
        foreach (MdnsChannel channel in _channels)
        {
            SendProbes(channel, now, output);
            SendAnnouncements(channel, now, output);
            SendAnswers(channel, now, output);
            foreach (MdnsClaim claim in channel.Claims)
            {
                next = Math.Min(next, claim.Due);
                foreach (MdnsRecord record in claim.Records) next = Math.Min(next, record.Due);
            }
        }

        TellEstablished();
        return next;
    }

    private long Milliseconds(long ms) => frequency / 1000 * ms;

    private long Between(int low, int high) => Milliseconds(low) + (long)(random.NextDouble() * Milliseconds(high - low));

    private IEnumerable<MdnsClaim> AllClaims() => _channels.SelectMany(channel => channel.Claims);

    private IEnumerable<MdnsClaim> ClaimsOf(MdnsEntry entry) => AllClaims().Where(claim => claim.Entry == entry);

    /// <summary>Nobody else tells us of the names that we have ourselves.</summary>
    private void AvoidOwn(MdnsPublished entry)
    {
        while (_entries.Exists(other => other != entry && (other.Name == entry.Name || entry.LooksLike(other.Name)))) entry.TakeNextName();
    }

    private MdnsHost HostFor(IPAddress? only, long now)
    {
        if (_entries.OfType<MdnsHost>().FirstOrDefault(host => Equals(host.Only, only)) is { } known) return known;
        string label = only is null ? hostLabel : $"{hostLabel}-{only.ToString().Replace('.', '-').Replace(':', '-')}";
        var host = new MdnsHost(label, only);
        _entries.Insert(0, host);
        foreach (MdnsChannel channel in _channels) Claim(channel, host, now);
        return host;
    }

    private void SetChannel(MulticastLink link, AddressFamily family, long now)
    {
        MdnsChannel? channel = _channels.Find(channel => channel.Link.Index == link.Index && channel.Family == family);
        if (channel is null) _channels.Add(channel = new MdnsChannel(link, family));
        bool changed = !channel.Link.Equals(link);
        channel.Link = link;
        channel.Claims.RemoveAll(claim => !claim.Entry.IsOn(link));
        foreach (MdnsEntry entry in _entries)
        {
            MdnsClaim? claim = channel.Claims.Find(claim => claim.Entry == entry);
            if (claim is null) Claim(channel, entry, now);
            else if (changed) Reannounce(claim, now);
        }
    }

    private void Claim(MdnsChannel channel, MdnsEntry entry, long now)
    {
        if (!entry.IsOn(channel.Link)) return;
        var claim = new MdnsClaim(entry, channel);
        claim.Refresh();
        channel.Claims.Add(claim);
        StartProbing(claim, now);
    }

    /// <summary>What it says has changed in part.</summary>
    private static void Reannounce(MdnsClaim claim, long now)
    {
        claim.Refresh();
        if (claim.IsOurs) claim.Enter(MdnsClaimState.Announcing, now);
    }

    /// <summary>From the beginning, with others that are about to begin.</summary>
    private void StartProbing(MdnsClaim claim, long now)
    {
        long due = now + Between(0, ProbePause);
        if (claim.Entry.Conflicts.Count >= ManyConflicts) due += Milliseconds(5000);
        else if (claim.Channel.Claims.Find(other => other != claim && other is { State: MdnsClaimState.Probing, Step: 0 } && other.Due >= now) is { } company
            && company.Due - now <= Milliseconds(ProbePause)) due = company.Due;
        claim.Enter(MdnsClaimState.Probing, due);
    }

    private void SendProbes(MdnsChannel channel, long now, IMdnsOutput output)
    {
        List<MdnsClaim>? due = null;
        foreach (MdnsClaim claim in channel.Claims)
        {
            if (claim.IsOurs || claim.Due > now) continue;
            if (claim.Step == Probes)
            {
                claim.Enter(MdnsClaimState.Announcing, now);
                continue;
            }

            claim.Step++;
            claim.Due = now + Milliseconds(ProbePause);
            (due ??= []).Add(claim);
        }

        if (due is not null) SendProbes(channel, due, output);
    }

    private void SendProbes(MdnsChannel channel, List<MdnsClaim> claims, IMdnsOutput output)
    {
        DnsWriter writer = claims.Count == 1 ? _large : _usual;
        writer.Begin(0, 0);
        bool fits = true;
        foreach (MdnsClaim claim in claims)
        {
            fits &= writer.TryAdd(new DnsQuestion(claim.Entry.Name, DnsType.Any));
            if (claim.Entry is MdnsPublished { HasPrefix: true } service) fits &= writer.TryAdd(new DnsQuestion(service.Type, DnsType.Ptr));
        }

        foreach (MdnsClaim claim in claims)
        {
            foreach (DnsRecord record in Proposed(claim)) fits &= writer.TryAdd(DnsSection.Authority, record);
        }

        if (fits || claims.Count == 1)
        {
            output.Send(channel.Link.Index, channel.Family, writer.Written);
            return;
        }

        SendProbes(channel, claims[..(claims.Count / 2)], output);
        SendProbes(channel, claims[(claims.Count / 2)..], output);
    }

    /// <summary>What a probe says it would announce.</summary>
    private static IEnumerable<DnsRecord> Proposed(MdnsClaim claim) =>
        claim.Records.Where(record => !record.IsShared && record.Record.Type != DnsType.Nsec).Select(record => record.Record with { IsUnique = false });

    private void SendAnnouncements(MdnsChannel channel, long now, IMdnsOutput output)
    {
        List<MdnsRecord>? records = null;
        foreach (MdnsClaim claim in channel.Claims)
        {
            if (claim.State != MdnsClaimState.Announcing || claim.Due > now) continue;
            (records ??= []).AddRange(claim.Records);
            claim.Step++;
            if (claim.Step < Announcements) claim.Due = now + Milliseconds(1000L << (claim.Step - 1));
            else claim.Enter(MdnsClaimState.Settled, Pacer.Never);
        }

        if (records is not null) Multicast(channel, records, now, output);
    }

    private void TellEstablished()
    {
        foreach (MdnsEntry entry in _entries)
        {
            if (entry is not MdnsPublished service || service.Told == service.VisibleName) continue;
            bool any = false, all = true;
            foreach (MdnsClaim claim in ClaimsOf(service))
            {
                any = true;
                all &= claim.State == MdnsClaimState.Settled || (claim.State == MdnsClaimState.Announcing && claim.Step > 0);
            }

            if (!any || !all) continue;
            service.Told = service.VisibleName;
            service.Established(service.VisibleName);
        }
    }

    private void SayGoodbye(MdnsClaim claim, IMdnsOutput output)
    {
        _large.Begin(0, DnsMessage.ResponseFlags);
        foreach (MdnsRecord record in claim.Records)
        {
            bool isOurs = !record.IsShared || (record.Record.Data is DnsPointer pointer && pointer.Target == claim.Entry.Name);
            if (isOurs && record.Record.Type != DnsType.Nsec) _large.TryAdd(DnsSection.Answer, record.Record with { Ttl = 0 });
        }

        for (int i = 0; i < Farewells; i++) output.Send(claim.Channel.Link.Index, claim.Channel.Family, _large.Written); // one may be lost
    }
}
