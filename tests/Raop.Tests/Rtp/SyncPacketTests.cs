using CsCheck;
using Raop.Rtp;

namespace Raop.Tests.Rtp;

public sealed class SyncPacketTests
{
    private static readonly Dictionary<string, (string Hex, SyncPacket Packet)> Vectors = new()
    {
        ["first, 88,200 frames, captured"] =
            ("90D400073E93BBF383B08F19BA24EA9B3E95147B", new(true, 7, 1_049_869_299, 0x83B08F19_BA24EA9B, 1_049_957_499)),
        ["iOS, 77,175 frames, captured"] =
            ("80D40004C7CD11A883AB1C492FE422E2C7CE3F1F", new(false, 4, 3_352_105_384, 0x83AB1C49_2FE422E2, 3_352_182_559)),
        ["RTP time has wrapped"] = ("80D40007FFFEA77883AA7E818000000000000000", new(false, 7, 0xFFFE_A778, 0x83AA7E81_80000000, 0)),
    };

    public static TheoryData<string> Names => new(Vectors.Keys);

    [Theory, MemberData(nameof(Names))]
    public void Reads_and_writes(string name)
    {
        byte[] bytes = Convert.FromHexString(Vectors[name].Hex), written = new byte[SyncPacket.Size];
        Assert.True(SyncPacket.TryParse(bytes, out SyncPacket packet));
        Assert.Equal(Vectors[name].Packet, packet);
        packet.WriteTo(written);
        Assert.Equal(bytes, written);
    }

    [Theory, MemberData(nameof(Names))]
    public void Refuses_every_truncation(string name) => Assert.All(
        Enumerable.Range(0, SyncPacket.Size),
        length => Assert.False(SyncPacket.TryParse(Convert.FromHexString(Vectors[name].Hex).AsSpan(0, length), out _)));

    [Fact]
    public void Tells_the_latency_even_across_the_wrap() =>
        Assert.All(Vectors.Values, vector => Assert.Contains(vector.Packet.Next - vector.Packet.PlayNow, new uint[] { 88_200, 77_175 }));

    [Fact]
    public void Takes_no_other_type_with_or_without_the_marker() => Assert.All(Enumerable.Range(0, 256), type =>
    {
        byte[] bytes = Convert.FromHexString(Vectors["first, 88,200 frames, captured"].Hex);
        bytes[1] = (byte)type;
        Assert.Equal(type is 0x54 or 0xD4, SyncPacket.TryParse(bytes, out _));
    });

    [Fact]
    public void Takes_version_2_alone_and_no_flag_but_the_extension() => Assert.All(Enumerable.Range(0, 256), first =>
    {
        byte[] bytes = Convert.FromHexString(Vectors["first, 88,200 frames, captured"].Hex);
        bytes[0] = (byte)first;
        Assert.Equal(first is 0x80 or 0x90, SyncPacket.TryParse(bytes, out SyncPacket packet));
        Assert.Equal(first == 0x90, packet.IsFirst);
    });

    [Fact]
    public void Reads_what_it_wrote() => Gen.Select(Gen.Bool, Gen.UShort, Gen.UInt, Gen.ULong, Gen.UInt).Sample((first, flags, now, ntp, next) =>
    {
        byte[] bytes = new byte[SyncPacket.Size + 4]; // what follows is not looked at
        var packet = new SyncPacket(first, flags, now, ntp, next);
        packet.WriteTo(bytes);
        Assert.True(SyncPacket.TryParse(bytes, out SyncPacket read));
        Assert.Equal(packet, read);
    }, iter: 500);
}
