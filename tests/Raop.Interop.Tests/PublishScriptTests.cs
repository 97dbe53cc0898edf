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

    [Fact]
    public Task Licences_and_notices_of_what_it_contains_are_beside_it() => ContainingAsync(
        async lab =>
        {
            await WritePackageAsync(lab, "runtime", "Microsoft", "<license type=\"expression\">MIT</license>");
            await File.WriteAllTextAsync(lab.PathOf("runtime/LICENSE.TXT"), "Do what you like.\n");
            await File.WriteAllTextAsync(lab.PathOf("runtime/THIRD-PARTY-NOTICES.TXT"), "License notice for zlib\n");
            await WritePackageAsync(lab, "library", "© Somebody", "<license type=\"expression\">MIT</license>");
            File.Copy(lab.PathOf("runtime/THIRD-PARTY-NOTICES.TXT"), lab.PathOf("library/THIRD-PARTY-NOTICES.TXT"));
        },
        async (lab, child) =>
        {
            Assert.True(await child.ExitAsync(TestContext.Current.CancellationToken) == 0, child.Errors);
            string[] said = (await File.ReadAllTextAsync(lab.PathOf("out/THIRD-PARTY-NOTICES.txt"))).Split(new string('-', 80));
            Assert.Equal(3, said.Length);
            Assert.Equal("\nruntime 1.2.3\nhttps://example.net/\n\nDo what you like.\n\nNotices of runtime:\n\nLicense notice for zlib\n\n", said[1]);
            Assert.StartsWith("\nlibrary 1.2.3\nhttps://example.net/\n\nThe MIT License (MIT)\n\nCopyright (c) Somebody\n\nPermission is hereby granted", said[2], StringComparison.Ordinal);
            Assert.EndsWith("SOFTWARE.\n\nIts notices are those of runtime.\n", said[2], StringComparison.Ordinal);
            Assert.True(File.Exists(lab.PathOf("out/raop")));
        });

    [Fact]
    public Task What_has_no_licence_is_not_published() => ContainingAsync(
        async lab =>
        {
            await WritePackageAsync(lab, "runtime", "Microsoft", "<license type=\"expression\">MIT</license>");
            await WritePackageAsync(lab, "library", "Somebody", "<licenseUrl>https://example.net/licence</licenseUrl>");
        },
        async (lab, child) =>
        {
            Assert.Equal(1, await child.ExitAsync(TestContext.Current.CancellationToken));
            Assert.Contains("publish: the licence of library 1.2.3 is not known.", child.Errors, StringComparison.Ordinal);
            Assert.False(File.Exists(lab.PathOf("out/raop")));
        });

    /// <summary>The script with a compiler that makes a file of two packages, runtime and library.</summary>
    private static Task ContainingAsync(Func<PeerLab, Task> write, Func<PeerLab, Child, Task> check) => PeerLab.RunAsync(
        async lab =>
        {
            if (OperatingSystem.IsWindows()) Assert.Skip("./publish is a script for bash.");
            string folder = await LinkAsync(lab, [.. Base, "grep", "head", "cmp", "install", "mv", "wc", "chmod", "true as gcc", "true as objcopy"]);
            File.Copy(Path.Combine(Repository.Root, "LICENSE"), lab.PathOf("LICENSE"));
            await write(lab);
            string compiler = $"for a in \"$@\"; do [ \"$last\" = -o ] && out=$a; last=$a; done; mkdir -p \"$out\"; echo >\"$out/Raop.Cli\"; chmod +x \"$out/Raop.Cli\"\n" +
                $"printf '%s\\n' '{lab.PathOf("runtime")}/' '{lab.PathOf("library")}/' >\"$out/contents.txt\"";
            await WriteProgramAsync(Path.Combine(folder, "dotnet"), compiler);
            Child child = Child.Start(Need.Find("bash")!, [lab.PathOf("publish"), "--output", lab.PathOf("out")], new Dictionary<string, string> { ["PATH"] = folder });
            await check(lab, child);
        },
        isolated: false);

    private static async Task WritePackageAsync(PeerLab lab, string name, string copyright, string licence)
    {
        Directory.CreateDirectory(lab.PathOf(name));
        string text = $"<package>\n  <metadata>\n    <id>{name}</id>\n    <version>1.2.3</version>\n    {licence}\n    <projectUrl>https://example.net/</projectUrl>\n" +
            $"    <copyright>{copyright}</copyright>\n  </metadata>\n</package>\n";
        await File.WriteAllTextAsync(lab.PathOf($"{name}/{name}.nuspec"), text, TestContext.Current.CancellationToken);
    }

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
