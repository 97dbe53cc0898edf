namespace Raop.Discovery;

internal sealed partial class MdnsResponder
{
    private void HandleResponse(DnsMessage message, MdnsChannel channel, long now)
    {
        foreach (DnsRecord record in message.Answers) HandleRecord(record, channel, now);
        foreach (DnsRecord record in message.Additionals) HandleRecord(record, channel, now);
    }

    private void HandleRecord(DnsRecord said, MdnsChannel channel, long now)
    {
        foreach (MdnsClaim claim in channel.Claims)
        {
            if (claim.IsOurs) Compare(claim, said, now);
            if (said.Ttl == 0 || said.Class != DnsMessage.Internet || !Denies(claim, said)) continue;
            Conflict(claim, now);
            return; // the list of claims may be another now
        }
    }

    private bool Denies(MdnsClaim claim, DnsRecord said)
    {
        if (said.Name == claim.Entry.Name) return claim.Entry.IsDeniedBy(said, _links);
        return !claim.IsOurs && said.Data is DnsPointer pointer && claim.Entry is MdnsPublished service && service.Type == said.Name
            && service.LooksLike(pointer.Target);
    }

    /// <summary>Somebody says what we say: it need not be said twice, and if it is taken back, it stays true (RFC 6762 sections 7.4 and 6.6).</summary>
    private void Compare(MdnsClaim claim, DnsRecord said, long now)
    {
        foreach (MdnsRecord record in claim.Records)
        {
            if (!said.SaysSame(record.Record)) continue;
            if (said.Ttl >= record.Record.Ttl)
            {
                if (record.IsShared) record.Due = Timing.Pacer.Never;
            }
            else if (said.Ttl < record.Record.Ttl / 2)
            {
                record.Due = Math.Min(record.Due, Math.Max(now, record.Last + Milliseconds(1000)));
            }
        }
    }

    /// <summary>While it is being asked for, the name is lost; later it is asked for again, and lost only if the other stays with it.</summary>
    private void Conflict(MdnsClaim claim, long now)
    {
        MdnsEntry entry = claim.Entry;
        (long since, int count) = entry.Conflicts;
        bool many = count >= ManyConflicts; // then each try waits, until there is peace for a minute
        bool forget = count == 0 || now - since > Milliseconds(many ? 60_000 : 10_000);
        entry.Conflicts = forget ? (now, 1) : (many ? now : since, Math.Min(count, ManyConflicts) + 1);
        if (claim.IsOurs)
        {
            StartProbing(claim, now);
            return;
        }

        entry.TakeNextName();
        if (entry is MdnsPublished lost) AvoidOwn(lost);
        foreach (MdnsClaim other in ClaimsOf(entry))
        {
            other.Refresh();
            StartProbing(other, now);
        }

        if (entry is not MdnsHost host) return;
        foreach (MdnsClaim service in AllClaims().Where(other => other.Entry is MdnsPublished published && published.Host == host)) Reannounce(service, now);
    }

    /// <summary>Two ask for one name at once: whose records come later in order has it, the other waits and asks again (RFC 6762 section 8.2).</summary>
    private void BreakTies(DnsMessage message, MdnsChannel channel, long now)
    {
        if (message.Authorities.Count == 0) return;
        foreach (MdnsClaim claim in channel.Claims)
        {
            if (!claim.IsOurs && IsLost(claim, message.Authorities)) claim.Enter(MdnsClaimState.Probing, now + Milliseconds(1000));
        }
    }

    private bool IsLost(MdnsClaim claim, IReadOnlyList<DnsRecord> authorities)
    {
        DnsRecord[] theirs = [.. authorities.Where(record => record.Name == claim.Entry.Name)];
        if (theirs.Length > 0)
        {
            bool sameHost = claim.Entry is MdnsHost && !theirs.Any(record => claim.Entry.IsDeniedBy(record, _links));
            return !sameHost && Compare([.. Proposed(claim)], theirs) < 0;
        }

        // Another instance that shows the same name: no tie for others, but for us.
        return claim.Entry is MdnsPublished service && authorities.Any(record =>
            record.Data is DnsService && service.LooksLike(record.Name) && service.Name.Wire.SequenceCompareTo(record.Name.Wire) < 0);
    }

    private static int Compare(DnsRecord[] ours, DnsRecord[] theirs)
    {
        byte[][] own = Sorted(ours), other = Sorted(theirs);
        for (int i = 0; i < Math.Min(own.Length, other.Length); i++)
        {
            int order = own[i].AsSpan().SequenceCompareTo(other[i]);
            if (order != 0) return order;
        }

        return own.Length.CompareTo(other.Length);
    }

    /// <summary>Class, type and uncompressed data of each, in order.</summary>
    private static byte[][] Sorted(DnsRecord[] records)
    {
        byte[][] keys =
        [
            .. records.Select(record => (byte[])
                [(byte)(record.Class >> 8), (byte)record.Class, (byte)((int)record.Type >> 8), (byte)record.Type, .. record.Data.ToBytes()]),
        ];
        Array.Sort(keys, static (a, b) => a.AsSpan().SequenceCompareTo(b));
        return keys;
    }
}
