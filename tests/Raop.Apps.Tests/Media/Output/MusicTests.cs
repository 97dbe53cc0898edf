using System.Security.Cryptography;

namespace Raop.Apps.Tests.Media.Output;

public sealed class MusicTests
{
    [Fact]
    public async Task The_shipped_piece_is_what_its_readme_says()
    {
        Programs.Require("flac");
        string folder = Path.Combine(Root(), "testdata", "music");
        byte[] samples = await Programs.RunAsync(
            "flac", "-dcs", "--force-raw-format", "--endian=little", "--sign=signed", Path.Combine(folder, "bach-bwv846-prelude.flac"));
        string readme = await File.ReadAllTextAsync(Path.Combine(folder, "README.md"), TestContext.Current.CancellationToken);
        Assert.Contains(Convert.ToHexStringLower(SHA256.HashData(samples)), readme, StringComparison.Ordinal);
        Assert.Equal(754_859 * 4, samples.Length);
        Assert.All(samples[..(44_100 / 4 * 4)], value => Assert.Equal(0, value));
    }

    private static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Raop.slnx"))) folder = Path.GetDirectoryName(folder);
        return folder ?? throw new DirectoryNotFoundException("No Raop.slnx above the tests.");
    }
}
