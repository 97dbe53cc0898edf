using System.Net;
using Raop.Rtp;
using Raop.Rtsp;
using Raop.Sending;
using Raop.Timing;

namespace Raop.Tests.Sending;

/// <summary>Ticks of 1 ns, packets of 352 frames with 40 bytes.</summary>
public sealed class UdpSendPlanTests
{
    private const long Second = 1_000_000_000, Millisecond = 1_000_000, Start = 77 * Second;
    private const int Frames = 352;
    private static readonly SocketAddress Asker = new IPEndPoint(IPAddress.Parse("10.0.1.103"), 6101).Serialize();

    private readonly List<(RtpHeader Header, long At)> _audio = [];
    private readonly List<(SyncPacket Packet, long At)> _syncs = [];
    private readonly List<(ushort Sequence, long At)> _resent = [];
    private readonly byte[] _payload = [.. Enumerable.Range(0, 40).Select(static i => (byte)i)];
    private UdpSendPlan _plan;
    private PlanMember _member;
    private long _frame;

    public UdpSendPlanTests() => (_plan, _member) = Plan();

    [Fact]
    public void Packets_leave_when_they_are_due_some_at_a_time()
    {
        int wakes = Run(Start, 10 * Second);
        Assert.InRange(_audio.Count, 10 * 44_100 / Frames, (10 * 44_100 / Frames) + 5);
        Assert.InRange(wakes, 250, 450); // 31 a second, and the syncs
        long zero = _audio[0].At;
        for (int i = 0; i < _audio.Count; i++)
        {
            Assert.Equal(((ushort)(100 + i), (uint)(5000 + (i * Frames)), i == 0), (_audio[i].Header.Sequence, _audio[i].Header.Timestamp, _audio[i].Header.Marker));
            double early = (zero + (i * Frames * 1e9 / 44_100) - _audio[i].At) / 1e6;
            Assert.InRange(early, -0.001, 32.001);
        }
    }

    [Fact]
    public void The_first_sync_comes_before_the_first_packet_and_is_its_instant()
    {
        _plan.Start(0, Start);
        Assert.False(_plan.Poll(Start, out _)); // nothing to tie to the clock yet
        Queue(Start + Millisecond);
        Assert.True(_plan.Poll(Start + Millisecond, out UdpSend send));
        Assert.Equal(UdpSendKind.Sync, send.Kind);
        Assert.True(SyncPacket.TryParse(send.Bytes, out SyncPacket sync));
        Assert.Equal(new SyncPacket(true, 7, unchecked(5000u - (88_200 - 11_025)), NtpTime.FromTimestamp(Start, Second), 5000), sync);
        Assert.True(_plan.Poll(Start + Millisecond, out send));
        Assert.Equal(UdpSendKind.Audio, send.Kind);
        Assert.Equal(_payload, send.Bytes[RtpHeader.Size..].ToArray());
        Assert.False(_plan.Poll(Start + Millisecond, out _));
    }

    [Fact]
    public void Syncs_stay_on_their_line_through_bursts_stalls_and_requests()
    {
        var random = new Random(3);
        long now = Start;
        for (int i = 0; i < 100; i++)
        {
            for (int k = random.Next(20); k >= 0 && _audio.Count > 0; k--) _plan.Handle(_member, new ResendRequest(1, (ushort)random.Next(65_536), (ushort)random.Next(65_536)), Asker);
            now += random.Next(4) == 0 ? random.NextInt64(3 * Second) : random.NextInt64(300 * Millisecond); // polled when it comes to that, not when asked for
            Run(now, 0);
        }

        AssertOneLine();
        Assert.True(_syncs.Count > 30);
    }

