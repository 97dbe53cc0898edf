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

    /// <summary>What a linker packs and this system's loader does not know would be a program that does not start.</summary>
    [Theory, InlineData("0x24 (RELR)", 0, true), InlineData("0x7 (RELA)", 0, false), InlineData("0x24 (RELR)", 1, false), InlineData("0x24 (RELR)", 0, false, "--baseline")]
    public Task Packs_relocations_where_they_can_be_run(string dynamicSection, int code, bool packs, params string[] arguments) => PeerLab.RunAsync(
        async lab =>
        {
            if (!OperatingSystem.IsLinux()) Assert.Skip("Relocations are those of ELF files.");
            string folder = await LinkAsync(lab, [.. Base, "grep", "flock", "true as objcopy"]);
            string linked = "for a in \"$@\"; do [ \"$last\" = -o ] && out=$a; last=$a; done\n" + $"printf '#!/bin/sh\\nexit {code}\\n' >\"$out\" && chmod +x \"$out\"";
            File.CreateSymbolicLink(Path.Combine(folder, "chmod"), Need.Find("chmod")!);
            await WriteProgramAsync(Path.Combine(folder, "gcc"), linked);
            await WriteProgramAsync(Path.Combine(folder, "readelf"), $"echo ' {dynamicSection}'");
            await WriteProgramAsync(Path.Combine(folder, "dotnet"), "echo \"$@\"; exit 1"); // its output is shown when it fails
            Child child = Child.Start(Need.Find("bash")!, [lab.PathOf("publish"), .. arguments], new Dictionary<string, string> { ["PATH"] = folder });
            Assert.Equal(1, await child.ExitAsync(TestContext.Current.CancellationToken));
            Assert.Contains("-p:NativeAot=true", child.Errors, StringComparison.Ordinal);
            Assert.Equal(packs, child.Errors.Contains("-p:NativePackedRelocations=true", StringComparison.Ordinal));
        },
        isolated: false);

    private static Task FailsAsync(string remedy, string[] programs, params string[] arguments) => PeerLab.RunAsync(
        async lab =>
        {
            if (OperatingSystem.IsWindows()) Assert.Skip("./publish is a script for bash.");
            string folder = await LinkAsync(lab, programs);
            Child child = Child.Start(Need.Find("bash")!, [lab.PathOf("publish"), .. arguments], new Dictionary<string, string> { ["PATH"] = folder });
            Assert.Equal(1, await child.ExitAsync(TestContext.Current.CancellationToken));
            Assert.Empty(child.OutputText);
            string[] said = child.Errors.TrimEnd().Split('\n')[^2..];
            Assert.StartsWith("publish: ", said[0], StringComparison.Ordinal);
            Assert.StartsWith("  try: ", said[1], StringComparison.Ordinal);
            Assert.Contains(remedy, said[1], StringComparison.Ordinal);
        },
        isolated: false);

    /// <summary>A copy of the script, and a folder with these programs and no others.</summary>
    private static async Task<string> LinkAsync(PeerLab lab, string[] programs)
    {
        string folder = lab.PathOf("bin");
        Directory.CreateDirectory(folder);
        foreach (string program in programs)
        {
            string[] names = program.Split(" as ");
            if (names[0] == "nuget") await WriteProgramAsync(Path.Combine(folder, names[1]), "echo 'error NU1101: Unable to find package Microsoft.DotNet.ILCompiler.'; exit 1");
            else File.CreateSymbolicLink(Path.Combine(folder, names[^1]), Need.Find(names[0])!);
        }

        File.Copy(NativeTool.Script, lab.PathOf("publish"));
        return folder;
    }

    private static async Task WriteProgramAsync(string path, string text)
    {
        await File.WriteAllTextAsync(path, "#!/bin/sh\n" + text + "\n", TestContext.Current.CancellationToken);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
