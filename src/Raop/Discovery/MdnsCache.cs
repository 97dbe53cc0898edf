using System.Diagnostics.CodeAnalysis;

namespace Raop.Discovery;

/// <summary>What was heard on one link. It keeps only what somebody browses for, so that nobody can fill it with anything else.</summary>
/// <param name="second">Ticks of a second.</param>
/// <param name="random">For jitter.</param>
internal sealed class MdnsCache(long second, Random random)
{
    /// <summary>Records of a link. Far above the largest network that multicast DNS is good for.</summary>
    public const int MostRecords = 4096;

    /// <summary>Instances of a service.</summary>
    public const int MostInstances = 512;

    /// <summary>Records of a name and a type other than PTR.</summary>
    private const int MostAlike = 16;

    /// <summary>Nothing is believed longer (RFC 6762 section 10), whatever it says.</summary>
    private const uint LongestTtl = 4500;

    /// <summary>Who says a shorter time makes everybody ask all the time.</summary>
    private const uint ShortestTtl = 2;

    /// <summary>How long questions of others may go unanswered, two at least, before what should have answered is gone (RFC 6762 section 10.5).</summary>
    public const int PatienceSeconds = 10;

    private const int Suspicious = 2;

    private readonly Dictionary<(DnsName Name, DnsType Type), List<CachedRecord>> _records = [];
    private bool _mayHaveOrphans;

    public int Count { get; private set; }

    /// <summary>What is known of a name, in the order in which it was first heard.</summary>
    public IReadOnlyList<CachedRecord> Find(DnsName name, DnsType type) => _records.TryGetValue((name, type), out List<CachedRecord>? found) ? found : [];

    /// <summary>The one heard last.</summary>
    public bool TryFindLatest<T>(DnsName name, DnsType type, [NotNullWhen(true)] out T? data)
        where T : DnsData
    {
        CachedRecord? latest = null;
        foreach (CachedRecord record in Find(name, type))
        {
            if (latest is null || record.Heard > latest.Heard) latest = record;
        }

        data = latest?.Record.Data as T;
        return data is not null;
    }

    /// <summary>Takes a record of a response.</summary>
    /// <returns>Whether something new is known now, or soon will not be.</returns>
    public bool Add(DnsRecord record, long now)
    {
        (DnsName, DnsType) key = (record.Name, record.Type);
        CachedRecord? same = null;
        if (_records.TryGetValue(key, out List<CachedRecord>? alike))
        {
            foreach (CachedRecord known in alike)
            {
                if (known.Record.Data.Equals(record.Data)) same = known;
                else if (record.IsUnique && record.Ttl > 0 && now - known.Heard > second) known.ExpireAt(now + second); // RFC 6762 section 10.2
            }
        }

        if (record.Ttl == 0)
        {
            same?.ExpireAt(now + second); // RFC 6762 section 10.1: another may still have it
            return same is not null;
        }

        bool isNew = same is null;
        if (same is null)
        {
            if (Count >= MostRecords || alike?.Count >= (record.Type == DnsType.Ptr ? MostInstances : MostAlike)) return false;
            if (alike is null) _records.Add(key, alike = []);
            alike.Add(same = new CachedRecord(record));
            Count++;
        }

        same.Hear(now, Math.Clamp(record.Ttl, ShortestTtl, LongestTtl) * second, random.NextDouble());
        return isNew;
    }

    /// <summary>Somebody else asked, and named what is known already: silence means that what should answer is gone (RFC 6762 section 10.5).</summary>
    public void CountQuestion(DnsQuestion question, HashSet<(DnsName Name, DnsType Type, DnsData Data)> known, long now)
    {
        foreach (CachedRecord record in Find(question.Name, question.Type))
        {
            if (!known.Contains((record.Record.Name, record.Record.Type, record.Record.Data))) record.CountQuestion(now);
        }
    }

