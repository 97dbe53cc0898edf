using System.Net;
using Raop.Rtp;
using Raop.Timing;

namespace Raop.Sending;

/// <summary>What is sent again: only what is still of use, and never faster than a limit of each member's.</summary>
internal sealed partial class UdpSendPlan
{
    /// <summary>Most packets answered to one request.</summary>
    public const int MostPerRequest = 128;

    private const int FirstRepeat = 50, RepeatEach = 100; // ms
    private const int BurstPackets = 256, TimesStreamRate = 4;

    private int _againTurn; // whose turn it is

    /// <summary>Requests that came.</summary>
    public long ResendRequests { get; private set; }

    /// <summary>Packets sent again.</summary>
    public long Resent { get; private set; }

    /// <summary>Packets asked for that are not kept any more, too late to be heard, void, or were never sent.</summary>
    public long Unanswerable { get; private set; }

    private long MostCredit => Cost(BurstPackets * PacketFrames);

    /// <summary>Notes a request, to be answered by the next polls.</summary>
    /// <param name="member">Whose it is.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="from">Who asks; copied.</param>
    /// <returns>Whether to poll at once.</returns>
    public bool Handle(PlanMember member, in ResendRequest request, SocketAddress from)
    {
        ResendRequests++;
        member.Requests++;
        int count = Math.Min((int)request.Count, MostPerRequest);
        if (count == 0 || !member.IsActive) return false;
        if (member.Note(request, count, from)) return member.Pendings == 1;
        Unanswerable += count;
        return false;
    }

    private bool TakeAgain(long now, out UdpSend send)
    {
        for (int i = 0; i < _members.Count; i++)
        {
            _againTurn = _againTurn + 1 >= _members.Count ? 0 : _againTurn + 1;
            PlanMember member = _members[_againTurn];
            if (member.IsActive && (TakeRepeat(member, now, out send) || TakeResend(member, now, out send))) return true;
        }

        send = default;
        return false;
    }

    /// <summary>
    /// When the packet sent last is sent again without being asked for. Nothing follows it, so neither its loss nor that of those before it would
    /// be noticed: the end of the music would be missing. There is an end to it while a packet that was asked for still comes in time.
    /// </summary>
    private long NextRepeat(PlanMember member)
    {
        if (!_isPlaying || !IsIdle || member.Next != _sent || member.Next <= member.First || _sent <= Math.Max(_usefulFrom, _kept)) return Pacer.Never;
        ref Slot last = ref _slots[(_sent - 1) % Slots];
        long at = DueOf(last.Line + last.Frames) + (_ticksPerSecond * (FirstRepeat + ((long)member.Repeats * RepeatEach)) / 1000);
        return at < DueOf(last.Line + ((Latency + member.Delay) * 3 / 4)) ? at : Pacer.Never;
    }

    private bool TakeRepeat(PlanMember member, long now, out UdpSend send)
    {
        send = default;
        if (NextRepeat(member) > now) return false;
        while (NextRepeat(member) <= now) member.Repeats++; // what a stall left out stays left out
        send = new UdpSend(UdpSendKind.Resent, member, member.Ring.Resent((int)((_sent - 1) % Slots)), member.ControlPort);
        return true;
    }

    private bool TakeResend(PlanMember member, long now, out UdpSend send)
    {
        send = default;
        if (member.Pendings == 0) return false;
        member.Credit = Math.Min(MostCredit, member.Credit + Math.Max(0, now - member.CreditAt));
        member.CreditAt = now;
        while (member.Pendings > 0 && member.Credit > 0)
        {
            ushort sequence = member.TakePending(out SocketAddress to);
            if (!TryFind(member, sequence, now, out int index))
            {
                Unanswerable++;
                continue;
            }

            member.Credit -= Cost(Math.Max(_slots[index].Frames, PacketFrames));
            member.Resent++;
            Resent++;
            send = new UdpSend(UdpSendKind.Resent, member, member.Ring.Resent(index), to);
            return true;
        }

        return false;
    }

    private long NextResend(PlanMember member, long now) =>
        member.Pendings == 0 ? Pacer.Never : now + Math.Max(0, Cost(PacketFrames * 8) - member.Credit); // some at a time

    /// <summary>The slot of a packet that the member was sent, that is kept, was not voided, and will be heard.</summary>
    private bool TryFind(PlanMember member, ushort sequence, long now, out int index)
    {
        long last = member.Next - 1, packet = last - (ushort)(SequenceOf(last) - sequence);
        index = (int)(Math.Max(packet, 0) % Slots);
        return packet >= Math.Max(member.First, Math.Max(_kept, _usefulFrom))
            && _slots[index].Line + _slots[index].Frames + Latency + member.Delay > LineAt(now);
    }

    private long Cost(int frames) => Ticks(frames) / TimesStreamRate;
}
