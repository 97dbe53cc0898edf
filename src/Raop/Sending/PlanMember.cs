using System.Net;
using System.Net.Sockets;
using Raop.Network;
using Raop.Rtp;
using Raop.Timing;

namespace Raop.Sending;

/// <summary>One receiver in a <see cref="UdpSendPlan"/>: what it gets, how far it is, what it asked for again. All under the plan's lock.</summary>
/// <param name="ring">Its packets.</param>
/// <param name="first">Number of its first packet, as RECORD says.</param>
internal sealed class PlanMember(EncodedRing ring, long first)
{
    public const int MostPending = 16; // requests

    private readonly Pending[] _pending = new Pending[MostPending]; // a ring
    private int _firstPending;

    private struct Pending
    {
        public ushort Next;
        public int Left;
        public SocketAddress? To;
    }

    public EncodedRing Ring { get; } = ring;

    /// <summary>Number of the first packet that it gets.</summary>
    public long First { get; set; } = first;

    /// <summary>Number of the next packet that it gets.</summary>
    public long Next { get; set; } = first;

    /// <summary>Whether it has answered RECORD: only then anything is sent.</summary>
    public bool IsActive { get; set; }

    /// <summary>Frames that it hears later than the line says; negative: earlier.</summary>
    public int Delay { get; set; }

    /// <summary>Where audio goes.</summary>
    public SocketAddress? AudioPort { get; set; }

    /// <summary>Where syncs go, or null: nowhere.</summary>
    public SocketAddress? ControlPort { get; set; }

    /// <summary>By what it is reached; the plan does not look.</summary>
    public UdpSockets? Sockets { get; set; }

    /// <summary>What sends its audio: members with the same one may get a packet together.</summary>
    public IDatagramSocket? Audio { get; set; }

    /// <summary>Its first packet bears the marker, whatever the others'.</summary>
    public bool NeedsMarker { get; set; }

    public bool NeedsFirstSync { get; set; }

    public long NextSync { get; set; }

    /// <summary>Syncs since the start.</summary>
    public int Syncs { get; set; }

    /// <summary>Times that the packet sent last has been sent again by itself.</summary>
    public int Repeats { get; set; }

    /// <summary>Ticks of sending that it may still cost, and since when.</summary>
    public long Credit { get; set; }

    public long CreditAt { get; set; }

    public int Pendings { get; private set; }

    public long Packets { get; set; }

    public long Bytes { get; set; }

    public long Resent { get; set; }

    public long Requests { get; set; }

    public bool Note(in ResendRequest request, int count, SocketAddress from)
    {
        if (Pendings == MostPending) return false;
        ref Pending pending = ref _pending[(_firstPending + Pendings++) % MostPending];
        (pending.Next, pending.Left) = (request.First, count);
        if (pending.To is null || pending.To.Buffer.Length < from.Size || pending.To.Family != from.Family)
            pending.To = new SocketAddress(from.Family, Math.Max(from.Size, from.Family == AddressFamily.InterNetworkV6 ? 28 : 16));
        from.Buffer.Span[..from.Size].CopyTo(pending.To.Buffer.Span);
        pending.To.Size = from.Size;
        return true;
    }

    /// <summary>The next sequence number that was asked for. Call only while there are <see cref="Pendings"/>.</summary>
    public ushort TakePending(out SocketAddress to)
    {
        ref Pending pending = ref _pending[_firstPending];
        to = pending.To!;
        ushort sequence = pending.Next++;
        if (--pending.Left > 0) return sequence;
        _firstPending = (_firstPending + 1) % MostPending;
        Pendings--;
        return sequence;
    }
}
