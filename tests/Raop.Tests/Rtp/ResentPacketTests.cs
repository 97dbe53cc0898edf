using CsCheck;
using Raop.Rtp;

namespace Raop.Tests.Rtp;

public sealed class ResentPacketTests
{
    private const string Whole = "80D600018060B19501020304E8BB6B2C000102030405060708090A0B0C0D0E0F";

    [Fact]
    public void Unwraps_the_original_packet()
    {
        byte[] bytes = Convert.FromHexString(Whole);
        Assert.True(ResentPacket.TryUnwrap(bytes, out ReadOnlySpan<byte> packet));
        Assert.Equal(bytes[4..], packet.ToArray());
        Assert.True(RtpHeader.TryParse(packet, out RtpHeader header));
        Assert.Equal(new RtpHeader(false, 96, 45_461, 16_909_060, 3_904_596_780), header);
    }

    [Fact]
    public void The_short_form_of_iOS_has_no_packet() => // prefix and the first four bytes of a header
        Assert.False(ResentPacket.TryUnwrap(Convert.FromHexString("80D600018060B195"), out _));

    [Fact]
    public void Refuses_every_length_without_a_whole_header() => Assert.All(
        Enumerable.Range(0, ResentPacket.PrefixSize + RtpHeader.Size),
        length => Assert.False(ResentPacket.TryUnwrap(Convert.FromHexString(Whole).AsSpan(0, length), out _)));

    [Fact]
    public void Takes_no_other_type_with_or_without_the_marker() => Assert.All(Enumerable.Range(0, 256), type =>
    {
        byte[] bytes = Convert.FromHexString(Whole);
        bytes[1] = (byte)type;
        Assert.Equal(type is 0x56 or 0xD6, ResentPacket.TryUnwrap(bytes, out _));
    });

    [Fact]
    public void Unwraps_what_it_wrapped() => Gen.Select(Gen.UShort, Gen.Byte.Array[RtpHeader.Size, 1500]).Sample((number, original) =>
    {
        byte[] bytes = new byte[ResentPacket.PrefixSize + original.Length];
        ResentPacket.WritePrefix(bytes, number);
        original.CopyTo(bytes, ResentPacket.PrefixSize);
        Assert.Equal($"80D6{number:X4}", Convert.ToHexString(bytes, 0, 4));
        Assert.True(ResentPacket.TryUnwrap(bytes, out ReadOnlySpan<byte> packet));
        Assert.Equal(original, packet.ToArray());
    }, iter: 200);
}
