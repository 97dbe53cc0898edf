using System.Diagnostics;
using System.Runtime.InteropServices;
using Raop.Apps.Tests.Media.Output;

namespace Raop.Apps.Tests.Cli;

/// <summary>What shows only in a process of its own: signals, standard output as audio.</summary>
public sealed class ProcessTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_signal_ends_it_in_good_order(string signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs signals");
        using var scratch = new ScratchDirectory();
        byte[] samples = await Music.WriteWavAsync(scratch["in.wav"], 60 * 44_100);
        using Process raop = Start("play", scratch["in.wav"], "--to", "local", "--output", "wav:" + scratch["out.wav"], "--json");
        while (!(await raop.StandardOutput.ReadLineAsync(Cancel))!.Contains("\"playing\"", StringComparison.Ordinal))
        {
        }

        await Programs.RunAsync("kill", "-s", signal, $"{raop.Id}");
        await raop.WaitForExitAsync(Cancel);
        Assert.Equal(130, raop.ExitCode);
        WavReader copy = WavReader.Read(await File.ReadAllBytesAsync(scratch["out.wav"], Cancel));
        Assert.Equal(samples[..copy.Samples.Length], copy.Samples);
    }

    [Fact]
    public async Task Standard_output_carries_audio_and_standard_error_the_events()
    {
        using var scratch = new ScratchDirectory();
        byte[] samples = await Music.WriteWavAsync(scratch["in.wav"], 5000);
        using Process raop = Start("play", scratch["in.wav"], "--to", "local", "--output", "-", "--json");
        var output = new MemoryStream();
        Task<string> events = raop.StandardError.ReadToEndAsync(Cancel);
        await raop.StandardOutput.BaseStream.CopyToAsync(output, Cancel);
        Assert.Equal(samples, output.ToArray());
        Assert.Equal(["connected", "playing", "ended"], ToolRun.Names(await events).Where(static name => name != "warning"));
    }

    [Fact]
    public async Task Standard_input_is_played()
    {
        using var scratch = new ScratchDirectory();
        byte[] samples = await Music.WriteWavAsync(scratch["in.wav"], 5000);
        using Process raop = Start("play", "-", "--to", "local", "--output", "raw:" + scratch["out.raw"]);
        await raop.StandardInput.BaseStream.WriteAsync(await File.ReadAllBytesAsync(scratch["in.wav"], Cancel), Cancel);
        raop.StandardInput.Close();
        await raop.WaitForExitAsync(Cancel);
        Assert.Equal(0, raop.ExitCode);
        Assert.Equal(samples, await File.ReadAllBytesAsync(scratch["out.raw"], Cancel));
    }

    [Theory]
    [InlineData("--version")]
    [InlineData("play --help")]
    [InlineData("receive --json --port 0 --bind 127.0.0.1 --output null")]
    [InlineData("devices --json")]
    public async Task A_full_standard_output_is_one_error(string arguments)
    {
        (int code, string error) = await InShellAsync(arguments + " >/dev/full");
        if (arguments.StartsWith("devices", StringComparison.Ordinal) && code == 0) return; // no devices, nothing to write
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "output-failed");
    }

    [Theory]
    [InlineData("--version", 0)]
    [InlineData("play", 2)]
    [InlineData("play none.wav --to local --output null", 1)]
    public async Task A_full_standard_error_stops_nothing(string arguments, int expected) =>
        Assert.Equal((expected, ""), await InShellAsync(arguments + " 2>/dev/full"));

    [Fact]
    public async Task Music_plays_on_without_standard_error()
    {
        using var scratch = new ScratchDirectory();
        byte[] samples = await Music.WriteWavAsync(scratch["in.wav"], 5000);
        Assert.Equal((0, ""), await InShellAsync($"play {scratch["in.wav"]} --to local --output raw:{scratch["out.raw"]} 2>/dev/full"));
        Assert.Equal(samples, await File.ReadAllBytesAsync(scratch["out.raw"], Cancel));
    }

    private static async Task<(int Code, string Error)> InShellAsync(string arguments)
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "needs /dev/full");
        using Process shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"exec \"$0\" \"$1\" {arguments}", Host, Tool])
        {
            UseShellExecute = false, RedirectStandardError = true,
        })!;
        string error = await shell.StandardError.ReadToEndAsync(Cancel);
        await shell.WaitForExitAsync(Cancel);
        return (shell.ExitCode, error);
    }

    private static string Host => Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");

    private static string Tool => Path.Combine(AppContext.BaseDirectory, "Raop.Cli.dll");

    private static Process Start(params string[] arguments)
    {
        return Process.Start(new ProcessStartInfo(Host, [Tool, .. arguments])
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
    }
}
