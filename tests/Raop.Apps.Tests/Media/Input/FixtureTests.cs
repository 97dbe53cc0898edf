using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Raop.Media;

namespace Raop.Apps.Tests.Media.Input;

/// <summary>Kept files of other programs, so that a machine without those programs tests the formats as well: testdata/media/README.md.</summary>
public class FixtureTests
{
    [Theory]
    [InlineData("music-16-stereo.flac", "dfee3b027aab18d1a97ecaefdb3f05b5fb8be45644ab11d411d6f96a9d0a241f")]
    [InlineData("music-24-stereo.flac", "64992c71d197da39327e9f114335441d3e7e900ef98983e7fa1415d54ba1080d")]
    [InlineData("noise-32-stereo.flac", "b5b0ab59147d8e37a51434fa96019b872ddbb317ae79d52e902e46fa3b524f7c")]
    [InlineData("wasted-16-mono.flac", "e2f509b2fbf27e4932f335986147c8b55ee3c936d87c0d0cd81741244ad49d87")]
    [InlineData("one-frame.flac", "4ed130f10f425630aa621c559337486fd4505d1b18f24c33434b705ce89c1ae8")]
    [InlineData("noise-16-stereo.flac", "e27ecbae0c868a750a52a60511d477c11500498edbb676e40cbcb71610c83518")]
    [InlineData("music-16-mono.aiff", "9850a5a4e77efd911262dc40345f23b53de3782742b80202bd3c7bff2b5cd198")]
    public async Task Decodes_to_the_samples_it_was_made_from(string file, string sha256) =>
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(await Reading.ReadFileAsync(PathOf(file)))));

    [Fact]
    public async Task Floats_made_of_16_bit_come_back_left_justified_in_32()
    {
        byte[] narrow = await Reading.ReadFileAsync(PathOf("music-16-mono.aiff")), wide = await Reading.ReadFileAsync(PathOf("music-float-mono.wav"));
        Assert.Equal(narrow.Length * 2, wide.Length);
        for (int i = 0; i < narrow.Length / 2; i++)
            Assert.Equal([0, 0, narrow[2 * i], narrow[(2 * i) + 1]], wide[(4 * i)..((4 * i) + 4)]);
    }

    [Theory]
    [InlineData("music-16-stereo.flac")]
    [InlineData("noise-32-stereo.flac")]
    [InlineData("one-frame.flac")]
    [InlineData("music-16-mono.aiff")]
    [InlineData("music-float-mono.wav")]
    public async Task Every_truncation_is_one_clear_error(string file)
    {
        byte[] content = await File.ReadAllBytesAsync(PathOf(file), TestContext.Current.CancellationToken);
        byte[] pcm = await Reading.ReadFileAsync(PathOf(file));
        for (int length = 0; length < content.Length; length++)
        {
            (byte[] read, RaopException? error) = await Reading.TryReadAsync(content[..length]);
            Assert.True(error is { Error: RaopError.CorruptFile or RaopError.UnsupportedFormat }, $"{length} bytes: {error}");
            Assert.True(pcm.AsSpan().StartsWith(read));
        }
    }

    internal static string PathOf(string file, [CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../../testdata/media", file));
}
