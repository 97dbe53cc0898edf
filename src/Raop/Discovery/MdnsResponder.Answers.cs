using System.Net;
using System.Net.Sockets;
using Raop.Network;
using Raop.Timing;

namespace Raop.Discovery;

internal sealed partial class MdnsResponder
{
    private const int MaxHeld = 16, MaxUnicasts = 64, UnicastsPerSecond = 100;
    private const uint LegacyTtl = 10;

    private readonly List<Held> _held = [];
    private readonly List<Unicast> _unicasts = [];

    public void Handle(DnsMessage message, in MulticastArrival arrival)
    {
        (int link, AddressFamily family) = (arrival.Link, arrival.Family);
        if (_channels.Find(channel => channel.Link.Index == link && channel.Family == family) is not { } channel) return;
        if (message.IsResponse)
        {
            if (arrival.From.Port == Port && !arrival.IsOwn) HandleResponse(message, channel, arrival.Timestamp);
            return;
        }

        if (!arrival.IsOwn) BreakTies(message, channel, arrival.Timestamp);
        HandleQuery(message, channel, arrival);
    }

    private void HandleQuery(DnsMessage message, MdnsChannel channel, in MulticastArrival arrival)
    {
        IPEndPoint from = arrival.From;
        long now = arrival.Timestamp;
        if (from.Port != Port)
        {
            AnswerLegacy(message, channel, from);
            return;
        }

        // More of what an earlier, truncated question knows.
        foreach (Held held in _held)
        {
            if (held.Channel == channel && held.From.Equals(from)) held.Wanted.RemoveAll(want => IsKnown(want.Record, message.Answers));
        }

        List<Want> wanted = [];
        foreach (DnsQuestion question in message.Questions) Collect(channel, question, wanted);
        wanted.RemoveAll(want => IsKnown(want.Record, message.Answers));
        if (wanted.Count == 0) return;
        bool isProbe = message.Authorities.Count > 0;
        if (message.IsTruncated && _held.Count < MaxHeld) _held.Add(new Held(channel, from, now + Between(400, 500), wanted));
        else Schedule(channel, from, wanted, isProbe, now);
    }

    /// <summary>A record that the asker has with at least half of its lifetime left is not sent (RFC 6762 section 7.1).</summary>
    private static bool IsKnown(MdnsRecord record, IReadOnlyList<DnsRecord> known)
    {
        foreach (DnsRecord one in known)
        {
            if (one.Ttl >= record.Record.Ttl / 2 && one.SaysSame(record.Record)) return true;
        }

        return false;
    }

    private static void Collect(MdnsChannel channel, DnsQuestion question, List<Want> wanted)
    {
        foreach (MdnsClaim claim in channel.Claims)
        {
            if (!claim.IsOurs) continue;
            bool found = false;
            MdnsRecord? none = null;
            foreach (MdnsRecord record in claim.Records)
            {
                if (record.Record.Type == DnsType.Nsec) none = record;
                if (!question.Asks(record.Record) || (record.Record.Type == DnsType.Nsec && question.Type == DnsType.Any)) continue;
                found = true;
                Want(record, question.WantsUnicast);
            }

            if (!found && none is not null && question.Name == claim.Entry.Name && question.Class is DnsMessage.Internet or DnsMessage.AnyClass)
                Want(none, question.WantsUnicast); // there is no such record
        }

        void Want(MdnsRecord record, bool byUnicast)
        {
            if (!wanted.Exists(want => want.Record == record)) wanted.Add(new Want(record, byUnicast));
        }
    }

    /// <summary>Shared records wait a little, so that hosts do not all answer at once; unique ones and those of a probe do not.</summary>
    private void Schedule(MdnsChannel channel, IPEndPoint from, List<Want> wanted, bool isProbe, long now)
    {
        List<MdnsRecord>? unicast = null;
        long jitter = Between(20, 120);
        foreach ((MdnsRecord record, bool byUnicast) in wanted)
        {
            if (byUnicast && now - record.Last < Milliseconds(1000) * (record.Record.Ttl / 4)) // else all the others' caches gain as well
            {
                (unicast ??= []).Add(record);
                continue;
            }

            long due = Math.Max(record.IsShared && !isProbe ? now + jitter : now, record.Last + Milliseconds(isProbe ? ProbePause : 1000));
            record.Due = Math.Min(record.Due, due);
        }

        if (unicast is not null && _unicasts.Count < MaxUnicasts) _unicasts.Add(new Unicast(channel, from, 0, [], unicast));
    }

    /// <summary>A resolver that knows nothing of multicast: as a DNS server would answer it (RFC 6762 section 6.7).</summary>
    private void AnswerLegacy(DnsMessage message, MdnsChannel channel, IPEndPoint from)
    {
        List<Want> wanted = [];
        foreach (DnsQuestion question in message.Questions) Collect(channel, question, wanted);
        if (wanted.Count == 0 || _unicasts.Count >= MaxUnicasts) return;
        _unicasts.Add(new Unicast(channel, from, message.Id, message.Questions, [.. wanted.Select(want => want.Record)]));
    }

    private void ReleaseHeld(long now)
    {
        for (int i = _held.Count - 1; i >= 0; i--)
        {
            Held held = _held[i];
            if (held.Due > now) continue;
            _held.RemoveAt(i);
            if (_channels.Contains(held.Channel)) Schedule(held.Channel, held.From, held.Wanted, isProbe: false, now);
        }
    }

