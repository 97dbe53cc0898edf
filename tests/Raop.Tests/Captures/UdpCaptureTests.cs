using System.Security.Cryptography;
using Alac;
using Raop.Metadata;
using Raop.Rtp;
using Raop.Rtsp;
using Raop.Sdp;
using Raop.Security;

namespace Raop.Tests.Captures;

/// <summary>Sessions of real senders over UDP, read from the wire and decoded to the PCM whose digest the capture states.</summary>
public class UdpCaptureTests
{
    private const string PulseAudio = "pulseaudio-udp-none.pcap", Volume = "pulseaudio-udp-none-volume.pcap", Loss = "pulseaudio-udp-none-loss5.pcap",
        NodeAirTunes = "node-airtunes2-udp-rsa.pcap", NodeAirTunesPassword = "node-airtunes2-udp-rsa-password.pcap", CliRaop = "cliraop-udp-rsa-alac-password.pcap";

    private const string Password = "secret";

    public static TheoryData<string> Sessions => [PulseAudio, Volume, Loss, NodeAirTunes, CliRaop];

    [Theory]
    [InlineData(PulseAudio, "OPTIONS 200, ANNOUNCE 200, SETUP 200, RECORD 200, SET_PARAMETER 200, FLUSH 200")]
    [InlineData(Loss, "OPTIONS 200, ANNOUNCE 200, SETUP 200, RECORD 200, SET_PARAMETER 200, FLUSH 200")]
    [InlineData(NodeAirTunes, "OPTIONS 200, ANNOUNCE 200, SETUP 200, RECORD 200, SET_PARAMETER 200, SET_PARAMETER 200, TEARDOWN 400")] // without a URI, which that receiver refused
    [InlineData(CliRaop, "ANNOUNCE 401, ANNOUNCE 200, SETUP 200, RECORD 200, SET_PARAMETER 200, FLUSH 200, TEARDOWN 200")]
    [InlineData(NodeAirTunesPassword, "OPTIONS 401, OPTIONS 401", true)] // its third OPTIONS has no end
    public async Task Requests_and_answers_are_read(string file, string expected, bool oneIsUnreadable = false)
    {
        CapturedSession session = await CapturedSession.ReadAsync(Capture.Load(file));
        Assert.Equal(expected, string.Join(", ", session.Responses.Select((response, i) => $"{session.Requests.ElementAtOrDefault(i)?.Method ?? "?"} {response.StatusCode}")));
        Assert.Equal(oneIsUnreadable, session.HasUnreadable);
    }

    [Fact]
    public async Task Volumes_are_read_in_the_order_in_which_they_were_set()
    {
        CapturedSession session = await CapturedSession.ReadAsync(Capture.Load(Volume));
        Assert.All(session.Responses, response => Assert.Equal(200, response.StatusCode));
        Assert.Equal(
            ["0", "-4.884975", "-10.902028", "-18.739309", "-24.899594", "-29.443083", "-144", "-29.443083", "0"],
            session.Requests.Where(request => request.Method == "SET_PARAMETER")
                .SelectMany(request => TextParameters.Parse(request.Body.Span))
                .Select(parameter => parameter is { Key: "volume" } ? Trimmed(parameter.Value) : parameter.Key));

        static string Trimmed(string volume) => volume.Contains('.') ? volume.TrimEnd('0').TrimEnd('.') : volume;
    }

    [Theory]
    [InlineData(CliRaop, "ANNOUNCE", 1)]
    [InlineData(NodeAirTunesPassword, "OPTIONS", 1)] // refused by a receiver that compares letters; the answer is right
    public async Task The_password_is_recognized(string file, string method, int at)
    {
        RtspRequest request = (await CapturedSession.ReadAsync(Capture.Load(file))).Requests[at];
        Assert.Equal(method, request.Method);
        Assert.True(DigestAuthorization.TryParse(request.Headers["Authorization"], out DigestAuthorization? authorization));
        Assert.True(Digest.Verify(authorization, Password, method, request.Uri, nonceIsOurs: true));
        Assert.False(Digest.Verify(authorization, "Secret", method, request.Uri, nonceIsOurs: true));
    }

    [Theory, MemberData(nameof(Sessions))]
    public async Task The_announcement_gives_the_stated_format_and_key(string file)
    {
        Capture capture = Capture.Load(file);
        AnnounceSdp sdp = (await CapturedSession.ReadAsync(capture)).Announcement!;
        Assert.Equal((352, 16, 2, 44_100), (sdp.FramesPerPacket, sdp.Alac!.BitDepth, sdp.Channels, sdp.SampleRate));
        Assert.Equal(capture.Fmtp, sdp.FmtpLine);
        if (capture.AesKey.Length == 0)
        {
            Assert.True(sdp is { EncryptedKey: null, Iv: null });
            return;
        }

        byte[] key = new byte[AirPortExpressKey.AesKeySize];
        Assert.True(AirPortExpressKey.TryUnwrapKey(sdp.EncryptedKey, key));
        Assert.Equal(capture.AesKey, key);
        Assert.Equal(capture.AesIv, sdp.Iv);
    }

