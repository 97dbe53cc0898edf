using CsCheck;
using Raop.Rtp;

namespace Raop.Tests.Rtp;

public sealed class ResendRequestTests
{
    private static readonly Dictionary<string, (string Hex, ResendRequest Request)> Vectors = new()
    {
        ["three packets"] = ("80D50001B1950003", new(1, 45_461, 3)),
        ["across the wrap"] = ("80D50001FFFF0002", new(1, 65_535, 2)),
        ["hostile count"] = ("80D500010000FFFF", new(1, 0, 65_535)),
    };

    public static TheoryData<string> Names => new(Vectors.Keys);

    [Theory, MemberData(nameof(Names))]
    public void Reads_and_writes(string name)
    {
        byte[] bytes = Convert.FromHexString(Vectors[name].Hex), written = new byte[ResendRequest.Size];
        Assert.True(ResendRequest.TryParse(bytes, out ResendRequest request));
        Assert.Equal(Vectors[name].Request, request);
        request.WriteTo(written);
        Assert.Equal(bytes, written);
    }

    [Theory, MemberData(nameof(Names))]
    public void Refuses_every_truncation(string name) => Assert.All(
        Enumerable.Range(0, ResendRequest.Size),
        length => Assert.False(ResendRequest.TryParse(Convert.FromHexString(Vectors[name].Hex).AsSpan(0, length), out _)));

    [Fact]
    public void Takes_no_other_type_with_or_without_the_marker() => Assert.All(Enumerable.Range(0, 256), type =>
    {
        byte[] bytes = Convert.FromHexString(Vectors["three packets"].Hex);
        bytes[1] = (byte)type;
        Assert.Equal(type is 0x55 or 0xD5, ResendRequest.TryParse(bytes, out _));
    });

    [Fact]
    public void Reads_what_it_wrote() => Gen.Select(Gen.UShort, Gen.UShort, Gen.UShort).Sample((number, first, count) =>
    {
        byte[] bytes = new byte[ResendRequest.Size + 1];
        var request = new ResendRequest(number, first, count);
        request.WriteTo(bytes);
        Assert.True(ResendRequest.TryParse(bytes, out ResendRequest read));
        Assert.Equal(request, read);
    }, iter: 500);
}
