using CsCheck;
using Raop.Rtp;

namespace Raop.Tests.Rtp;

public sealed class TimingPacketTests
{
    private static readonly Dictionary<string, (string Hex, TimingPacket Packet)> Vectors = new()
    {
        ["question, captured"] =
            ("80D20007000000000000000000000000000000000000000083C117CCAFBA9B32", new(false, 7, 0, 0, 0x83C117CC_AFBA9B32)),
        ["answer, captured"] =
            ("80D300070000000083C117CCAFBA9B3283C117CCB012CEB683C117CCB0141047",
                new(true, 7, 0x83C117CC_AFBA9B32, 0x83C117CC_B012CEB6, 0x83C117CC_B0141047)),
    };

    public static TheoryData<string> Names => new(Vectors.Keys);

    [Theory, MemberData(nameof(Names))]
    public void Reads_and_writes(string name)
    {
        byte[] bytes = Convert.FromHexString(Vectors[name].Hex), written = new byte[TimingPacket.Size];
        written.AsSpan().Fill(0xAA); // a used buffer leaves no trace
        Assert.True(TimingPacket.TryParse(bytes, out TimingPacket packet));
        Assert.Equal(Vectors[name].Packet, packet);
        packet.WriteTo(written);
        Assert.Equal(bytes, written);
    }

    [Theory, MemberData(nameof(Names))]
    public void Refuses_every_truncation(string name) => Assert.All(
        Enumerable.Range(0, TimingPacket.Size),
        length => Assert.False(TimingPacket.TryParse(Convert.FromHexString(Vectors[name].Hex).AsSpan(0, length), out _)));

    [Fact]
    public void Takes_no_other_type_with_or_without_the_marker() => Assert.All(Enumerable.Range(0, 256), type =>
    {
        byte[] bytes = Convert.FromHexString(Vectors["answer, captured"].Hex);
        bytes[1] = (byte)type;
        Assert.Equal(type is 0x52 or 0xD2 or 0x53 or 0xD3, TimingPacket.TryParse(bytes, out TimingPacket packet));
        Assert.Equal(type is 0x53 or 0xD3, packet.IsReply);
    });

    [Fact]
    public void A_question_begins_as_PipeWire_wants_it()
    {
        byte[] bytes = new byte[TimingPacket.Size];
        new TimingPacket(false, TimingPacket.UsualSequence, 0, 0, 1).WriteTo(bytes);
        Assert.Equal("80D20007", Convert.ToHexString(bytes, 0, 4));
    }

    [Fact]
    public void Reads_what_it_wrote() => Gen.Select(Gen.Bool, Gen.UShort, Gen.ULong, Gen.ULong, Gen.ULong).Sample((reply, number, origin, receive, transmit) =>
    {
        byte[] bytes = new byte[TimingPacket.Size + 1];
        var packet = new TimingPacket(reply, number, origin, receive, transmit);
        packet.WriteTo(bytes);
        Assert.True(TimingPacket.TryParse(bytes, out TimingPacket read));
        Assert.Equal(packet, read);
    }, iter: 500);
}
