using Raop.Rtp;

namespace Raop.Tests.Captures;

/// <summary>What real senders say about time: their sync packets and their answers to questions for the clock.</summary>
public class UdpClockTests
{
    private const string PulseAudio = "pulseaudio-udp-none.pcap", Volume = "pulseaudio-udp-none-volume.pcap", Loss = "pulseaudio-udp-none-loss5.pcap",
        NodeAirTunes = "node-airtunes2-udp-rsa.pcap", CliRaop = "cliraop-udp-rsa-alac-password.pcap";

    private const int Rate = 44_100, PacketFrames = 352;

    private static readonly TimeSpan ClockIsRight = TimeSpan.FromMilliseconds(2);

    /// <param name="file">The capture.</param>
    /// <param name="latency">Between the two RTP times, in frames.</param>
    /// <param name="firstIsMarked">Whether the first one has the extension bit.</param>
    /// <param name="ppm">How much slower than 44,100 Hz its RTP time runs by its own clock, parts per million.</param>
    /// <param name="frames">Most frames that one is off the line.</param>
    [Theory]
    [InlineData(PulseAudio, 88_200, true, 0, 6)]
    [InlineData(Volume, 88_200, true, 0, 16)]
    [InlineData(Loss, 88_200, true, 0, 110)] // the program came late, by 2.5 ms
    [InlineData(CliRaop, 44_100, true, 0, 1)]
    [InlineData(NodeAirTunes, 88_200, false, 6_800, 150)] // its packets leave by a timer that is late: 46 ms behind after 7 s
    public async Task Sync_packets_lie_on_a_line(string file, int latency, bool firstIsMarked, int ppm, int frames)
    {
        UdpConversation udp = await UdpConversation.ReadAsync(Capture.Load(file));
        List<SyncPacket> syncs = [];
        foreach (UdpConversation.Piece piece in udp.To(udp.ReceiverControlPort))
        {
            if (SyncPacket.TryParse(piece.Bytes, out SyncPacket sync)) syncs.Add(sync);
        }

        Assert.Equal([firstIsMarked, .. Enumerable.Repeat(false, syncs.Count - 1)], syncs.Select(sync => sync.IsFirst));
        foreach (SyncPacket sync in syncs)
        {
            Assert.Equal((SyncPacket.UsualFlags, (uint)latency), (sync.Flags, unchecked(sync.Next - sync.PlayNow)));
            double elapsed = unchecked(sync.NtpTime - syncs[0].NtpTime) / Math.Pow(2, 32);
            double off = unchecked(sync.PlayNow - syncs[0].PlayNow) - (elapsed * Rate * (1 - (ppm / 1e6)));
            Assert.True(Math.Abs(off) <= frames, $"{off:F1} frames off after {elapsed:F3} s.");
        }
    }

    /// <summary>The second RTP time of a sync packet is that of the audio packet that goes out next.</summary>
    [Theory]
    [InlineData(PulseAudio)]
    [InlineData(Volume)]
    [InlineData(Loss)]
    [InlineData(CliRaop)]
    [InlineData(NodeAirTunes)]
    public async Task Sync_packets_name_the_next_audio_packet(string file)
    {
        UdpConversation udp = await UdpConversation.ReadAsync(Capture.Load(file));
        SyncPacket? last = null;
        foreach (UdpConversation.Piece piece in udp.Pieces)
        {
            if (piece.DestinationPort == udp.ReceiverControlPort && SyncPacket.TryParse(piece.Bytes, out SyncPacket sync)) last = sync;
            if (piece.DestinationPort != udp.ReceiverAudioPort || last is not { Next: uint next }) continue;
            Assert.True(RtpHeader.TryParse(piece.Bytes, out RtpHeader header));
            Assert.Equal(next, header.Timestamp);
            last = null;
        }
    }

    [Theory]
    [InlineData(PulseAudio, 1)] // one before it was asked
    [InlineData(Volume, 1)]
    [InlineData(Loss, 1)]
    [InlineData(CliRaop, 0)]
    [InlineData(NodeAirTunes, 0)]
    public async Task Every_question_for_the_time_is_answered(string file, int unasked)
    {
        UdpConversation udp = await UdpConversation.ReadAsync(Capture.Load(file));
        TimingPacket? open = null;
        (TimeSpan At, ulong Ntp)? first = null;
        int answers = 0;
        foreach (UdpConversation.Piece piece in udp.Pieces)
        {
            if (!TimingPacket.TryParse(piece.Bytes, out TimingPacket packet)) continue;
            Assert.Equal(TimingPacket.UsualSequence, packet.Sequence);
            if (!packet.IsReply)
            {
                Assert.Null(open);
                open = packet;
                continue;
            }

            Assert.True(unchecked((long)(packet.Transmit - packet.Receive)) >= 0);
            first ??= (piece.At, packet.Transmit);
            TimeSpan elapsed = TimeSpan.FromSeconds(unchecked(packet.Transmit - first.Value.Ntp) / Math.Pow(2, 32));
            Assert.InRange(elapsed - (piece.At - first.Value.At), -ClockIsRight, ClockIsRight); // the capture's clock is the sender's
            if (open is null && answers++ < unasked) continue;
            Assert.Equal(open!.Value.Transmit, packet.Origin);
            open = null;
        }

        Assert.Null(open);
        Assert.Equal(unasked, answers);
    }

    /// <summary>RTP time goes on by the packet's frames, whatever its number.</summary>
    [Theory]
    [InlineData(PulseAudio, true)]
    [InlineData(Volume, true)]
    [InlineData(Loss, true)]
    [InlineData(CliRaop, true)]
    [InlineData(NodeAirTunes, false)]
    public async Task Audio_packets_count_on(string file, bool firstIsMarked)
    {
        UdpConversation udp = await UdpConversation.ReadAsync(Capture.Load(file));
        RtpHeader? last = null;
        foreach (UdpConversation.Piece piece in udp.To(udp.ReceiverAudioPort))
        {
            Assert.True(RtpHeader.TryParse(piece.Bytes, out RtpHeader header));
            Assert.Equal(last is null && firstIsMarked, header.Marker);
            if (last is { } before)
            {
                Assert.Equal((unchecked((ushort)(before.Sequence + 1)), unchecked(before.Timestamp + PacketFrames)), (header.Sequence, header.Timestamp));
            }

            last = header;
        }
    }
}
