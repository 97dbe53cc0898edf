namespace Raop.Apps.Tests.Cli;

/// <summary>Where the files are that tests read.</summary>
internal static class Repository
{
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    private static string Find(string directory) =>
        File.Exists(Path.Combine(directory, "Raop.slnx")) ? directory : Find(Path.GetDirectoryName(directory) ?? throw new DirectoryNotFoundException("Raop.slnx"));
}