    [Fact]
    public void Requests_never_hold_up_a_sync_or_a_packet()
    {
        Run(Start, Second);
        for (long now = Start + Second; now < Start + (11 * Second); now += Millisecond)
        {
            for (int k = 0; k < 50; k++) _plan.Handle(_member, new ResendRequest(1, (ushort)(100 + _audio.Count - 200), 200), Asker);
            Run(now, 0);
        }

        Assert.Equal(14, _syncs.Count); // three more in the first second
        Assert.All(_syncs.Skip(4).Zip(_syncs.Skip(5)), pair => Assert.InRange(pair.Second.At - pair.First.At, 998 * Millisecond, 1002 * Millisecond));
        Assert.All(_audio.Zip(_audio.Skip(1)), pair => Assert.InRange(pair.Second.At - pair.First.At, 0, 34 * Millisecond));
        Assert.InRange(_resent.Count, 4 * 1200, (4 * 1260) + 256); // four times the stream, and the burst
        Assert.Equal(10_000 * 50, _plan.ResendRequests);
    }

    [Fact]
    public void What_can_still_be_heard_is_sent_again_as_it_was()
    {
        Run(Start, 5 * Second);
        long now = Start + (5 * Second);
        int sent = _audio.Count, useful = 0;
        for (int i = 0; i < sent; i += 100) useful += Ask(100 + i, 100, ref now);
        Assert.InRange(useful, 2 * 125, (2 * 126) + 4); // the last 2 s
        Assert.All(_resent, r => Assert.InRange(r.Sequence, 100 + sent - useful, 100 + sent - 1));
        Assert.Equal(useful, _resent.Count);

        _plan.Handle(_member, new ResendRequest(1, (ushort)(100 + sent - 1), 1), Asker);
        Assert.True(_plan.Poll(now + (2 * Millisecond), out UdpSend send));
        Assert.Equal((UdpSendKind.Resent, Asker), (send.Kind, send.To));
        Assert.True(ResentPacket.TryUnwrap(send.Bytes, out ReadOnlySpan<byte> packet));
        Assert.True(RtpHeader.TryParse(packet, out RtpHeader header));
        Assert.Equal(_audio[^1].Header, header);
        Assert.Equal(_payload, packet[RtpHeader.Size..].ToArray());
        Assert.Equal(header.Sequence, (ushort)((send.Bytes[2] << 8) | send.Bytes[3]));
    }

    [Theory]
    [InlineData(0, 65_535)] // from the first packet kept: too late to be heard, and no more than 128 are looked at
    [InlineData(20_000, 65_535)] // never sent
    [InlineData(-5000, 3)]
    [InlineData(100_000, 0)]
    public void Hostile_requests_get_nothing(int after, int count)
    {
        Run(Start, 5 * Second);
        long now = Start + (5 * Second);
        Assert.Equal(0, Ask(100 + after, count, ref now));
        Assert.Equal(Math.Min(count, UdpSendPlan.MostPerRequest), _plan.Unanswerable);
    }

    [Fact]
    public void Not_more_than_128_are_answered_and_a_count_goes_past_what_is_sent()
    {
        Run(Start, 5 * Second);
        long now = Start + (5 * Second);
        Assert.Equal(128, Ask(100 + _audio.Count - 130, 65_535, ref now));
        Assert.Equal(10, Ask(100 + _audio.Count - 10, 65_535, ref now)); // the queued ones have not been sent
    }

    [Fact]
    public void Nothing_is_asked_of_a_plan_that_has_sent_nothing()
    {
        long now = Start;
        Assert.Equal(0, Ask(100, 128, ref now));
        Assert.Equal(0, Ask(0, 128, ref now));
        Assert.Equal(Pacer.Never, _plan.Next(now));
    }

    [Fact]
    public void Numbers_wrap()
    {
        (_plan, _member) = Plan(441_000, new RtpInfoHeader(ushort.MaxValue - 10, uint.MaxValue - 5000));
        Run(Start, 3 * Second);
        for (int i = 0; i < _audio.Count; i++)
            Assert.Equal((unchecked((ushort)(65_525 + i)), unchecked((uint)(uint.MaxValue - 5000 + (i * Frames)))), (_audio[i].Header.Sequence, _audio[i].Header.Timestamp));
        AssertOneLine();
        long now = Start + (3 * Second);
        Assert.Equal(128, Ask(ushort.MaxValue - 5, 200, ref now));
    }

