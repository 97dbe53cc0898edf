using CsCheck;
using Raop.Rtp;

namespace Raop.Tests.Rtp;

public sealed class RtpHeaderTests
{
    private static readonly Dictionary<string, (string Hex, RtpHeader Header)> Vectors = new()
    {
        ["first packet, captured"] = ("80E0B191F77916C2E8BB6B2C", new(true, 96, 45_457, 4_151_908_034, 3_904_596_780)),
        ["everything zero"] = ("800000000000000000000000", default),
        ["everything wraps"] = ("80FFFFFFFFFFFFFFFFFFFFFF", new(true, 127, ushort.MaxValue, uint.MaxValue, uint.MaxValue)),
    };

    public static TheoryData<string> Names => new(Vectors.Keys);

    [Theory, MemberData(nameof(Names))]
    public void Reads_and_writes(string name)
    {
        byte[] bytes = Convert.FromHexString(Vectors[name].Hex), written = new byte[RtpHeader.Size];
        Assert.True(RtpHeader.TryParse(bytes, out RtpHeader header));
        Assert.Equal(Vectors[name].Header, header);
        header.WriteTo(written);
        Assert.Equal(bytes, written);
    }

    [Theory, MemberData(nameof(Names))]
    public void Refuses_every_truncation(string name) => Assert.All(
        Enumerable.Range(0, RtpHeader.Size),
        length => Assert.False(RtpHeader.TryParse(Convert.FromHexString(Vectors[name].Hex).AsSpan(0, length), out _)));

    [Theory]
    [InlineData(0x00)]
    [InlineData(0x40)]
    [InlineData(0xC0)]
    [InlineData(0xF0)] // VLC's bytes over TCP
    [InlineData(0xA0)] // padding
    [InlineData(0x90)] // extension
    [InlineData(0x81)] // one CSRC
    public void Refuses_other_versions_and_longer_headers(byte first)
    {
        byte[] packet = new byte[RtpHeader.Size];
        packet[0] = first;
        Assert.False(RtpHeader.TryParse(packet, out _));
    }

    [Fact]
    public void Reads_what_it_wrote() => Gen.Select(Gen.Bool, Gen.Byte[0, 127], Gen.UShort, Gen.UInt, Gen.UInt).Sample((marker, type, seq, time, ssrc) =>
    {
        byte[] bytes = new byte[RtpHeader.Size + 3];
        var header = new RtpHeader(marker, type, seq, time, ssrc);
        header.WriteTo(bytes);
        Assert.True(RtpHeader.TryParse(bytes, out RtpHeader read));
        Assert.Equal(header, read);
    }, iter: 500);
}
