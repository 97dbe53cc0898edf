using System.Net;
using Raop.Rtp;
using Raop.Timing;

namespace Raop.Sending;

/// <summary>What is sent again: only what is still of use, and never faster than a limit.</summary>
internal sealed partial class UdpSendPlan
{
    /// <summary>Most packets answered to one request.</summary>
    public const int MostPerRequest = 128;

    private const int FirstRepeat = 50, RepeatEach = 100; // ms

    private const int MostPending = 16; // requests
    private const int BurstPackets = 256, PacketFrames = 352, TimesStreamRate = 4;

    private readonly Pending[] _pending = new Pending[MostPending]; // a ring
    private int _firstPending, _pendings;
    private long _credit, _creditAt; // ticks; a packet costs its length at four times the stream's rate

    private int _repeats; // of the packet sent last

    private struct Pending
    {
        public ushort Next;
        public int Left;
        public SocketAddress To;
    }

    /// <summary>Requests that came.</summary>
    public long ResendRequests { get; private set; }

    /// <summary>Packets sent again.</summary>
    public long Resent { get; private set; }

    /// <summary>Packets asked for that are not kept any more, too late to be heard, void, or were never sent.</summary>
    public long Unanswerable { get; private set; }

    private long MostCredit => Cost(BurstPackets * PacketFrames);

    /// <summary>Notes a request, to be answered by the next polls.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="from">Who asks; copied.</param>
    /// <returns>Whether to poll at once.</returns>
    public bool Handle(in ResendRequest request, SocketAddress from)
    {
        ResendRequests++;
        int count = Math.Min((int)request.Count, MostPerRequest);
        if (count == 0) return false;
        if (_pendings == MostPending)
        {
            Unanswerable += count;
            return false;
        }

        ref Pending pending = ref _pending[(_firstPending + _pendings++) % MostPending];
        (pending.Next, pending.Left) = (request.First, count);
        if (pending.To.Size < from.Size || pending.To.Family != from.Family) pending.To = new SocketAddress(from.Family, from.Size);
        from.Buffer.Span[..from.Size].CopyTo(pending.To.Buffer.Span);
        pending.To.Size = from.Size;
        return _pendings == 1;
    }

    /// <summary>
    /// When the packet sent last is sent again without being asked for. Nothing follows it, so neither its loss nor that of those before it would
    /// be noticed: the end of the music would be missing. There is an end to it while a packet that was asked for still comes in time.
    /// </summary>
    private long NextRepeat
    {
        get
        {
            if (!_isPlaying || !IsIdle || _sent <= Math.Max(_usefulFrom, _kept)) return Pacer.Never;
            ref Slot last = ref _slots[(_sent - 1) % Slots];
            long at = DueOf(last.Line + last.Frames) + (_ticksPerSecond * (FirstRepeat + ((long)_repeats * RepeatEach)) / 1000);
            return at < DueOf(last.Line + (_latency * 3 / 4)) ? at : Pacer.Never;
        }
    }

    private bool TakeRepeat(long now, out UdpSend send)
    {
        send = default;
        if (NextRepeat > now) return false;
        int index = (int)((_sent - 1) % Slots);
        while (NextRepeat <= now) _repeats++; // what a stall left out stays left out
        send = new UdpSend(UdpSendKind.Resent, SlotAt(index)[..(ResentPacket.PrefixSize + _slots[index].Length)]);
        return true;
    }

    private bool TakeResend(long now, out UdpSend send)
    {
        send = default;
        if (_pendings == 0) return false;
        _credit = Math.Min(MostCredit, _credit + Math.Max(0, now - _creditAt));
        _creditAt = now;
        while (_pendings > 0 && _credit > 0)
        {
            ref Pending pending = ref _pending[_firstPending];
            ushort sequence = pending.Next++;
            if (--pending.Left == 0)
            {
                _firstPending = (_firstPending + 1) % MostPending;
                _pendings--;
            }

            if (!TryFind(sequence, now, out int index))
            {
                Unanswerable++;
                continue;
            }

            _credit -= Cost(Math.Max(_slots[index].Frames, PacketFrames));
            Resent++;
            send = new UdpSend(UdpSendKind.Resent, SlotAt(index)[..(ResentPacket.PrefixSize + _slots[index].Length)], pending.To);
            return true;
        }

        return false;
    }

    private long NextResend(long now) => _pendings == 0 ? Pacer.Never : now + Math.Max(0, Cost(PacketFrames * 8) - _credit); // some at a time

    /// <summary>The slot of a packet that was sent, is kept, was not voided, and will be heard.</summary>
    private bool TryFind(ushort sequence, long now, out int index)
    {
        long packet = _sent - 1 - (ushort)(SequenceOf(_sent - 1) - sequence);
        index = (int)(Math.Max(packet, 0) % Slots);
        return packet >= Math.Max(_kept, _usefulFrom) && _slots[index].Line + _slots[index].Frames + _latency > LineAt(now);
    }

    private long Cost(int frames) => Ticks(frames) / TimesStreamRate;
}