    [Fact]
    public void After_a_flush_numbers_go_on_from_what_was_sent_and_time_from_the_clock()
    {
        Run(Start, 3 * Second);
        long now = Start + (3 * Second);
        RtpInfoHeader flush = _plan.Flush();
        RtpHeader last = _audio[^1].Header;
        Assert.Equal(new RtpInfoHeader((ushort)(last.Sequence + 1), last.Timestamp + Frames), flush);
        Assert.False(_plan.Poll(now + Second, out _));
        Assert.Equal(Pacer.Never, _plan.Next(now + Second));
        Assert.Equal(0, Ask(last.Sequence - 10, 10, ref now)); // void

        int sent = _audio.Count, syncs = _syncs.Count;
        now = Start + (10 * Second);
        _frame = 44_100;
        _plan.Start(_frame, now);
        Run(now, Second, start: false);
        Assert.Equal((flush.Seq, 5000u + 441_000, true), (_audio[sent].Header.Sequence, _audio[sent].Header.Timestamp, _audio[sent].Header.Marker));
        Assert.Equal((true, 5000u + 441_000), (_syncs[syncs].Packet.IsFirst, _syncs[syncs].Packet.Next));
        AssertOneLine();
        Assert.Equal(44_100, _plan.Heard(now + Second));
        Assert.Equal(44_100 + 100, _plan.Heard(now + (2 * Second) + (100 * Second / 44_100) + 1));
    }

    [Fact]
    public void The_first_syncs_come_soon_after_each_other()
    {
        Run(Start, 3 * Second);
        Assert.Equal([0, 100, 200, 400, 1000, 2000, 3000], _syncs.Select(s => (s.At - Start + Millisecond - 1) / Millisecond));
        Assert.Equal(1, _syncs.Count(s => s.Packet.IsFirst));
        AssertOneLine();
    }

    [Theory]
    [InlineData(88_200, 15)]
    [InlineData(22_050, 4)]
    [InlineData(11_025 + 100, 2)]
    public void The_last_packet_is_sent_again_while_that_may_help(int latency, int times)
    {
        (_plan, _member) = Plan(latency, new RtpInfoHeader(100, 5000));
        _plan.Start(0, Start);
        for (int i = 0; i < 20; i++) Queue(Start);
        PollAll(Start, Start + (5 * Second));
        long end = Start + (20L * Frames * Second / 44_100);
        Assert.Equal(20, _audio.Count);
        Assert.Equal(times, _resent.Count);
        Assert.Equal(Enumerable.Range(0, times).Select(i => (119, 50 + (i * 100))), _resent.Select(r => ((int)r.Sequence, (int)((r.At - end) / Millisecond))));
        Assert.Equal((0, 20), (_plan.Resent, _plan.Packets)); // counts are of what was asked for, and of the music
    }

    [Fact]
    public void The_last_packet_is_not_sent_again_after_a_flush_or_at_rest()
    {
        foreach (Action end in new Action[] { () => _plan.Flush(), () => _plan.Rest() })
        {
            _plan.Start(_frame, Start);
            for (int i = 0; i < 20; i++) Queue(Start);
            PollAll(Start, Start + (20L * Frames * Second / 44_100));
            end();
            PollAll(Start + Second, Start + (3 * Second));
            Assert.Empty(_resent);
            (_plan, _member) = Plan();
        }
    }

    [Fact]
    public void A_flush_without_a_pause_does_not_go_back_in_time()
    {
        Run(Start, Second);
        RtpInfoHeader flush = _plan.Flush();
        _plan.Start(_frame, Start + Second);
        Run(Start + Second, 100 * Millisecond, start: false);
        Assert.Equal(flush.RtpTime, _audio.Last(a => a.Header.Marker).Header.Timestamp);
    }

