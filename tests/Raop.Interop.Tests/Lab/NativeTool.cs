using System.Runtime.Intrinsics.X86;

namespace Raop.Interop.Tests.Lab;

/// <summary>The tool compiled ahead of time, made by ./publish once for all tests.</summary>
internal static class NativeTool
{
    private static readonly Lazy<Task<(string Program, string? Missing)>> Made = new(PublishAsync);

    public static string Script { get; } = Path.Combine(Repository.Root, "publish");

    /// <summary>Does something with the program; skips the test where the compiler cannot be had.</summary>
    public static async Task RunAsync(Func<PeerLab, Task> test)
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS()) Assert.Skip("./publish is a script for bash.");
        if (Need.Find("clang") is null && Need.Find("gcc") is null) Need.Programs("gcc");
        Need.Programs("bash", "objcopy");
        (string program, string? missing) = await Made.Value; // before the lab, whose tests have two minutes
        if (missing is not null) Assert.Skip(missing);
        await PeerLab.RunAsync(lab =>
        {
            lab.Tool = program;
            return test(lab);
        });
    }

    private static async Task<(string Program, string? Missing)> PublishAsync()
    {
        string folder = Path.Combine(Repository.Root, "artifacts", "test", "native");
        string[] flavour = OperatingSystem.IsLinux() && !Avx2.IsSupported ? ["--baseline"] : [];
        Child publish = Child.Start(Script, ["--output", folder, .. flavour]);
        if (await publish.ExitAsync(CancellationToken.None) == 0) return (Path.Combine(folder, "raop"), null);
        return publish.Errors.Contains("packages cannot be had", StringComparison.Ordinal)
            ? ("", "Missing: NuGet packages of the native compiler, which come from the network.")
            : throw new InvalidOperationException(publish.Errors);
    }
}
