using System.Net;
using Alac;
using Raop.Rtp;
using Raop.Rtsp;
using Raop.Timing;

namespace Raop.Sending;

/// <summary>Who gets the packets, and each one's syncs.</summary>
internal sealed partial class UdpSendPlan
{
    /// <summary>Frames of every packet but the last of a source.</summary>
    public const int PacketFrames = 352;

    /// <summary>Most packets that a member gets at once because its answer to RECORD took long; from then on it begins with the next one.</summary>
    private const int MostCatchUp = 64;

    /// <summary>Most members that get a packet together.</summary>
    public const int MostTogether = 64;

    private readonly List<PlanMember> _members = [];
    private readonly List<EncodedRing> _rings = [];
    private readonly PlanMember[] _together = new PlanMember[MostTogether];
    private readonly AlacConfig _config = new() { FrameLength = PacketFrames };
    private int _turn; // whose turn it is
    private long _quietAt = long.MinValue; // nothing is due at this instant, nor was
    private (EncodedRing Ring, int Slot)? _marked; // bears a marker for one member alone

    /// <summary>Takes a member, which gets nothing yet.</summary>
    /// <param name="key">What packets it takes.</param>
    /// <param name="secrets">The line's AES key and IV.</param>
    /// <param name="now">The time.</param>
    /// <param name="first">Sequence number and RTP time of its first packet, for RECORD.</param>
    /// <remarks>One whose kind of packets nobody took before begins with the next that is queued: up to a second later.</remarks>
    public PlanMember Add(EncodingKey key, ReadOnlySpan<byte> secrets, long now, out RtpInfoHeader first)
    {
        EncodedRing? ring = _rings.Find(ring => ring.Key == key);
        if (ring is null) _rings.Add(ring = new EncodedRing(new PacketEncoding(key, _config, secrets), Slots, _queued));
        ring.Members++;
        long number = Math.Max(_sent, ring.From);
        long line = number < _queued ? _slots[number % Slots].Line : _isPlaying ? _nextLine : Math.Max(_nextLine, LineAt(now));
        first = new RtpInfoHeader(SequenceOf(number), RtpTimeOf(line));
        var member = new PlanMember(ring, number) { Credit = MostCredit };
        _members.Add(member);
        return member;
    }

    /// <summary>A member has answered RECORD: it gets syncs and packets from now on.</summary>
    public void Activate(PlanMember member)
    {
        if (_sent - member.First > MostCatchUp || member.First < Math.Max(_usefulFrom, _kept)) member.First = Math.Max(_sent, member.Ring.From);
        member.Next = member.First;
        member.IsActive = member.NeedsMarker = member.NeedsFirstSync = true;
        _quietAt = long.MinValue;
        if (!_members.Remove(member)) return;
        int like = _members.FindLastIndex(other => other.Ring == member.Ring && other.Audio == member.Audio); // they get packets together
        _members.Insert(like < 0 ? _members.Count : like + 1, member);
    }

    public void Remove(PlanMember member)
    {
        if (!_members.Remove(member)) return;
        TakeMarkerBack();
        member.IsActive = false;
        if (--member.Ring.Members > 0) return;
        _rings.Remove(member.Ring);
        member.Ring.Dispose();
    }

    /// <summary>Syncs and packets, one to each member in turn.</summary>
    private bool TakeDue(long now, out UdpSend send)
    {
        send = default;
        if (!_isPlaying || _quietAt == now) return false;
        for (int i = 0; i < _members.Count; i++)
        {
            _turn = _turn + 1 >= _members.Count ? 0 : _turn + 1;
            if (TakeDue(_members[_turn], now, out send)) return true;
        }

        _quietAt = now;
        return false;
    }

    private bool TakeDue(PlanMember member, long now, out UdpSend send)
    {
        send = default;
        if (!member.IsActive) return false;
        bool isDue = member.Next < _sent;
        if (member.NeedsFirstSync ? isDue : now >= member.NextSync)
        {
            send = Sync(member, now);
            return true;
        }

        if (!isDue) return false;
        send = Audio(member);
        return true;
    }

    /// <summary>
    /// Those after its member, in turn, that are due the packet which <see cref="Poll"/> gave just now and are sent it by the same socket. It counts as sent to them,
    /// as if each had been polled for.
    /// </summary>
    /// <param name="send">What Poll gave.</param>
    /// <param name="now">As Poll got it.</param>
    /// <returns>Its own member first; valid until the next call.</returns>
    public ReadOnlySpan<PlanMember> TakeTogether(in UdpSend send, long now)
    {
        int count = 1;
        _together[0] = send.Member;
        if (send.Kind != UdpSendKind.Audio || _marked is not null || send.To is null) return _together.AsSpan(0, 1);
        for (int most = Math.Min(MostTogether, _members.Count); count < most; count++)
        {
            int turn = _turn + 1 >= _members.Count ? 0 : _turn + 1;
            PlanMember member = _members[turn];
            if (!member.IsActive || member.Next != send.Member.Next - 1 || member.Ring != send.Member.Ring || member.Audio != send.Member.Audio
                || member.NeedsMarker || member.NeedsFirstSync || now >= member.NextSync || member.AudioPort is null) break;
            Count(member, send.Bytes.Length);
            _together[count] = member;
            _turn = turn;
        }

        return _together.AsSpan(0, count);
    }

    private UdpSend Audio(PlanMember member)
    {
        int index = (int)(member.Next % Slots);
        Span<byte> packet = member.Ring.Packet(index);
        Count(member, packet.Length);
        if (member.NeedsMarker && (packet[1] & RtpHeader.MarkerBit) == 0)
        {
            packet[1] |= RtpHeader.MarkerBit;
            _marked = (member.Ring, index);
        }

        member.NeedsMarker = false;
        return new UdpSend(UdpSendKind.Audio, member, packet, member.AudioPort);
    }

    private void Count(PlanMember member, int bytes)
    {
        member.Next++;
        member.Bytes += bytes;
        member.Packets++;
        member.Repeats = 0;
        Bytes += bytes;
    }

    private void TakeMarkerBack()
    {
        if (_marked is not { } marked) return;
        marked.Ring.Packet(marked.Slot)[1] &= unchecked((byte)~RtpHeader.MarkerBit);
        _marked = null;
    }

    /// <summary>A point of the line: that of now or, in the first sync, of the packet that follows it at once.</summary>
    private UdpSend Sync(PlanMember member, long now)
    {
        long line = LineAt(now);
        bool first = member.NeedsFirstSync;
        if (first)
        {
            long head = _slots[member.Next % Slots].Line;
            if ((ulong)(line - head) < PacketFrames) line = head; // one receiver (Eufy Genie) compares it with RECORD's
            (member.NextSync, member.Syncs) = (now, 0);
        }

        member.NeedsFirstSync = false;
        long step = member.Syncs < FirstSyncs.Length ? _ticksPerSecond * FirstSyncs[member.Syncs++] / 1000 : _ticksPerSecond;
        member.NextSync += step * (1 + ((now - member.NextSync) / step)); // what a stall left out stays left out
        uint next = RtpTimeOf(line);
        ulong time = NtpTime.FromTimestamp(DueOf(line), _ticksPerSecond);
        new SyncPacket(first, SyncPacket.UsualFlags, next - (uint)(Latency + member.Delay - FixedLatency), time, next).WriteTo(_sync);
        return new UdpSend(UdpSendKind.Sync, member, _sync, member.ControlPort);
    }
}