    private long NextHeld()
    {
        long next = Pacer.Never;
        foreach (Held held in _held) next = Math.Min(next, held.Due);
        return next;
    }

    private void SendUnicasts(long now, IMdnsOutput output)
    {
        foreach (Unicast unicast in _unicasts)
        {
            (long since, int count) = unicast.Channel.Unicasts;
            if (now - since >= Milliseconds(1000)) (since, count) = (now, 0);
            unicast.Channel.Unicasts = (since, count + 1);
            if (count < UnicastsPerSecond) Send(unicast, output);
        }

        _unicasts.Clear();
    }

    /// <summary>In as many messages as it takes; but one is all that a resolver of old reads.</summary>
    private void Send(Unicast unicast, IMdnsOutput output)
    {
        bool legacy = unicast.To.Port != Port;
        List<MdnsRecord> records = unicast.Records;
        for (int sent = 0; sent < records.Count;)
        {
            DnsWriter writer = legacy ? new DnsWriter(DnsMessage.UsualSize, compresses: false) : _usual;
            int first = sent;
            Begin(writer);
            while (sent < records.Count && writer.TryAdd(DnsSection.Answer, Shown(records[sent].Record))) sent++;
            if (legacy && sent < records.Count)
            {
                writer.MarkTruncated();
                sent = records.Count;
            }
            else if (sent == first)
            {
                Begin(writer = _large);
                writer.TryAdd(DnsSection.Answer, records[sent++].Record);
            }

            foreach (MdnsRecord record in Companions(unicast.Channel, records[first..sent])) writer.TryAdd(DnsSection.Additional, Shown(record.Record));
            output.Send(unicast.Channel.Link.Index, unicast.Channel.Family, writer.Written, unicast.To);
        }

        void Begin(DnsWriter writer)
        {
            writer.Begin(unicast.Id, DnsMessage.ResponseFlags);
            foreach (DnsQuestion question in unicast.Questions) writer.TryAdd(question with { WantsUnicast = false });
        }

        DnsRecord Shown(DnsRecord record) => legacy ? record with { Ttl = Math.Min(record.Ttl, LegacyTtl), IsUnique = false } : record;
    }

    private void SendAnswers(MdnsChannel channel, long now, IMdnsOutput output)
    {
        List<MdnsRecord>? due = null;
        foreach (MdnsClaim claim in channel.Claims)
        {
            foreach (MdnsRecord record in claim.Records)
            {
                if (record.Due > now) continue;
                record.Due = Pacer.Never;
                if (claim.IsOurs) (due ??= []).Add(record);
            }
        }

        if (due is not null) Multicast(channel, due, now, output);
    }

    /// <summary>Sends records, and beside them what the asker will ask for next, in as many messages as it takes.</summary>
    private void Multicast(MdnsChannel channel, List<MdnsRecord> records, long now, IMdnsOutput output)
    {
        for (int sent = 0; sent < records.Count;)
        {
            DnsWriter writer = _usual;
            writer.Begin(0, DnsMessage.ResponseFlags);
            int first = sent;
            while (sent < records.Count && TryAdd(records[sent])) sent++;
            if (sent == first)
            {
                writer = _large;
                writer.Begin(0, DnsMessage.ResponseFlags);
                TryAdd(records[sent++]);
            }

            foreach (MdnsRecord companion in Companions(channel, records[first..sent]))
            {
                if (records.Contains(companion) || now - companion.Last < Milliseconds(1000) || !writer.TryAdd(DnsSection.Additional, companion.Record)) continue;
                (companion.Last, companion.Due) = (now, Pacer.Never);
            }

            if (!writer.IsEmpty) output.Send(channel.Link.Index, channel.Family, writer.Written);

            bool TryAdd(MdnsRecord record)
            {
                if (!writer.TryAdd(DnsSection.Answer, record.Record)) return false;
                (record.Last, record.Due) = (now, Pacer.Never);
                return true;
            }
        }
    }

    /// <summary>To a pointer its instance's SRV and TXT, to SRV the host's addresses, to one address the others (RFC 6763 section 12).</summary>
    private static List<MdnsRecord> Companions(MdnsChannel channel, List<MdnsRecord> records)
    {
        List<MdnsRecord> companions = [];
        for (int i = 0; i < records.Count + companions.Count; i++)
        {
            DnsRecord record = (i < records.Count ? records[i] : companions[i - records.Count]).Record;
            DnsName? next = record.Data switch
            {
                DnsPointer pointer => pointer.Target,
                DnsService service => service.Target,
                DnsAddress => record.Name,
                _ => null,
            };
            if (next is null) continue;
            foreach (MdnsClaim claim in channel.Claims)
            {
                if (!claim.IsOurs || claim.Entry.Name != next) continue;
                companions.AddRange(claim.Records.Where(one => !one.IsShared && !records.Contains(one) && !companions.Contains(one)));
            }
        }

        return companions;
    }

    private readonly record struct Want(MdnsRecord Record, bool ByUnicast);

    /// <summary>A truncated question, until what its asker knows has come.</summary>
    private sealed record Held(MdnsChannel Channel, IPEndPoint From, long Due, List<Want> Wanted);

    private sealed record Unicast(MdnsChannel Channel, IPEndPoint To, ushort Id, IReadOnlyList<DnsQuestion> Questions, List<MdnsRecord> Records);
}