    [Theory]
    [InlineData(88_200, 0.95, false)]
    [InlineData(88_200, 1.05, true)]
    [InlineData(44_100, 0.45, false)]
    [InlineData(44_100, 0.55, true)]
    [InlineData(441_000, 0.95, false)]
    [InlineData(441_000, 1.05, true)]
    public void A_late_packet_leaves_at_once_or_in_a_new_place(int latency, double late, bool jumps)
    {
        (_plan, _member) = Plan(latency, new RtpInfoHeader(100, 5000));
        _plan.Start(0, Start);
        for (int i = 0; i < 10; i++) Queue(Start);
        PollAll(Start, Start + Second / 2); // 10 packets are 80 ms
        long due = Start + (10 * Frames * Second / 44_100), now = due + (long)(late * Second);
        PollAll(Start + Second / 2, now);
        Queue(now);
        PollAll(now, now);
        (RtpHeader header, long at) = _audio[^1];
        Assert.Equal((now, 110, jumps, jumps ? 1 : 0), (at, header.Sequence, header.Marker, _plan.Starved));
        uint expected = jumps ? 5000 + (uint)((now - Start) * 44_100 / Second) : 5000 + (10 * Frames);
        Assert.Equal(expected, header.Timestamp);
        AssertOneLine();

        // What is heard: the ten packets, then nothing, then the eleventh.
        long heardAt = Start + (((expected - 5000) + latency) * Second / 44_100);
        Assert.InRange(_plan.Heard(heardAt - (Millisecond * 2)), (10 * Frames) - (jumps ? 0 : 90), 10 * Frames);
        Assert.InRange(_plan.Heard(heardAt + (Millisecond * 2)), (10 * Frames) + 87, (10 * Frames) + 89);
        Assert.InRange(_plan.UntilHeard(10 * Frames, now) + now - heardAt, -Millisecond, Millisecond);
    }

    [Fact]
    public void A_plan_that_stood_still_does_not_jump()
    {
        Run(Start, Second);
        long now = Start + (4 * Second); // three seconds in which nobody called
        while (!_plan.IsFull(now)) Queue(now);
        PollAll(now, now);
        Assert.Equal(0, _plan.Starved);
        Assert.Equal(_audio.Select((_, i) => 5000 + (uint)(i * Frames)), _audio.Select(a => a.Header.Timestamp));
        Assert.InRange(_audio.Count * Frames, 4 * 44_100, (4 * 44_100) + 1800);
        AssertOneLine();
    }

    [Fact]
    public void A_plan_that_stood_still_for_longer_than_the_ring_goes_on_with_the_clock()
    {
        Run(Start, Second);
        long now = Start + (60 * Second);
        while (!_plan.IsFull(now)) Queue(now);
        PollAll(now, now);
        Assert.Equal(1, _plan.Starved);
        Assert.InRange(_audio.Count, 2 * 125, (3 * 125) + 10); // those queued before, and from now on
        Assert.Equal(5000u + (60 * 44_100), _audio.Last(a => a.Header.Marker).Header.Timestamp);
        AssertOneLine();
    }

    [Fact]
    public void A_full_ring_keeps_a_thousand_packets_and_refuses_what_does_not_fit()
    {
        _plan.Start(0, Start);
        for (int i = 0; i < UdpSendPlan.Slots; i++) Queue(Start);
        Assert.True(_plan.IsFull(Start));
        Assert.Throws<InvalidOperationException>(() => Queue(Start));
        Assert.True(_plan.IsFull(Start + (2 * Second)));
        PollAll(Start, Start + (8 * Second));
        Assert.True(_plan.HasRoom(Start + (8 * Second)));
        Assert.Equal(Enumerable.Range(0, 1003).Select(static i => (ushort)(100 + i)), _audio.Select(a => a.Header.Sequence).Take(1003));
    }

