using System.Diagnostics;

namespace Raop.Apps.Tests.Media.Input;

/// <summary>Programs that make and decode test files: other people's word on every format.</summary>
internal static class Tools
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Skips the test when a program is missing, saying which.</summary>
    public static void Need(params string[] programs)
    {
        foreach (string program in programs) Assert.SkipUnless(Has(program), $"{program} is not installed.");
    }

    public static bool Has(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>Runs a program; its standard output comes back. Fails the test if the program fails.</summary>
    public static async Task<byte[]> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync(Cancel);
        var output = new MemoryStream();
        await process.StandardOutput.BaseStream.CopyToAsync(output, Cancel);
        await process.WaitForExitAsync(Cancel);
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {await errors}");
        return output.ToArray();
    }

    /// <summary>A file's audio as ffmpeg decodes it.</summary>
    public static Task<byte[]> FfmpegDecodeAsync(string path, int bits) =>
        RunAsync("ffmpeg", "-v", "error", "-i", path, "-f", $"s{bits}le", "-c:a", $"pcm_s{bits}le", "-");

    /// <summary>Makes a file with ffmpeg out of raw samples.</summary>
    public static async Task FfmpegEncodeAsync(TestFolder folder, byte[] pcm, string rawFormat, int rate, int channels, string output, params string[] options)
    {
        string raw = folder.Write("input.pcm", pcm);
        await RunAsync("ffmpeg", ["-v", "error", "-y", "-f", rawFormat, "-ar", $"{rate}", "-ac", $"{channels}", "-i", raw, .. options, output]);
    }
}
