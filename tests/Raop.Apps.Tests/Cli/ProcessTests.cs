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

    private static Process Start(params string[] arguments)
    {
        string host = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        return Process.Start(new ProcessStartInfo(host, [Path.Combine(AppContext.BaseDirectory, "Raop.Cli.dll"), .. arguments])
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
    }
}