    [Fact]
    public void Room_is_for_half_a_second_to_one()
    {
        _plan.Start(0, Start);
        int queued = 0;
        for (; !_plan.IsFull(Start); queued++) Queue(Start);
        Assert.Equal((44_100 / Frames) + 1, queued);
        PollAll(Start, Start + (490 * Millisecond));
        Assert.False(_plan.HasRoom(Start + (490 * Millisecond)));
        PollAll(Start + (490 * Millisecond), Start + (510 * Millisecond));
        Assert.True(_plan.HasRoom(Start + (510 * Millisecond)));
    }

    [Fact]
    public void A_thousand_hours_do_not_drift()
    {
        const long Hours = 1000L * 3600 * Second;
        Run(Start, Second);
        _plan.Flush();
        _frame = 5;
        _plan.Start(_frame, Start + Hours);
        Run(Start + Hours, Second, start: false);
        AssertOneLine();
        Assert.Equal(unchecked(5000u + (uint)(44_100L * 3600 * 1000)), _audio.Last(a => a.Header.Marker).Header.Timestamp);
    }

    [Fact]
    public void No_packet_costs_an_allocation()
    {
        (_plan, _member) = Plan(isEncrypted: true);
        byte[] payload = new byte[1416];
        _plan.Start(0, Start);
        int from = 0, sent = 0;
        Assert.Equal(0, Garbage.Of(() =>
        {
            sent = Spend(1000, from);
            from += 1000;
        }));
        Assert.True(sent > 1500); // packets, syncs, and some again

        int Spend(int packets, int from)
        {
            int count = 0;
            for (int i = from; i < from + packets; i++)
            {
                long now = Start + (i * Frames * Second / 44_100);
                _plan.Enqueue(new SourcePacket(default, payload, i * Frames, Frames), now);
                if (i % 2 == 0) _plan.Handle(_member, new ResendRequest(1, (ushort)(100 + i - 3), 2), Asker);
                while (_plan.Poll(now, out UdpSend send)) count += Math.Sign(send.Bytes.Length);
                _plan.Next(now);
            }

            return count;
        }
    }

    [Fact]
    public void No_packet_costs_an_allocation_with_eight_members()
    {
        (_plan, _member) = Plan();
        var members = new List<PlanMember> { _member };
        for (int i = 1; i < 8; i++)
        {
            PlanMember member = _plan.Add(new EncodingKey(i % 2 == 0 ? RaopCodec.Alac : RaopCodec.Pcm, (RaopChannel)(i % 4), i % 3 == 0), new byte[32], Start, out _);
            _plan.Activate(member);
            members.Add(member);
        }

        byte[] pcm = new byte[Frames * 4];
        new Random(1).NextBytes(pcm);
        _plan.Start(0, Start);
        int packets = 0, sent = 0;
        Assert.Equal(0, Garbage.Of(() =>
        {
            sent = 0;
            for (int i = 0; i < 300; i++, packets++)
            {
                long now = Start + ((long)packets * Frames * Second / 44_100);
                _plan.Enqueue(new SourcePacket(pcm, default, packets * Frames, Frames), now);
                foreach (PlanMember member in members) _plan.Handle(member, new ResendRequest(1, (ushort)(100 + packets - 3), 1), Asker);
                while (_plan.Poll(now, out UdpSend send)) sent += Math.Sign(send.Bytes.Length);
                _plan.Next(now);
            }
        }));
        Assert.True(sent > 300 * 8 * 1.5);
    }

