using System.Net;
using Raop.Network;
using Raop.Rtp;
using Raop.Rtsp;
using Raop.Sending;

namespace Raop.Tests.Sending;

/// <summary>Packets that several members get together, beside a plan that is polled for each.</summary>
public sealed class UdpSendPlanTogetherTests(ITestOutputHelper output)
{
    private const long Second = 1_000_000_000, Start = 77 * Second;
    private const int Frames = 352, Members = 90;

    private readonly byte[] _payload = [.. Enumerable.Range(0, 40).Select(static i => (byte)i)];

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Each_gets_the_same_at_the_same_time_as_when_polled_for(int seed)
    {
        output.WriteLine($"seed {seed}");
        (List<(long, bool, string)>[] alone, int polls) = Play(seed, together: false);
        (List<(long, bool, string)>[] together, int fewer) = Play(seed, together: true);
        for (int i = 0; i < Members; i++) Assert.Equal(alone[i], together[i]);
        Assert.True(alone.Count(static got => got.Count > 500) > Members / 2);
        Assert.True(fewer < polls / 4, $"{fewer} of {polls} polls");
    }

    [Fact]
    public void Who_has_another_socket_or_other_packets_or_wants_a_sync_is_not_among_them()
    {
        using var plan = new UdpSendPlan(Second, 88_200, new RtpInfoHeader(100, 5000), 0xCAFE);
        using IDatagramSocket one = new Deaf(), other = new Deaf();
        PlanMember[] members = [.. Enumerable.Range(0, 6).Select(i => Add(plan, i, i % 2 == 0 ? one : other, i < 4 ? RaopCodec.Alac : RaopCodec.Pcm))];
        plan.Start(0, Start);
        foreach (PlanMember member in members) plan.Activate(member);
        Queue(plan, 0, Start);
        Queue(plan, 1, Start);
        List<string> got = [];
        long now = Start + (20 * Second / 1000);
        while (plan.Poll(now, out UdpSend send))
        {
            if (send.Kind != UdpSendKind.Audio) continue;
            ReadOnlySpan<PlanMember> all = plan.TakeTogether(send, now);
            var same = all[0];
            foreach (PlanMember member in all) Assert.Equal((same.Audio, same.Ring, same.Next), (member.Audio, member.Ring, member.Next));
            got.Add(string.Concat(all.ToArray().Select(m => Array.IndexOf(members, m)).Order()));
        }

        // The first one bears the marker and goes to each alone, the second to those who are alike and side by side.
        Assert.Equal("001122334455", string.Concat(string.Concat(got).Order()));
        Assert.Contains("13", got);
        Assert.All(got, static who => Assert.Contains(who, new[] { "0", "1", "2", "3", "4", "5", "02", "13" }));
    }

    private static PlanMember Add(UdpSendPlan plan, int index, IDatagramSocket audio, RaopCodec codec)
    {
        PlanMember member = plan.Add(new EncodingKey(codec, RaopChannel.Stereo, false), new byte[32], Start, out _);
        (member.AudioPort, member.Audio) = (new IPEndPoint(IPAddress.Loopback, 7000 + index).Serialize(), audio);
        return member;
    }

    private void Queue(UdpSendPlan plan, int packet, long now) => plan.Enqueue(new SourcePacket(new byte[Frames * 4], _payload, packet * Frames, Frames), now);

    /// <summary>Members come, go, ask for packets, and have one of two sockets and one of two codecs; wakes are late now and then.</summary>
    private (List<(long At, bool IsAudio, string Bytes)>[] Got, int Polls) Play(int seed, bool together)
    {
        var random = new Random(seed);
        using var plan = new UdpSendPlan(Second, 88_200, new RtpInfoHeader(65_500, 5000), 0xCAFE);
        using IDatagramSocket one = new Deaf(), other = new Deaf();
        var got = new List<(long, bool, string)>[Members];
        var members = new PlanMember?[Members];
        int polls = 0, packets = 0;
        for (int i = 0; i < Members; i++) got[i] = [];
        for (int i = 0; i < 60; i++) Join(i);
        plan.Start(0, Start);
        for (long now = Start; now < Start + (10 * Second);)
        {
            if (random.Next(20) == 0) Join(random.Next(Members));
            if (random.Next(40) == 0 && random.Next(Members) is int leaving && members[leaving] is { } leaver)
            {
                plan.Remove(leaver);
                members[leaving] = null;
            }

            if (random.Next(10) == 0 && members[random.Next(Members)] is { } asking)
                plan.Handle(asking, new ResendRequest(1, (ushort)(65_500 + packets - 80), 3), asking.AudioPort!);
            while (!plan.IsFull(now)) Queue(plan, packets++, now);
            for (; plan.Poll(now, out UdpSend send); polls++)
            {
                string bytes = Convert.ToHexString(send.Bytes);
                bool isAudio = send.Kind == UdpSendKind.Audio;
                ReadOnlySpan<PlanMember> all = together && isAudio ? plan.TakeTogether(send, now) : new([send.Member]);
                foreach (PlanMember member in all) got[Array.IndexOf(members, member)].Add((now, isAudio, bytes));
            }

            now = Math.Max(now + 1, plan.Next(now)) + (random.Next(30) == 0 ? random.NextInt64(Second / 5) : 0);
        }

        return (got, polls);

        void Join(int index)
        {
            if (members[index] is not null) return;
            members[index] = Add(plan, index, index % 5 == 0 ? other : one, index % 3 == 0 ? RaopCodec.Pcm : RaopCodec.Alac);
            plan.Activate(members[index]!);
        }
    }

    private sealed class Deaf : IDatagramSocket
    {
        public IPEndPoint LocalEndPoint { get; } = new(IPAddress.Loopback, 1);

        public void Send(ReadOnlySpan<byte> datagram, SocketAddress to)
        {
        }

        public void Start(DatagramHandler handler)
        {
        }

        public int Drain(DatagramHandler handler, int most) => 0;

        public void Dispose()
        {
        }
    }
}
