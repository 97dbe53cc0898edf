namespace Alac.Tests;

/// <summary>The files of testdata/alac; its README says where they come from.</summary>
internal static class TestData
{
    /// <summary>Files with ALAC, and the SHA-256 of the PCM that FFmpeg decodes them to.</summary>
    public static readonly Dictionary<string, (int Frames, string Sha256)> Files = new()
    {
        ["stereo16.m4a"] = (8820, "e1c584124cc41ec0750fc052f5bb989cb99cd63ef73fd4718574c49fabba1ae6"),
        ["stereo16.caf"] = (8820, "e1c584124cc41ec0750fc052f5bb989cb99cd63ef73fd4718574c49fabba1ae6"),
        ["stereo24.m4a"] = (8820, "a3fbe2fafef1ee51b932783edd5f0c0be800dde25eea376d94fff55e48317835"),
        ["mono24.caf"] = (4800, "e323d636e5ca1c96d4f27ad59d34477e96243776d81b2cbbca19c4c40698787d"),
        ["tagged-mono16.m4a"] = (4800, "16f8480362bee6e03681fd24cff486421312149a64e67944f95599927400dbe5"),
        ["video-first.mov"] = (4800, "16f8480362bee6e03681fd24cff486421312149a64e67944f95599927400dbe5"),
        ["disputed.m4a"] = (1400, "73028b16b1b2fef917aabdca12dae9221420659bddffb05ba54155000ab4b0f5"),
        ["one-frame.m4a"] = (1, "0630c63e06c692e7e4a896961eb70ab20a83ede67ddbca6ee4c88f807885d36e"),
    };

    public static TheoryData<string> Names => new(Files.Keys);

    public static string Folder { get; } = Find();

    public static byte[] Read(string name) => File.ReadAllBytes(Path.Combine(Folder, name));

    private static string Find()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Raop.slnx"))) return Path.Combine(folder, "testdata", "alac");
        }

        throw new InvalidOperationException("Raop.slnx is in no folder above the tests.");
    }
}