    [Theory, MemberData(nameof(Sessions))]
    public async Task Every_datagram_is_of_a_known_kind_and_on_its_port(string file)
    {
        Capture capture = Capture.Load(file);
        UdpConversation udp = await UdpConversation.ReadAsync(capture);
        Dictionary<string, int> counts = [];
        int asked = 0;
        foreach (UdpConversation.Piece piece in udp.Pieces)
        {
            string kind = KindOf(piece, udp);
            counts[kind] = counts.GetValueOrDefault(kind) + 1;
            if (ResendRequest.TryParse(piece.Bytes, out ResendRequest request)) asked += request.Count;
        }

        if (asked > 0) counts["resend_packets_asked"] = asked;
        Assert.Equal(
            capture.Packets.Where(packet => packet.Key is not ("missing" or "alac_raw" or "alac_compressed")).OrderBy(packet => packet.Key, StringComparer.Ordinal),
            counts.OrderBy(packet => packet.Key, StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(PulseAudio, false)]
    [InlineData(Volume, false)]
    [InlineData(Loss, false)]
    [InlineData(Loss, true)] // what was sent again in the place of what was sent first
    [InlineData(NodeAirTunes, false)]
    [InlineData(CliRaop, false)]
    public async Task The_audio_decodes_to_the_stated_digest(string file, bool fromResends)
    {
        Capture capture = Capture.Load(file);
        AnnounceSdp sdp = (await CapturedSession.ReadAsync(capture)).Announcement!;
        SortedDictionary<long, byte[]> packets = Audio(await UdpConversation.ReadAsync(capture), fromResends);
        Assert.Equal((capture.AudioPackets, packets.First().Key + capture.AudioPackets - 1), (packets.Count, packets.Last().Key)); // none missing

        AlacDecoder decoder = new(sdp.Alac!);
        using PacketCipher? cipher = capture.AesKey.Length == 0 ? null : new PacketCipher(capture.AesKey, capture.AesIv);
        byte[] pcm = new byte[decoder.Config.MaxPcmSize];
        List<byte> decoded = [];
        foreach (byte[] packet in packets.Values)
        {
            Span<byte> payload = packet.AsSpan(RtpHeader.Size);
            cipher?.Decrypt(payload);
            Assert.Equal(AlacStatus.Ok, decoder.Decode(payload, pcm, out int frames));
            decoded.AddRange(pcm.AsSpan(0, frames * decoder.Config.BytesPerFrame));
        }

        Assert.Equal(capture.PcmFrames, decoded.Count / decoder.Config.BytesPerFrame);
        Assert.Equal(capture.PcmSha256, Convert.ToHexStringLower(SHA256.HashData([.. decoded])));
    }

    [Fact]
    public async Task What_is_sent_again_was_asked_for_and_equals_the_first_sending()
    {
        UdpConversation udp = await UdpConversation.ReadAsync(Capture.Load(Loss));
        HashSet<ushort> asked = [];
        Dictionary<ushort, byte[]> first = udp.To(udp.ReceiverAudioPort).ToDictionary(piece => Header(piece.Bytes).Sequence, piece => piece.Bytes);
        int again = 0;
        foreach (UdpConversation.Piece piece in udp.Pieces)
        {
            if (ResendRequest.TryParse(piece.Bytes, out ResendRequest request))
            {
                Assert.Equal((1, true), ((int)request.Sequence, request.Count > 0));
                for (int i = 0; i < request.Count; i++) asked.Add((ushort)(request.First + i));
            }
            else if (ResentPacket.TryUnwrap(piece.Bytes, out ReadOnlySpan<byte> packet))
            {
                ushort sequence = Header(packet).Sequence;
                Assert.Contains(sequence, asked);
                Assert.Equal(first[sequence], packet);
                again++;
            }
        }

        // Two of the questions were lost themselves, and asked again.
        Assert.Equal((40, 40), (again, asked.Count));
    }

    private static string KindOf(UdpConversation.Piece piece, UdpConversation udp)
    {
        (bool, int, int) path = (piece.FromSender, piece.SourcePort, piece.DestinationPort);
        if (SyncPacket.TryParse(piece.Bytes, out _)) return At("sync", (true, udp.SenderControlPort, udp.ReceiverControlPort));
        if (ResentPacket.TryUnwrap(piece.Bytes, out _)) return At("resent", (true, udp.SenderControlPort, udp.ReceiverControlPort));
        if (ResendRequest.TryParse(piece.Bytes, out _)) return At("resend_request", (false, udp.ReceiverControlPort, udp.SenderControlPort));
        if (TimingPacket.TryParse(piece.Bytes, out TimingPacket timing))
        {
            return timing.IsReply
                ? At("timing_reply", (true, udp.SenderTimingPort, udp.ReceiverTimingPort))
                : At("timing_request", (false, udp.ReceiverTimingPort, udp.SenderTimingPort));
        }

        Assert.Equal(RtpHeader.Audio, Header(piece.Bytes).PayloadType);
        return At("audio", (true, piece.SourcePort, udp.ReceiverAudioPort));

        string At(string kind, (bool, int, int) expected)
        {
            Assert.Equal(expected, path);
            return kind;
        }
    }

    /// <summary>Whole packets by number, counted on over its wrap.</summary>
    /// <param name="fromResends">Whether a packet that was sent again is taken from there, as if the first sending had been lost.</param>
    private static SortedDictionary<long, byte[]> Audio(UdpConversation udp, bool fromResends)
    {
        SortedDictionary<long, byte[]> packets = [];
        ushort start = Header(udp.To(udp.ReceiverAudioPort).First().Bytes).Sequence;
        foreach (UdpConversation.Piece piece in udp.To(udp.ReceiverAudioPort))
        {
            long number = (ushort)(Header(piece.Bytes).Sequence - start);
            packets.TryAdd(number, [.. piece.Bytes]);
        }

        if (!fromResends) return packets;
        foreach (UdpConversation.Piece piece in udp.To(udp.ReceiverControlPort))
        {
            if (ResentPacket.TryUnwrap(piece.Bytes, out ReadOnlySpan<byte> packet)) packets[(ushort)(Header(packet).Sequence - start)] = packet.ToArray();
        }

        return packets;
    }

    private static RtpHeader Header(ReadOnlySpan<byte> packet)
    {
        Assert.True(RtpHeader.TryParse(packet, out RtpHeader header));
        return header;
    }
}
