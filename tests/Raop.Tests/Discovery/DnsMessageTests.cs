using System.Net;
using CsCheck;
using Raop.Discovery;

namespace Raop.Tests.Discovery;

public sealed class DnsMessageTests
{
    private static readonly DnsName Instance = DnsName.Parse(@"001122334455@Küche 2\.0._raop._tcp.local");
    private static readonly DnsName Type = DnsName.Parse("_raop._tcp.local"), Host = DnsName.Parse("one.local");

    private static readonly Gen<DnsName> Names =
        Gen.String[Gen.Char['a', 'd'], 1, 6].Array[0, 6].Select(labels => labels.Aggregate(DnsName.Parse("local"), (name, label) => name.Prepend(label)));

    private static readonly Gen<DnsData> Data = Gen.OneOf<DnsData>(
        Names.Select(name => (DnsData)new DnsPointer(name)),
        Gen.Select(Names, Gen.UShort, Gen.UShort).Select((name, port, weight) => (DnsData)new DnsService(name, port, 1, weight)),
        Gen.Byte.Array[16].Select(bytes => (DnsData)new DnsAddress(new IPAddress(bytes))),
        Gen.Byte.Array[4].Select(bytes => (DnsData)new DnsAddress(new IPAddress(bytes))),
        Gen.Byte.Array[0, 40].Select(bytes => (DnsData)new DnsText(bytes)),
        Gen.Byte.Array[0, 40].Select(bytes => (DnsData)new DnsRaw(bytes)),
        Gen.Select(Names, Gen.Int[0, 254].Array[0, 5]).Select((name, types) =>
            (DnsData)new DnsNsec(name, [.. types.Distinct().Order().Select(type => (DnsType)type)])));

    private static readonly Gen<DnsRecord> Records = Gen.Select(Names, Data, Gen.UInt, Gen.Bool).Select((name, data, ttl, unique) =>
        new DnsRecord(name, TypeOf(data), ttl, data, unique));

    [Fact]
    public void Reads_a_probe_of_avahi()
    {
        DnsMessage probe = Parse(DnsPackets.Probe);
        Assert.False(probe.IsResponse);
        Assert.True(probe.IsOrdinary);
        Assert.Equal([new DnsQuestion(Instance, DnsType.Any)], probe.Questions);
        Assert.Equal(
            [new DnsRecord(Instance, DnsType.Srv, 120, new DnsService(Host, 5000)), new DnsRecord(Instance, DnsType.Txt, 4500, probe.Authorities[1].Data)],
            probe.Authorities);
    }

    [Fact]
    public void Reads_an_announcement_of_avahi()
    {
        DnsMessage said = Parse(DnsPackets.Announcement);
        Assert.True(said.IsResponse);
        Assert.Equal("001122334455@Küche 2.0", said.Answers[0].Name.FirstLabel);
        Assert.Equal(
            new Dictionary<string, string> { ["txtvers"] = "1", ["cn"] = "0,1", ["pw"] = "false", ["sf"] = "0x4" },
            Assert.IsType<DnsText>(said.Answers[0].Data).Values);
        Assert.Equal(
            [
                new DnsRecord(Type, DnsType.Ptr, 4500, new DnsPointer(Instance)),
                new DnsRecord(Instance, DnsType.Srv, 120, new DnsService(Host, 5000), IsUnique: true),
                new DnsRecord(Host, DnsType.Aaaa, 120, new DnsAddress(IPAddress.Parse("fe80::7843:20ff:fe4f:e29b")), IsUnique: true),
                new DnsRecord(Host, DnsType.A, 120, new DnsAddress(IPAddress.Parse("10.77.0.1")), IsUnique: true),
                new DnsRecord(DnsName.Parse("_services._dns-sd._udp.local"), DnsType.Ptr, 4500, new DnsPointer(Type)),
            ],
            said.Answers.Skip(1));
        Assert.All(Parse(DnsPackets.Goodbye).Answers, gone => Assert.Equal(gone.Name == Host ? 120u : 0, gone.Ttl));
    }

    [Fact]
    public void Compresses_no_worse_than_avahi() => Assert.All(DnsPackets.All, packet =>
    {
        byte[] written = Parse(packet).ToArray();
        Assert.InRange(written.Length, DnsMessage.HeaderSize, packet.Length);
        AssertSame(Parse(packet), Parse(written));
    });

    [Fact]
    public void Writes_the_very_bytes_that_avahi_wrote() => Assert.Equal(DnsPackets.Probe, Parse(DnsPackets.Probe).ToArray());

