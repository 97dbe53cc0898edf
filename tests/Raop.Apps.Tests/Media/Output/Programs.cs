using System.Diagnostics;

namespace Raop.Apps.Tests.Media.Output;

/// <summary>Programs of other people that tests compare with.</summary>
internal static class Programs
{
    /// <summary>Skips the test unless all of them are installed; says which is missing.</summary>
    public static void Require(params string[] names)
    {
        string[] missing = [.. names.Where(name => Find(name) is null)];
        Assert.SkipUnless(missing.Length == 0, $"needs {string.Join(", ", missing)}");
    }

    /// <summary>Where a program is installed, or null.</summary>
    public static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists);

    /// <summary>Runs a program to its end; its standard output as bytes. Fails on another exit code than 0.</summary>
    public static async Task<byte[]> RunAsync(string name, params string[] arguments)
    {
        var start = new ProcessStartInfo(name, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        using var output = new MemoryStream();
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.StandardOutput.BaseStream.CopyToAsync(output, TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{name} {string.Join(' ', arguments)}: {await errors}");
        return output.ToArray();
    }
}