    [Fact]
    public void Members_of_one_kind_get_the_same_bytes_and_each_its_own_syncs_and_resends()
    {
        PlanMember same = Add(RaopChannel.Stereo, 0), delayed = Add(RaopChannel.Stereo, 4410), left = Add(RaopChannel.Left, 0);
        byte[] pcm = new byte[Frames * 4];
        new Random(1).NextBytes(pcm);
        _plan.Start(0, Start);
        for (int i = 0; i < 20; i++) _plan.Enqueue(new SourcePacket(pcm, default, i * Frames, Frames), Start);
        Dictionary<PlanMember, List<string>> audio = new() { [_member] = [], [same] = [], [delayed] = [], [left] = [] };
        Dictionary<PlanMember, uint> latencies = [];
        while (_plan.Poll(Start + (100 * Millisecond), out UdpSend send))
        {
            if (send.Kind == UdpSendKind.Audio) audio[send.Member].Add(Convert.ToHexString(send.Bytes));
            if (send.Kind == UdpSendKind.Sync && SyncPacket.TryParse(send.Bytes, out SyncPacket sync) && sync.IsFirst) latencies.Add(send.Member, sync.Next - sync.PlayNow);
        }

        Assert.Equal(17, audio[_member].Count);
        Assert.Equal(audio[_member], audio[same]);
        Assert.Equal(audio[_member], audio[delayed]);
        Assert.Equal(17, audio[left].Count);
        Assert.NotEqual(audio[_member][5][24..], audio[left][5][24..]);
        Assert.Equal([77_175u, 77_175u, 81_585u, 77_175u], new[] { _member, same, delayed, left }.Select(m => latencies[m]));
        _plan.Handle(delayed, new ResendRequest(1, 105, 2), Asker);
        int again = 0;
        while (_plan.Poll(Start + (101 * Millisecond), out UdpSend send))
        {
            Assert.Equal((UdpSendKind.Resent, delayed), (send.Kind, send.Member));
            again++;
        }

        Assert.Equal(2, again);

        PlanMember Add(RaopChannel channel, int delay)
        {
            PlanMember member = _plan.Add(new EncodingKey(RaopCodec.Alac, channel, false), new byte[32], Start, out RtpInfoHeader first);
            Assert.Equal(new RtpInfoHeader(100, 5000), first);
            member.Delay = delay;
            _plan.Activate(member);
            return member;
        }
    }

    [Fact]
    public void Who_joins_late_begins_where_RECORD_said_with_a_marker_and_a_first_sync()
    {
        Run(Start, 3 * Second);
        long now = Start + (3 * Second);
        PlanMember late = _plan.Add(new EncodingKey(RaopCodec.Alac, RaopChannel.Stereo, false), new byte[32], now, out RtpInfoHeader record);
        Assert.Equal((_audio[^1].Header.Sequence + 1, _audio[^1].Header.Timestamp + Frames), (record.Seq!.Value, record.RtpTime!.Value));
        PlanMember other = _plan.Add(new EncodingKey(RaopCodec.Pcm, RaopChannel.Stereo, false), new byte[32], now, out RtpInfoHeader later);
        Assert.InRange((int)(later.RtpTime!.Value - record.RtpTime.Value), 22_000, 45_000); // what is queued is not of its kind
        for (long at = now; at < now + (100 * Millisecond); at = Math.Max(at + 1, _plan.Next(at))) PollOnce(at);
        now += 100 * Millisecond; // RECORD's answer took its time
        _plan.Activate(late);
        _plan.Activate(other);
        var got = new List<string>();
        while (_plan.Poll(now, out UdpSend send))
        {
            if (send.Member != late) continue;
            if (send.Kind == UdpSendKind.Sync && SyncPacket.TryParse(send.Bytes, out SyncPacket sync)) got.Add($"sync {sync.IsFirst}");
            if (send.Kind == UdpSendKind.Audio && RtpHeader.TryParse(send.Bytes, out RtpHeader header)) got.Add($"{header.Sequence - record.Seq} {header.Marker}");
        }

        Assert.Equal("sync True", got[0]);
        Assert.Equal("0 True", got[1]);
        Assert.Equal("1 False", got[2]);
        Assert.InRange(got.Count, 12, 18);
        _plan.Handle(_member, new ResendRequest(1, record.Seq.Value, 1), Asker);
        while (_plan.Poll(now, out UdpSend send))
        {
            if (send.Kind != UdpSendKind.Resent) continue;
            Assert.True(ResentPacket.TryUnwrap(send.Bytes, out ReadOnlySpan<byte> packet) && RtpHeader.TryParse(packet, out _));
            Assert.Equal(0, packet[1] & 0x80); // the marker was the late one's alone
        }
    }