    /// <summary>RFC 6762 section 6.1 and RFC 4034 section 4.3: types A, MX, RRSIG, NSEC and, in another window, TYPE1234.</summary>
    [Fact]
    public void Reads_the_bitmap_of_the_standard()
    {
        byte[] packet = DnsPackets.Hex(
            "000084000000000100000000" + "05616c706861076578616d706c6503636f6d00" + "002f00010001518000" + "37"
            + "04686f7374076578616d706c6503636f6d00" + "0006400100000003041b000000000000000000000000000000000000000000000000000020");
        var nsec = Assert.IsType<DnsNsec>(Parse(packet).Answers[0].Data);
        Assert.Equal("host.example.com", $"{nsec.Next}");
        Assert.Equal([DnsType.A, (DnsType)15, (DnsType)46, DnsType.Nsec], nsec.Types);
    }

    [Fact]
    public void Every_message_cut_short_is_refused() => Assert.All(DnsPackets.All, packet =>
    {
        for (int length = 0; length < packet.Length; length++) Assert.False(DnsMessage.TryParse(packet.AsSpan(0, length), out _), $"{length}");
    });

    [Fact]
    public void Every_flipped_bit_is_survived() => Assert.All(DnsPackets.All, packet =>
    {
        for (int bit = 0; bit < packet.Length * 8; bit++)
        {
            byte[] flipped = [.. packet];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            if (DnsMessage.TryParse(flipped, out DnsMessage? message)) AssertSame(message, Parse(message.ToArray()));
        }
    });

    [Fact]
    public void Noise_is_survived() => Gen.Byte.Array[0, 300].Sample(noise =>
    {
        foreach (byte[] packet in (byte[][])[noise, [.. DnsPackets.Probe.AsSpan(0, 12), .. noise], [0, 0, 0x84, 0, 0, 0, 0, 4, 0, 0, 0, 0, .. noise]])
        {
            if (DnsMessage.TryParse(packet, out DnsMessage? message)) AssertSame(message, Parse(message.ToArray()));
        }
    });

    [Theory]
    [InlineData("0000ffffffffffff")] // counts that no message of this size has
    [InlineData("0000020100000000")] // 513 questions
    public void Impossible_counts_are_refused(string counts) =>
        Assert.False(DnsMessage.TryParse([.. new byte[4], .. DnsPackets.Hex(counts)[2..], 0, 0, .. new byte[20_000]], out _));

    [Fact]
    public void Records_come_back_as_they_were() => Gen.Select(Records.Array[0, 8], Names.Array[0, 4], Gen.UShort).Sample((records, names, id) =>
    {
        var message = new DnsMessage
        {
            Id = id, Flags = DnsMessage.ResponseFlags, Questions = [.. names.Select(name => new DnsQuestion(name, DnsType.Any, id % 2 == 0))],
            Answers = records, Authorities = records[..(records.Length / 2)], Additionals = records[(records.Length / 2)..],
        };
        AssertSame(message, Parse(message.ToArray()));
    });

    [Fact]
    public void What_does_not_fit_leaves_no_trace() => Gen.Select(Records.Array[1, 20], Gen.Int[12, 300]).Sample((records, capacity) =>
    {
        var writer = new DnsWriter(capacity);
        writer.Begin(0, DnsMessage.ResponseFlags);
        DnsRecord[] fitted = [.. records.Where(record => writer.TryAdd(DnsSection.Answer, record))];
        Assert.InRange(writer.Written.Length, 12, capacity);
        Assert.Equal(fitted, Parse(writer.Written).Answers);
    });

    [Fact]
    public void Data_is_compared_uncompressed() =>
        Assert.Equal(
            DnsPackets.Hex("000000001388036f6e65056c6f63616c00"), new DnsService(Host, 5000).ToBytes());

    private static DnsType TypeOf(DnsData data) => data switch
    {
        DnsAddress address => address.Type,
        DnsPointer => DnsType.Ptr,
        DnsService => DnsType.Srv,
        DnsText => DnsType.Txt,
        DnsNsec => DnsType.Nsec,
        _ => (DnsType)0x1234,
    };

    private static DnsMessage Parse(ReadOnlySpan<byte> packet)
    {
        Assert.True(DnsMessage.TryParse(packet, out DnsMessage? message));
        return message;
    }

    private static void AssertSame(DnsMessage expected, DnsMessage actual)
    {
        Assert.Equal((expected.Id, expected.Flags), (actual.Id, actual.Flags));
        Assert.Equal(expected.Questions, actual.Questions);
        Assert.Equal(expected.Answers, actual.Answers);
        Assert.Equal(expected.Authorities, actual.Authorities);
        Assert.Equal(expected.Additionals, actual.Additionals);
    }
}
