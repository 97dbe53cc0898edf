using Raop.Interop.Tests.Lab;

namespace Raop.Interop.Tests;

/// <summary>./raop, with a stand-in for dotnet that only counts its builds.</summary>
public class LaunchScriptTests
{
    private const string FakeDotnet = """
        #!/bin/sh
        # builds/ gets a line for each build; the program says how often it was built
        root=$(cd "$(dirname "$0")/.." && pwd)
        echo built >>"$root/builds"
        grep -q broken "$root/src/Program.cs" && { echo "Program.cs(1,1): error CS1002"; exit 1; }
        mkdir -p "$root/artifacts/bin/Raop.Cli/release"
        printf '#!/bin/sh\necho "pid $$ arguments $*"; cat\n' >"$root/artifacts/bin/Raop.Cli/release/Raop.Cli"
        chmod +x "$root/artifacts/bin/Raop.Cli/release/Raop.Cli"
        """;

    [Fact]
    public Task Builds_when_sources_changed_and_only_then() => InTreeAsync(async (lab, root) =>
    {
        await RunAsync(root, builds: 1);
        await RunAsync(root, builds: 1);
        await WriteSourceAsync(root, "Program.cs", "changed");
        await RunAsync(root, builds: 2);
        await WriteSourceAsync(root, "New.cs", "new");
        await RunAsync(root, builds: 3);
        File.Delete(Path.Combine(root, "src", "New.cs"));
        await RunAsync(root, builds: 4);
        await RunAsync(root, builds: 4);
    });

    [Fact]
    public Task Of_many_at_once_one_builds() => InTreeAsync(async (lab, root) =>
    {
        Need.Programs("flock");
        Child[] all = [.. Enumerable.Range(0, 5).Select(_ => Start(root, Path.Combine(root, "raop"), "x"))];
        foreach (Child child in all) await child.SucceedsAsync();
        Assert.Single(await File.ReadAllLinesAsync(Path.Combine(root, "builds"), TestContext.Current.CancellationToken));
    });

    [Fact]
    public Task A_failed_build_shows_its_errors_and_is_tried_again() => InTreeAsync(async (lab, root) =>
    {
        await RunAsync(root, builds: 1);
        await WriteSourceAsync(root, "Program.cs", "broken");
        for (int builds = 2; builds <= 3; builds++)
        {
            Child child = Start(root, Path.Combine(root, "raop"));
            Assert.Equal(1, await child.ExitAsync(TestContext.Current.CancellationToken));
            Assert.Contains("error CS1002", child.Errors, StringComparison.Ordinal);
            Assert.Empty(child.Output);
        }

        await WriteSourceAsync(root, "Program.cs", "mended");
        await RunAsync(root, builds: 4);
    });

    [Fact]
    public Task Goes_through_links_from_anywhere_and_becomes_the_program() => InTreeAsync(async (lab, root) =>
    {
        string first = lab.PathOf("one"), second = lab.PathOf("two");
        File.CreateSymbolicLink(first, Path.Combine("tree with blanks", "raop")); // relative, as ln -s makes them
        File.CreateSymbolicLink(second, first);
        byte[] input = [0, 1, 2, 0xFF, 10, 13];
        Child child = Child.Start(second, ["a b", "--c"], PathWithFakeDotnet(root), new MemoryStream(input), folder: "/");
        await child.SucceedsAsync();
        Assert.StartsWith($"pid {child.Id} arguments a b --c\n", child.OutputText, StringComparison.Ordinal);
        Assert.Equal(input, child.Output[^input.Length..]);
    });

    [Fact]
    public Task Without_dotnet_it_says_how_to_get_it() => InTreeAsync(async (lab, root) =>
    {
        string programs = Path.Combine(root, "bin");
        File.Delete(Path.Combine(programs, "dotnet"));
        foreach (string name in new[] { "bash", "find", "head", "flock", "dirname", "readlink", "mkdir", "rm" })
            File.CreateSymbolicLink(Path.Combine(programs, name), Need.Find(name)!);
        Child child = Child.Start(Path.Combine(root, "raop"), [], new Dictionary<string, string> { ["PATH"] = programs });
        Assert.Equal(1, await child.ExitAsync(TestContext.Current.CancellationToken));
        Assert.Contains(".NET 10 SDK", Assert.Single(child.Errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
    });

    private static Task InTreeAsync(Func<PeerLab, string, Task> test) => PeerLab.RunAsync(
        async lab =>
        {
            if (OperatingSystem.IsWindows())
            {
                Assert.Skip("./raop is a script for bash.");
                return; // for the analyzer
            }

            string root = lab.PathOf("tree with blanks");
            Directory.CreateDirectory(Path.Combine(root, "src"));
            Directory.CreateDirectory(Path.Combine(root, "bin"));
            File.Copy(Path.Combine(Repository.Root, "raop"), Path.Combine(root, "raop"));
            foreach (string name in new[] { "Directory.Build.props", "Directory.Packages.props", "global.json", "BannedSymbols.txt", ".editorconfig" })
                await File.WriteAllTextAsync(Path.Combine(root, name), "", TestContext.Current.CancellationToken);
            await WriteSourceAsync(root, "Program.cs", "first");
            string dotnet = Path.Combine(root, "bin", "dotnet");
            await File.WriteAllTextAsync(dotnet, FakeDotnet, TestContext.Current.CancellationToken);
            File.SetUnixFileMode(dotnet, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            await test(lab, root);
        },
        isolated: false);

    private static async Task RunAsync(string root, int builds)
    {
        await Start(root, Path.Combine(root, "raop"), "x").SucceedsAsync();
        Assert.Equal(builds, (await File.ReadAllLinesAsync(Path.Combine(root, "builds"), TestContext.Current.CancellationToken)).Length);
    }

    private static Child Start(string root, string script, params string[] arguments) => Child.Start(script, arguments, PathWithFakeDotnet(root));

    private static Dictionary<string, string> PathWithFakeDotnet(string root) => new()
    {
        ["PATH"] = Path.Combine(root, "bin") + ":" + Environment.GetEnvironmentVariable("PATH"),
    };

    private static Task WriteSourceAsync(string root, string name, string text) =>
        File.WriteAllTextAsync(Path.Combine(root, "src", name), text, TestContext.Current.CancellationToken);
}
