namespace Raop.Interop.Tests.Lab;

/// <summary>Where things are: the tool as built beside the tests, the shipped data, the peers' scripts.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The tool as built with these tests, or another build of it that RAOP_TOOL names.</summary>
    public static string Tool { get; } = Environment.GetEnvironmentVariable("RAOP_TOOL") is { Length: > 0 } other
        ? other
        : Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "Raop.Cli.exe" : "Raop.Cli");

    public static string TestData(params string[] parts) => Path.Combine([Root, "testdata", .. parts]);

    public static string PeerScript(string name) => Path.Combine(Root, "tests", "Raop.Interop.Tests", "peers", name + ".sh");

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Raop.slnx"))) folder = Path.GetDirectoryName(folder);
        return folder ?? throw new DirectoryNotFoundException($"No Raop.slnx above {AppContext.BaseDirectory}.");
    }
}
