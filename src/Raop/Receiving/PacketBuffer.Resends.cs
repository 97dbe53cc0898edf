using Raop.Rtp;

namespace Raop.Receiving;

/// <content>What to ask for again, and when.</content>
internal sealed partial class PacketBuffer
{
    /// <summary>Most packets of one request; senders answer them in one go.</summary>
    private const int MostPerRequest = 64;

    private readonly long _ticksPerSecond;

    /// <summary>Packets asked for, each time counted.</summary>
    public long RequestedPackets { get; private set; }

    public long Requests { get; private set; }

    /// <summary>Gives the requests to send now.</summary>
    /// <param name="now">Ticks.</param>
    /// <param name="dueOf">
    /// The tick at which a frame is due; <see cref="long.MaxValue"/> while the clock is not known. Called for each missing packet.
    /// </param>
    /// <param name="requests">Room for them; 8 are used at most.</param>
    /// <param name="count">How many were written.</param>
    /// <returns>
    /// When to call again, in ticks, <see cref="long.MaxValue"/> when nothing is to be asked for. A packet that comes may make it sooner:
    /// call after each batch of packets that has left <see cref="Missing"/> above 0.
    /// </returns>
    public long PollResends(long now, Func<long, long> dueOf, Span<ResendRequest> requests, out int count)
    {
        count = 0;
        if (Missing == 0) return long.MaxValue;
        if (_policy.PausedUntil > now) return _policy.PausedUntil;

        Span<ResendRequest> room = requests[..Math.Min(requests.Length, _policy.MostRequests)];
        int allowance = _policy.Allowance(now), asked = 0, unseen = Missing;
        long next = long.MaxValue, last = -1; // the last that was asked for
        for (long sequence = _head; unseen > 0; sequence++)
        {
            ref Slot slot = ref At(sequence);
            if (slot.State != SlotState.Missing) continue;
            unseen--;
            long due = dueOf(slot.Frame), at = _policy.AskAt(slot.NoticedAt, slot.AskedAt, slot.Asks, now, due);
            bool continues = last == sequence - 1 && room[count - 1].Count < MostPerRequest;
            if (at <= (continues ? now + _policy.Together : now))
            {
                if (asked >= allowance || (!continues && count == room.Length))
                {
                    next = _policy.NextAllowance(now);
                    break;
                }

                if (continues) room[count - 1] = room[count - 1] with { Count = (ushort)(room[count - 1].Count + 1) };
                else room[count++] = new ResendRequest(Sequence: 1, First: (ushort)sequence, Count: 1);
                if (slot.Asks++ == 0) slot.FirstAskedAt = now;
                slot.AskedAt = now;
                last = sequence;
                asked++;
                at = _policy.AskAt(slot.NoticedAt, now, slot.Asks, now, due);
            }

            next = Math.Min(next, at);
        }

        _policy.Asked(asked, now);
        RequestedPackets += asked;
        Requests += count;
        return Math.Max(next, Math.Max(now + 1, _policy.PausedUntil));
    }
}
