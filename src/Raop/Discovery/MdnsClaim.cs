using System.Net.Sockets;
using Raop.Network;
using Raop.Timing;

namespace Raop.Discovery;

/// <summary>How far a name has got on a link.</summary>
internal enum MdnsClaimState
{
    /// <summary>Others are asked whether they have it; nothing is answered yet.</summary>
    Probing,

    /// <summary>It is ours; everybody is told.</summary>
    Announcing,

    /// <summary>It is ours.</summary>
    Settled,
}

/// <summary>A name on one link over one family.</summary>
internal sealed class MdnsClaim(MdnsEntry entry, MdnsChannel channel)
{
    public MdnsEntry Entry => entry;

    public MdnsChannel Channel => channel;

    public MdnsClaimState State { get; private set; }

    /// <summary>Messages of this state that were sent.</summary>
    public int Step { get; set; }

    /// <summary>When the next is sent.</summary>
    public long Due { get; set; } = Pacer.Never;

    public IReadOnlyList<MdnsRecord> Records { get; private set; } = [];

    public bool IsOurs => State != MdnsClaimState.Probing;

    public void Enter(MdnsClaimState state, long due) => (State, Step, Due) = (state, 0, due);

    /// <summary>Asks the entry what it says; what is said already keeps its history.</summary>
    public void Refresh() => Records =
    [
        .. entry.RecordsOn(channel.Link).Select(one =>
            Records.FirstOrDefault(known => known.Record == one.Record) ?? new MdnsRecord(one.Record, one.IsShared)),
    ];
}

/// <summary>A record of ours on a link.</summary>
internal sealed class MdnsRecord(DnsRecord record, bool isShared)
{
    public const long LongAgo = long.MinValue / 4;

    public DnsRecord Record => record;

    public bool IsShared => isShared;

    /// <summary>When it was last multicast.</summary>
    public long Last { get; set; } = LongAgo;

    /// <summary>When it is to be multicast as an answer.</summary>
    public long Due { get; set; } = Pacer.Never;
}

/// <summary>One family on one link.</summary>
internal sealed class MdnsChannel(MulticastLink link, AddressFamily family)
{
    public MulticastLink Link { get; set; } = link;

    public AddressFamily Family => family;

    public List<MdnsClaim> Claims { get; } = [];

    /// <summary>Unicast answers in the second that began then.</summary>
    public (long Since, int Count) Unicasts { get; set; } = (MdnsRecord.LongAgo, 0);
}
