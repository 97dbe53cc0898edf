using System.Diagnostics;
using Alac.Tests.Containers;

namespace Alac.Tests;

/// <summary>FFmpeg's encoder and decoder, which share no code with ours, as the judge.</summary>
public sealed class FfmpegTests : IDisposable
{
    private static readonly bool IsInstalled = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, OperatingSystem.IsWindows() ? "ffmpeg.exe" : "ffmpeg")));

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("alac-");

    public static TheoryData<int, int, string> Formats
    {
        get
        {
            var formats = new TheoryData<int, int, string>();
            foreach (int depth in (int[])[16, 24])
            {
                foreach (int channels in (int[])[1, 2])
                {
                    foreach (string extension in (string[])["m4a", "caf"]) formats.Add(depth, channels, extension);
                }
            }

            return formats;
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory, MemberData(nameof(Formats))]
    public async Task We_decode_what_it_encodes(int depth, int channels, string extension)
    {
        SkipWithoutFfmpeg();
        foreach ((string name, byte[] pcm, AlacConfig config) in Material(depth, channels, 4096))
        {
            string path = Path.Combine(_folder.FullName, $"theirs.{extension}");
            string[] output = ["-c:a", "alac", "-sample_fmt", depth == 16 ? "s16p" : "s32p", "-bits_per_raw_sample", $"{depth}", path];
            await RunAsync(pcm, [.. Raw(config), "-i", "-", .. output]);
            byte[] decoded = Files.Decode(await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
            Assert.True(pcm.AsSpan().SequenceEqual(decoded), $"{name}: {pcm.Length} bytes became {decoded.Length}");
        }
    }

    [Theory, MemberData(nameof(Formats))]
    [InlineData(20, 1, "m4a")] // FFmpeg decodes these depths, but does not encode them; escape packets of 32 bit stereo it refuses
    [InlineData(20, 2, "m4a")]
    [InlineData(32, 1, "m4a")]
    public async Task It_decodes_what_we_encode(int depth, int channels, string extension)
    {
        SkipWithoutFfmpeg();
        foreach (int frameLength in (int[])[352, 4096])
        {
            foreach ((string name, byte[] pcm, AlacConfig config) in Material(depth, channels, frameLength))
            {
                string path = Path.Combine(_folder.FullName, $"ours.{extension}");
                foreach (AlacEffort effort in Enum.GetValues<AlacEffort>())
                {
                    byte[] file = extension == "caf" ? Files.EncodeCaf(config, pcm, effort: effort) : Files.EncodeM4a(config, pcm, effort: effort);
                    await File.WriteAllBytesAsync(path, file, TestContext.Current.CancellationToken);
                    byte[] decoded = await RunAsync([], ["-i", path, .. Raw(config), "-"]);
                    Assert.True(pcm.AsSpan().SequenceEqual(decoded), $"{name}, {frameLength}, {effort}: {pcm.Length} bytes became {decoded.Length}");
                }
            }
        }
    }

    [Fact]
    public async Task It_reads_our_texts()
    {
        SkipWithoutFfmpeg();
        string path = Path.Combine(_folder.FullName, "tagged.m4a");
        AlacConfig config = new();
        byte[] file = Files.EncodeM4a(config, Signals.Make("sine", config, 100), new Dictionary<string, string> { ["title"] = "Größe", ["album"] = "A" });
        await File.WriteAllBytesAsync(path, file, TestContext.Current.CancellationToken);
        string text = System.Text.Encoding.UTF8.GetString(await RunAsync([], ["-i", path, "-f", "ffmetadata", "-"]));
        Assert.Contains("title=Größe", text, StringComparison.Ordinal);
        Assert.Contains("album=A", text, StringComparison.Ordinal);
    }

    private static void SkipWithoutFfmpeg() => Assert.SkipUnless(IsInstalled, "ffmpeg is not installed (Debian: apt-get install ffmpeg).");

    private static IEnumerable<(string Name, byte[] Pcm, AlacConfig Config)> Material(int depth, int channels, int frameLength)
    {
        AlacConfig config = new() { BitDepth = depth, Channels = channels, FrameLength = frameLength };
        yield return ("one frame", Signals.Make("sine", config, 1), config);
        yield return ("one packet", Signals.Make("chord", config, frameLength), config);
        byte[] all = [.. Signals.Names.SelectMany(name => Signals.Make(name, config, 5000))];
        yield return ("everything", all, config);
    }

    private static string[] Raw(AlacConfig config) =>
        ["-f", $"s{(config.BitDepth + 7) / 8 * 8}le", "-ar", $"{config.SampleRate}", "-ac", $"{config.Channels}"];

    private static async Task<byte[]> RunAsync(byte[] input, string[] arguments)
    {
        CancellationToken cancel = TestContext.Current.CancellationToken;
        ProcessStartInfo start = new("ffmpeg") { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["-v", "error", "-y", .. arguments]) start.ArgumentList.Add(argument);
        using Process process = Process.Start(start) ?? throw new InvalidOperationException("ffmpeg did not start.");
        Task<string> errors = process.StandardError.ReadToEndAsync(cancel);
        var output = new MemoryStream();
        Task reading = process.StandardOutput.BaseStream.CopyToAsync(output, cancel);
        await process.StandardInput.BaseStream.WriteAsync(input, cancel);
        process.StandardInput.Close();
        await reading;
        await process.WaitForExitAsync(cancel);
        Assert.True(process.ExitCode == 0, await errors);
        return output.ToArray();
    }
}
