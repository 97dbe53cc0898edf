using System.Text.Json;
using Raop.Apps.Tests.Media.Input;
using Raop.Apps.Tests.Media.Output;
using Raop.Audio;
using Raop.Cli;
using Raop.Media;

namespace Raop.Apps.Tests.Cli;

public sealed class AlacTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("a.m4a", 44_100, 16, 2, "4096")]
    [InlineData("a.caf", 48_000, 24, 1, "352")]
    [InlineData("a.M4A", 96_000, 24, 2, "2")] // one frame a packet is ALAC too, but ffmpeg takes it for old uncompressed QuickTime sound
    [InlineData("a.caf", 8_000, 16, 1, "16384")]
    public async Task Goes_to_ALAC_and_back_to_the_bit_and_ffmpeg_agrees(string name, int rate, int bits, int channels, string frames)
    {
        using var scratch = new ScratchDirectory();
        var format = new PcmFormat(rate, bits, channels);
        byte[] samples = await Music.WriteWavAsync(scratch["in.wav"], 9_001, format: format);
        (int code, string output, string error) = await ToolRun.RunAsync("alac", "encode", scratch["in.wav"], scratch[name], "--frames", frames, "--json");
        Assert.Equal((0, ""), (code, error));
        JsonElement done = ToolRun.Json(output);
        Assert.Equal("converted", done.GetProperty("event").GetString());
        Assert.Equal(9_001, done.GetProperty("frames").GetInt64());
        Assert.Equal((9_001 + int.Parse(frames) - 1) / int.Parse(frames), done.GetProperty("packets").GetInt64());
        Assert.Equal(new FileInfo(scratch[name]).Length, done.GetProperty("bytes").GetInt64());

        (code, _, _) = await ToolRun.RunAsync("alac", "decode", scratch[name], scratch["out.wav"]);
        Assert.Equal(0, code);
        WavReader copy = WavReader.Read(await File.ReadAllBytesAsync(scratch["out.wav"], Cancel));
        Assert.Equal(format, copy.Format);
        Assert.Equal(samples, copy.Samples);
        (code, _, _) = await ToolRun.RunAsync("alac", "decode", scratch[name], scratch["out.pcm"]);
        Assert.Equal(0, code);
        Assert.Equal(samples, await File.ReadAllBytesAsync(scratch["out.pcm"], Cancel));

        Tools.Need("ffmpeg");
        Assert.Equal(samples, await Tools.FfmpegDecodeAsync(scratch[name], bits));
    }

    [Fact]
    public async Task More_effort_makes_a_smaller_file_of_the_same_samples()
    {
        using var scratch = new ScratchDirectory();
        string music = Path.Combine(Repository.Root, "testdata/music/bach-bwv846-prelude.flac");
        var sizes = new Dictionary<string, long>();
        var samples = new List<byte[]>();
        foreach (string effort in new[] { "fast", "default", "best" })
        {
            (int code, _, string error) = await ToolRun.RunAsync("alac", "encode", music, scratch[effort + ".m4a"], "--effort", effort);
            Assert.True(code == 0, error);
            sizes[effort] = new FileInfo(scratch[effort + ".m4a"]).Length;
            (code, _, error) = await ToolRun.RunAsync("alac", "decode", scratch[effort + ".m4a"], scratch[effort + ".raw"]);
            Assert.True(code == 0, error);
            samples.Add(await File.ReadAllBytesAsync(scratch[effort + ".raw"], Cancel));
        }

        Assert.True(sizes["best"] < 0.99 * sizes["fast"] && sizes["best"] < 0.99 * sizes["default"], string.Join(", ", sizes));
        Assert.All(samples, other => Assert.Equal(samples[0], other));
        await ToolRun.RunAsync("alac", "encode", music, scratch["plain.m4a"]);
        Assert.Equal(await File.ReadAllBytesAsync(scratch["default.m4a"], Cancel), await File.ReadAllBytesAsync(scratch["plain.m4a"], Cancel));
    }

    [Fact]
    public async Task Keeps_the_tags_of_a_FLAC_file()
    {
        using var scratch = new ScratchDirectory();
        string music = Path.Combine(Repository.Root, "testdata/music/bach-bwv846-prelude.flac");
        (int code, _, string error) = await ToolRun.RunAsync("alac", "encode", music, scratch["a.m4a"]);
        Assert.True(code == 0, error);
        await using IMediaSource before = await MediaSource.OpenAsync(music, cancellationToken: Cancel);
        await using IMediaSource after = await MediaSource.OpenAsync(scratch["a.m4a"], cancellationToken: Cancel);
        Assert.Equal((before.Title, before.Artist, before.Album, before.Length), (after.Title, after.Artist, after.Album, after.Length));
    }

    [Fact]
    public async Task Replaces_a_file_only_when_told_so()
    {
        using var scratch = new ScratchDirectory();
        await Music.WriteWavAsync(scratch["in.wav"], 100);
        await File.WriteAllTextAsync(scratch["a.m4a"], "precious", Cancel);
        (int code, _, string error) = await ToolRun.RunAsync("alac", "encode", scratch["in.wav"], scratch["a.m4a"]);
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "output-failed");
        Assert.Contains("--force", error, StringComparison.Ordinal);
        Assert.Equal("precious", await File.ReadAllTextAsync(scratch["a.m4a"], Cancel));
        (code, _, _) = await ToolRun.RunAsync("alac", "encode", scratch["in.wav"], scratch["a.m4a"], "--force");
        Assert.Equal(0, code);
        Assert.NotEqual(8, new FileInfo(scratch["a.m4a"]).Length);
    }

    [Fact]
    public async Task A_failure_leaves_nothing_behind_and_what_was_there()
    {
        using var scratch = new ScratchDirectory();
        await Music.WriteWavAsync(scratch["in.wav"], 50_000);
        await ToolRun.RunAsync("alac", "encode", scratch["in.wav"], scratch["a.m4a"]);
        byte[] file = await File.ReadAllBytesAsync(scratch["a.m4a"], Cancel);
        file.AsSpan(20_000, 60_000).Fill(0xFF); // packets in the middle
        await File.WriteAllBytesAsync(scratch["a.m4a"], file, Cancel);
        await File.WriteAllTextAsync(scratch["out.wav"], "precious", Cancel);
        (int code, _, string error) = await ToolRun.RunAsync("alac", "decode", scratch["a.m4a"], scratch["out.wav"], "--force");
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "corrupt-file");
        Assert.Equal("precious", await File.ReadAllTextAsync(scratch["out.wav"], Cancel));
        Assert.Equal(["a.m4a", "in.wav", "out.wav"], Directory.GetFiles(scratch.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task What_is_not_ALAC_is_not_decoded()
    {
        using var scratch = new ScratchDirectory();
        await Music.WriteWavAsync(scratch["in.wav"], 100);
        (int code, _, string error) = await ToolRun.RunAsync("alac", "decode", scratch["in.wav"], scratch["out.wav"]);
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "unsupported-format");
        Assert.False(File.Exists(scratch["out.wav"]));
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_said()
    {
        using var scratch = new ScratchDirectory();
        await Music.WriteWavAsync(scratch["in.wav"], 100);
        (int code, _, string error) = await ToolRun.RunAsync("alac", "encode", scratch["in.wav"], Path.Combine(scratch.Path, "none", "a.m4a"));
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "output-failed");
    }

    [Fact]
    public async Task A_bar_is_drawn_on_a_terminal_only()
    {
        using var scratch = new ScratchDirectory();
        await Music.WriteWavAsync(scratch["in.wav"], 100_000);
        var error = new LineWriter();
        int code = await Program.RunAsync(["alac", "encode", scratch["in.wav"], scratch["a.m4a"]], new ToolConsole(TextWriter.Null, error) { IsTerminal = true }, Cancel);
        Assert.Equal(0, code);
        Assert.Contains("a.m4a", error.ToString(), StringComparison.Ordinal);
        (_, _, string plain) = await ToolRun.RunAsync("alac", "encode", scratch["in.wav"], scratch["b.m4a"]);
        Assert.Single(plain.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