    private static (UdpSendPlan Plan, PlanMember Member) Plan(int latency = 88_200, RtpInfoHeader? first = null, bool isEncrypted = false)
    {
        var plan = new UdpSendPlan(Second, latency, first ?? new RtpInfoHeader(100, 5000), 0xCAFE);
        PlanMember member = plan.Add(new EncodingKey(RaopCodec.Alac, RaopChannel.Stereo, isEncrypted), new byte[32], Start, out RtpInfoHeader record);
        Assert.Equal(first ?? new RtpInfoHeader(100, 5000), record);
        plan.Activate(member);
        return (plan, member);
    }

    private void Queue(long now)
    {
        _plan.Enqueue(new SourcePacket(default, _payload, _frame, Frames), now);
        _frame += Frames;
    }

    /// <summary>Keeps the queue filled, and polls when the plan wants it, for a while.</summary>
    private int Run(long from, long time, bool start = true)
    {
        if (start && _audio.Count == 0) _plan.Start(_frame, from);
        int wakes = 0;
        for (long now = from; now <= from + time; wakes++)
        {
            while (!_plan.IsFull(now)) Queue(now);
            PollOnce(now);
            long next = _plan.Next(now);
            Assert.True(next > now);
            now = next;
        }

        return wakes;
    }

    /// <summary>Polls when the plan wants it, without more to send.</summary>
    private void PollAll(long from, long to)
    {
        for (long now = from; now <= to; now = Math.Max(now + 1, _plan.Next(now))) PollOnce(now);
    }

    private void PollOnce(long now)
    {
        while (_plan.Poll(now, out UdpSend send))
        {
            if (send.Kind == UdpSendKind.Sync)
            {
                Assert.True(SyncPacket.TryParse(send.Bytes, out SyncPacket sync));
                _syncs.Add((sync, now));
            }
            else if (send.Kind == UdpSendKind.Audio)
            {
                Assert.True(RtpHeader.TryParse(send.Bytes, out RtpHeader header));
                _audio.Add((header, now));
            }
            else
            {
                Assert.True(ResentPacket.TryUnwrap(send.Bytes, out ReadOnlySpan<byte> packet) && RtpHeader.TryParse(packet, out _));
                Assert.True(RtpHeader.TryParse(packet, out RtpHeader header));
                _resent.Add((header.Sequence, now));
            }
        }
    }

    /// <summary>How many come again, with all the time they need.</summary>
    private int Ask(int sequence, int count, ref long now)
    {
        int before = _resent.Count;
        _plan.Handle(_member, new ResendRequest(1, unchecked((ushort)sequence), (ushort)count), Asker);
        PollOnce(now);
        return _resent.Count - before;
    }

    /// <summary>Less than 1 ppm over a second, and no step.</summary>
    private void AssertOneLine()
    {
        SyncPacket first = _syncs[0].Packet;
        foreach ((SyncPacket sync, long at) in _syncs)
        {
            decimal seconds = (sync.NtpTime - first.NtpTime) / 4294967296m;
            decimal off = (seconds * 44_100m) - (sync.Next - first.Next);
            off -= Math.Round(off / 4294967296m) * 4294967296m; // RTP time wraps
            Assert.InRange(off, -0.001m, 0.001m);
            Assert.InRange(NtpTime.Ticks(NtpTime.FromTimestamp(at, Second), sync.NtpTime, Second), 0, 8 * Millisecond); // of now
        }
    }
}
