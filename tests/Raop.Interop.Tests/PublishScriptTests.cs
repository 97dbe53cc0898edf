using Raop.Interop.Tests.Lab;

namespace Raop.Interop.Tests;

/// <summary>./publish where it cannot: two lines, the cause and a remedy, before anything is made.</summary>
public class PublishScriptTests
{
    private static readonly string[] Base = ["bash", "sed", "dirname", "uname", "ls", "mktemp", "rm", "mkdir", "cat"];

    [Fact]
    public Task For_another_system() => FailsAsync("on such a machine", Base, "--runtime", "win-x64");

    [Fact]
    public Task Without_dotnet() => FailsAsync(".NET 10 SDK", Base);

    [Fact]
    public Task Without_a_linker() => FailsAsync("apt-get install gcc", [.. Base, "true as dotnet"]);

    [Fact]
    public Task Without_the_C_library_s_files() => FailsAsync("libc6-dev", [.. Base, "true as dotnet", "false as gcc"]);

    [Fact]
    public Task Without_the_compiler_s_packages() =>
        FailsAsync("dotnet nuget add source", [.. Base, "nuget as dotnet", "true as gcc", "true as objcopy", "grep"]);

    private static Task FailsAsync(string remedy, string[] programs, params string[] arguments) => PeerLab.RunAsync(
        async lab =>
        {
            if (OperatingSystem.IsWindows()) Assert.Skip("./publish is a script for bash.");
            string folder = lab.PathOf("bin");
            Directory.CreateDirectory(folder);
            foreach (string program in programs)
            {
                string[] names = program.Split(" as ");
                if (names[0] == "nuget") await WriteProgramAsync(Path.Combine(folder, names[1]), "echo 'error NU1101: Unable to find package Microsoft.DotNet.ILCompiler.'; exit 1");
                else File.CreateSymbolicLink(Path.Combine(folder, names[^1]), Need.Find(names[0])!);
            }

            File.Copy(NativeTool.Script, lab.PathOf("publish"));
            Child child = Child.Start(Need.Find("bash")!, [lab.PathOf("publish"), .. arguments], new Dictionary<string, string> { ["PATH"] = folder });
            Assert.Equal(1, await child.ExitAsync(TestContext.Current.CancellationToken));
            Assert.Empty(child.OutputText);
            string[] said = child.Errors.TrimEnd().Split('\n')[^2..];
            Assert.StartsWith("publish: ", said[0], StringComparison.Ordinal);
            Assert.StartsWith("  try: ", said[1], StringComparison.Ordinal);
            Assert.Contains(remedy, said[1], StringComparison.Ordinal);
        },
        isolated: false);

    private static async Task WriteProgramAsync(string path, string text)
    {
        await File.WriteAllTextAsync(path, "#!/bin/sh\n" + text + "\n", TestContext.Current.CancellationToken);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
