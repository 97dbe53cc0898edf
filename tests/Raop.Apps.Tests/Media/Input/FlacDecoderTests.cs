using System.Security.Cryptography;
using Raop.Media;
using Raop.Media.Input.Flac;
using Raop.Tests;

namespace Raop.Apps.Tests.Media.Input;

/// <summary>The three files that RFC 9639 decodes step by step in appendix D, with the samples stated there.</summary>
public class FlacDecoderTests
{
    private static readonly Dictionary<string, (string File, string Pcm)> Vectors = new()
    {
        ["1: verbatim, wasted bits"] = (
            "664c6143 80000022 10001000 00000f00000f 0ac442f0 00000001 3e84b41807dc690307586a3dad1a2e0f fff8691800 00bf0358fd0312 8baa9a",
            "f463 b028"),
        ["2: fixed, side and right, seek table, tags"] = (
            """
            664c6143 00000022 00100010 000017000044 0ac442f0 00000013 d5b0564975e98b8d8b930422757b8103 03000012 0000000000000000 0000000000000000 0010
            0400003a 20000000 7265666572656e6365206c6962464c414320312e332e33203230313930383034 01000000 0e000000 5449544c453dd7a9d79cd795d79d
            81000006 000000000000
            fff86998000f9912 086701623d144299 8f5df70d6fe00c17 caeb21000ee7a77a 24a1590c1217b603 097b784faa9a33d2 85e070ad5b1b4851 b4010d99d2cd1a68 f1e6b810
            fff869180102a402 c382c40bc14a03ee 48dd03b67c1330
            """,
            """
            8428 B617 7946 3129 5E3A 2722 D445 D128 0B3D B723 EB45 DF28 723f 1E25 9D46 4929 B841 7026 5747 B829 8F43 8127 AEC7 14DF
            9FC4 41DD 54C7 E4DE A5C4 40DD 1EC6 33DE 82C3 90DC 0BC4 02DD 4AC1 3EDB
            """),
        ["3: linear prediction, four partitions, one escaped, 8 bit"] = (
            "664c6143 80000022 10001000 00001f00001f 07d00070 00000018 f8f9e396f5cbcfc6dc807f9977906b32 fff868020017 e944004f6f313d1047d227cb6d09 0831452bdc28222280 57a3",
            "004F 6F4E 08C3 A6BC F32A 4335 0DE5 D2DA F40E 1813 06FC FB00"),
    };

    private static readonly byte[] Sync = [0xFF, 0xF8];

    public static TheoryData<string> Names => new(Vectors.Keys);

    [Theory, MemberData(nameof(Names))]
    public async Task Decodes_the_examples_of_the_specification(string name)
    {
        (byte[] file, byte[] expected) = (Hex(Vectors[name].File), Hex(Vectors[name].Pcm));
#pragma warning disable CA5351 // MD5 is the format's checksum, no secret
        Assert.Equal(file.AsSpan(26, 16).ToArray(), MD5.HashData(expected)); // the vector is typed rightly
#pragma warning restore CA5351
        if (name[0] == '3') expected = [.. expected.SelectMany(b => new byte[] { 0, b })]; // 8 bit comes left-justified in 16
        await using IMediaSource source = await Reading.OpenMemoryAsync(file);
        Assert.Equal(expected, await source.ReadAllAsync());
        if (name[0] == '2') Assert.Equal("שלום", source.Title);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Refuses_every_truncation_and_every_flipped_bit_of_a_block(string name)
    {
        byte[] file = Hex(Vectors[name].File);
        int audio = file.AsSpan().IndexOf(Sync);
        for (int length = 0; length < file.Length; length++) Assert.NotNull((await Reading.TryReadAsync(file[..length])).Error);
        for (int bit = audio * 8; bit < file.Length * 8; bit++)
        {
            byte[] flipped = [.. file];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Equal(RaopError.CorruptFile, (await Reading.TryReadAsync(flipped)).Error?.Error);
        }
    }

    [Fact]
    public void Allocates_nothing_for_a_block()
    {
        byte[] file = File.ReadAllBytes(FixtureTests.PathOf("noise-32-stereo.flac"));
        Assert.True(FlacStreamInfo.TryParse(file.AsSpan(8), out FlacStreamInfo info));
        ReadOnlySpan<byte> block = file.AsSpan(file.AsSpan().IndexOf(Sync));
        var decoder = new FlacDecoder(info);
        Assert.Equal(FlacStatus.Decoded, decoder.Decode(block, out int consumed));
        Assert.Equal(block.Length, consumed);
        byte[] one = block.ToArray();
        Assert.Equal(0, Garbage.Of(() => decoder.Decode(one, out _)));
    }

    private static byte[] Hex(string hex) => Convert.FromHexString(string.Concat(hex.Where(c => !char.IsWhiteSpace(c))));
}