    /// <summary>Removes what is believed no more, and what leads nowhere without it.</summary>
    /// <returns>Whether anything went.</returns>
    public bool Expire(long now)
    {
        int before = Count;
        foreach (((DnsName, DnsType Type) key, List<CachedRecord> alike) in _records)
        {
            int gone = alike.RemoveAll(record => IsOver(record, now));
            Count -= gone;
            _mayHaveOrphans |= gone > 0 && key.Type is DnsType.Ptr or DnsType.Srv;
            if (alike.Count == 0) _records.Remove(key);
        }

        if (_mayHaveOrphans) RemoveOrphans();
        return Count != before;
    }

    /// <summary>Forgets a service that nobody browses for.</summary>
    public void Forget(DnsName type)
    {
        if (!_records.Remove((type, DnsType.Ptr), out List<CachedRecord>? gone)) return;
        Count -= gone.Count;
        RemoveOrphans();
    }

    /// <summary>Nobody says where an instance is.</summary>
    public void Disbelieve(DnsName instance, long now)
    {
        foreach (CachedRecord pointer in Find(instance.Parent, DnsType.Ptr))
        {
            if (pointer.Record.Data is DnsPointer { Target: var target } && target == instance) pointer.ExpireAt(now);
        }
    }

    /// <summary>Questions for what expires soon.</summary>
    /// <param name="now">The time.</param>
    /// <param name="most">Of them; the others stay due.</param>
    /// <param name="questions">Gets them.</param>
    /// <returns>Whether there are any.</returns>
    public bool Refresh(long now, int most, ICollection<(DnsName Name, DnsType Type)> questions)
    {
        int added = 0;
        foreach (((DnsName, DnsType) key, List<CachedRecord> alike) in _records)
        {
            if (added == most) break;
            bool asks = false;
            foreach (CachedRecord record in alike)
            {
                while (record.NextRefresh <= now)
                {
                    record.CountRefresh();
                    asks = true;
                }
            }

            if (!asks) continue;
            questions.Add(key);
            added++;
        }

        return added > 0;
    }

    /// <summary>All of it may be out of date: what is not confirmed in this time goes.</summary>
    public void Doubt(long now, long patience)
    {
        foreach (List<CachedRecord> alike in _records.Values) alike.ForEach(record => record.Doubt(now, patience));
    }

    /// <summary>When something is to be removed, or asked for.</summary>
    /// <param name="refreshes">Nothing is asked for before.</param>
    public long NextDue(long refreshes)
    {
        long due = long.MaxValue;
        foreach (List<CachedRecord> alike in _records.Values)
        {
            foreach (CachedRecord record in alike)
            {
                due = Math.Min(due, Math.Min(record.Expiry, Math.Max(record.NextRefresh, refreshes)));
                if (record.Unanswered >= Suspicious) due = Math.Min(due, record.UnansweredSince + (PatienceSeconds * second));
            }
        }

        return due;
    }

    private bool IsOver(CachedRecord record, long now) =>
        record.Expiry <= now || (record.Unanswered >= Suspicious && now - record.UnansweredSince >= PatienceSeconds * second);

    /// <summary>Without PTR nobody asks for the instance, without SRV nobody for the host.</summary>
    private void RemoveOrphans()
    {
        _mayHaveOrphans = false;
        HashSet<DnsName> instances = Targets(DnsType.Ptr);
        Remove(key => key.Type is DnsType.Srv or DnsType.Txt && !instances.Contains(key.Name));
        HashSet<DnsName> hosts = Targets(DnsType.Srv);
        Remove(key => key.Type is DnsType.A or DnsType.Aaaa && !hosts.Contains(key.Name));
    }

    private HashSet<DnsName> Targets(DnsType type)
    {
        var names = new HashSet<DnsName>();
        foreach (((DnsName, DnsType Type) key, List<CachedRecord> alike) in _records)
        {
            if (key.Type != type) continue;
            foreach (CachedRecord record in alike)
            {
                if (record.Record.Data is DnsPointer { Target: var instance }) names.Add(instance);
                if (record.Record.Data is DnsService { Target: var host }) names.Add(host);
            }
        }

        return names;
    }

    private void Remove(Predicate<(DnsName Name, DnsType Type)> match)
    {
        foreach (((DnsName, DnsType) key, List<CachedRecord> alike) in _records)
        {
            if (!match(key)) continue;
            Count -= alike.Count;
            _records.Remove(key); // which does not disturb the enumeration
        }
    }
}
