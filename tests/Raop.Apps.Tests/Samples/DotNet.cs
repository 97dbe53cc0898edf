using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Raop.Apps.Tests.Samples;

/// <summary>Programs that the host <c>dotnet</c> runs, each with a limit: a hung one fails its test.</summary>
internal static class DotNet
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    /// <summary>The folder with <c>dotnet</c>, <c>sdk</c> and <c>packs</c>.</summary>
    public static string Root { get; } = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));

    /// <summary>The program of a folder in <c>samples</c>, built with the tests: beside theirs, in the same configuration.</summary>
    public static string Sample(string name)
    {
        string mine = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
        return Path.GetFullPath(Path.Combine(mine, "..", "..", name, Path.GetFileName(mine), name + ".dll"));
    }

    /// <summary>Starts a program; its three streams are the caller's.</summary>
    public static Process Start(string program, params string[] arguments) => Process.Start(
        new ProcessStartInfo(Path.Combine(Root, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"), [program, .. arguments])
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;

    /// <summary>Runs a program, with nothing to read, to its end.</summary>
    public static async Task<(int Code, string Output, string Error)> RunAsync(string program, params string[] arguments)
    {
        using Process process = Start(program, arguments);
        process.StandardInput.Close();
        return await EndAsync(process);
    }

    /// <summary>Reads what a program still says and waits for its end; kills it when that takes too long.</summary>
    public static async Task<(int Code, string Output, string Error)> EndAsync(Process process)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token), error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>The first line with a text in it.</summary>
    public static async Task<string> LineAsync(StreamReader lines, string text)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        while (await lines.ReadLineAsync(limit.Token) is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal)) return line;
        }

        throw new EndOfStreamException($"It ended without a line with '{text}'.");
    }
}
