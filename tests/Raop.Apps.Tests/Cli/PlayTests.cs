using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Raop.Apps.Tests.Media.Output;
using Raop.Audio;

namespace Raop.Apps.Tests.Cli;

public sealed class PlayTests
{
    private const int Second = 44_100;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_played_to_local_is_in_the_file_to_the_bit()
    {
        using var scratch = new ScratchDirectory();
        byte[] samples = await Music.WriteWavAsync(scratch["in.wav"], Second + 17);
        (int code, string output, string error) = await ToolRun.RunAsync("play", scratch["in.wav"], "--to", "local", "--output", "wav:" + scratch["out.wav"]);
        Assert.Equal((0, ""), (code, output));
        WavReader copy = WavReader.Read(await File.ReadAllBytesAsync(scratch["out.wav"], Cancel));
        Assert.Equal(PcmFormat.AirTunes, copy.Format);
        Assert.Equal(samples, copy.Samples);
        Assert.Contains("Connected to 127.0.0.1:", error, StringComparison.Ordinal);
        Assert.Contains("Playing in (WAV, 0:01)", error, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b", error, StringComparison.Ordinal);
    }

    [Theory, InlineData("in.wav"), InlineData("./in.wav"), InlineData("symbolic.wav"), InlineData("folder/in.wav"), InlineData("hard.wav")]
    public async Task Never_writes_over_its_own_input(string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs links");
        using var scratch = new ScratchDirectory();
        await Music.WriteWavAsync(scratch["in.wav"], 1000);
        File.CreateSymbolicLink(scratch["symbolic.wav"], "in.wav");
        Directory.CreateSymbolicLink(scratch["folder"], scratch.Path);
        await Programs.RunAsync("ln", scratch["in.wav"], scratch["hard.wav"]);
        byte[] before = await File.ReadAllBytesAsync(scratch["in.wav"], Cancel);
        foreach (string kind in new[] { "wav:", "raw:" })
        {
            (int code, _, string error) = await ToolRun.RunAsync("play", scratch["in.wav"], "--to", "local", "--output", kind + scratch[name]);
            Assert.Equal(2, code);
            ToolRun.AssertOneError(error, "usage");
            Assert.Contains("The output is the input", error, StringComparison.Ordinal);
        }

        Assert.Equal(before, await File.ReadAllBytesAsync(scratch["in.wav"], Cancel));
    }

    [Fact]
    public async Task Files_follow_each_other_without_a_gap_and_say_so_in_json()
    {
        using var scratch = new ScratchDirectory();
        byte[] first = await Music.WriteWavAsync(scratch["1.wav"], 10_000, seed: 1), second = await Music.WriteWavAsync(scratch["2.wav"], 12_345, seed: 2);
        (int code, string output, string error) = await ToolRun.RunAsync(
            "play", scratch["1.wav"], scratch["2.wav"], "--to", "local", "--output", "raw:" + scratch["out.raw"], "--json", "--encryption", "none", "--transport", "tcp");
        Assert.Equal((0, ""), (code, error));
        byte[] both = [.. first, .. second];
        Assert.Equal(both, await File.ReadAllBytesAsync(scratch["out.raw"], Cancel));
        Assert.Equal(["connected", "playing", "playing", "ended"], ToolRun.Names(output).Where(static name => name != "warning"));
        JsonElement[] lines = [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(ToolRun.Json)];
        JsonElement playing = lines.First(static line => line.GetProperty("event").GetString() == "playing");
        Assert.Equal(
            ["event", "input", "title", "artist", "album", "format", "seconds", "changed"], playing.EnumerateObject().Select(static property => property.Name));
        Assert.False(lines[0].GetProperty("encrypted").GetBoolean());
        Assert.Equal(("ALAC", "tcp"), (lines[0].GetProperty("codec").GetString(), lines[0].GetProperty("transport").GetString()));
        Assert.Equal(JsonValueKind.Null, lines[0].GetProperty("latency").ValueKind);
        Assert.Equal("finished", lines[^1].GetProperty("cause").GetString());
        Assert.Equal(6, lines[^1].GetProperty("packets").GetInt64()); // 22,345 frames of 4096
    }

    [Fact]
    public async Task Says_when_samples_are_changed()
    {
        using var scratch = new ScratchDirectory();
        await Music.WriteWavAsync(scratch["a.wav"], 4800, format: new PcmFormat(48_000, 24, 1));
        (int code, _, string error) = await ToolRun.RunAsync("play", scratch["a.wav"], "--to", "local", "--output", "null");
        Assert.Equal(0, code);
        Assert.Contains("Samples are changed: 48000 Hz → 44100 Hz", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Says_that_a_volume_changes_the_samples()
    {
        using var scratch = new ScratchDirectory();
        await Music.WriteWavAsync(scratch["a.wav"], 1000);
        (int code, _, string error) = await ToolRun.RunAsync("play", scratch["a.wav"], "--to", "local", "--output", "null", "--volume", "50%");
        Assert.Equal(0, code);
        Assert.Contains("Volume 50 %: the receiver changes the samples", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Starts_in_the_middle()
    {
        using var scratch = new ScratchDirectory();
        byte[] samples = await Music.WriteWavAsync(scratch["in.wav"], Second);
        (int code, _, _) = await ToolRun.RunAsync("play", scratch["in.wav"], "--to", "local", "--output", "raw:" + scratch["out.raw"], "--start", "0:00.75");
        Assert.Equal(0, code);
        Assert.Equal(samples[(33_075 * 4)..], await File.ReadAllBytesAsync(scratch["out.raw"], Cancel));
    }

    [Fact]
    public async Task A_start_beyond_the_end_is_wrong_usage()
    {
        using var scratch = new ScratchDirectory();
        await Music.WriteWavAsync(scratch["in.wav"], 100);
        (int code, _, string error) = await ToolRun.RunAsync("play", scratch["in.wav"], "--to", "local", "--output", "null", "--start", "1");
        Assert.Equal(2, code);
        ToolRun.AssertOneError(error, "usage");
    }

    [Fact]
    public async Task Raw_samples_need_their_format_and_play_with_it()
    {
        using var scratch = new ScratchDirectory();
        byte[] samples = Music.Samples(5000);
        await File.WriteAllBytesAsync(scratch["a.raw"], samples, Cancel);
        string[] arguments = ["play", scratch["a.raw"], "--to", "local", "--output", "raw:" + scratch["out.raw"]];
        (int code, _, string error) = await ToolRun.RunAsync(arguments);
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "unsupported-format");
        (code, _, _) = await ToolRun.RunAsync([.. arguments, "--raw-format", "44100:16:2"]);
        Assert.Equal(0, code);
        Assert.Equal(samples, await File.ReadAllBytesAsync(scratch["out.raw"], Cancel));
    }

    [Fact]
    public async Task A_missing_file_is_said_before_anything_is_connected()
    {
        using var scratch = new ScratchDirectory();
        await Music.WriteWavAsync(scratch["in.wav"], 100);
        (int code, _, string error) = await ToolRun.RunAsync("play", scratch["none.flac"], "--to", "127.0.0.1:1");
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "file-not-found");
        (code, _, error) = await ToolRun.RunAsync("play", scratch["in.wav"], scratch["none.flac"], "--to", "127.0.0.1:1");
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "file-not-found");
    }

    [Fact]
    public async Task Text_that_is_called_music_is_an_unsupported_format()
    {
        using var scratch = new ScratchDirectory();
        await File.WriteAllTextAsync(scratch["song.wav"], "It was a dark and stormy night.", Cancel);
        (int code, _, string error) = await ToolRun.RunAsync("play", scratch["song.wav"], "--to", "127.0.0.1:1");
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "unsupported-format");
    }

    [Fact]
    public async Task A_later_input_that_fails_lets_the_ones_before_it_be_heard()
    {
        using var scratch = new ScratchDirectory();
        byte[] samples = await Music.WriteWavAsync(scratch["1.wav"], 20_000);
        await File.WriteAllTextAsync(scratch["2.wav"], "No music at all.", Cancel);
        (int code, _, string error) = await ToolRun.RunAsync("play", scratch["1.wav"], scratch["2.wav"], "--to", "local", "--output", "raw:" + scratch["out.raw"]);
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "unsupported-format");
        Assert.Equal(samples, await File.ReadAllBytesAsync(scratch["out.raw"], Cancel));
    }

    [Fact]
    public async Task A_truncated_FLAC_is_a_corrupt_file()
    {
        using var scratch = new ScratchDirectory();
        byte[] whole = await File.ReadAllBytesAsync(Path.Combine(Repository.Root, "testdata/music/bach-bwv846-prelude.flac"), Cancel);
        await File.WriteAllBytesAsync(scratch["half.flac"], whole[..50_000], Cancel);
        (int code, _, string error) = await ToolRun.RunAsync("play", scratch["half.flac"], "--to", "local", "--output", "null");
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "corrupt-file");
    }

    [Fact]
    public async Task A_closed_port_is_refused()
    {
        using var scratch = new ScratchDirectory();
        await Music.WriteWavAsync(scratch["in.wav"], 100);
        (int code, string output, string error) = await ToolRun.RunAsync("play", scratch["in.wav"], "--to", $"127.0.0.1:{FreePort()}", "--json");
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "refused");
        Assert.Equal("refused", ToolRun.Json(output).GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_web_server_is_no_receiver()
    {
        using var scratch = new ScratchDirectory();
        await Music.WriteWavAsync(scratch["in.wav"], 100);
        int port = FreePort();
        using var server = new HttpListener { Prefixes = { $"http://127.0.0.1:{port}/" } };
        server.Start();
        (int code, _, string error) = await ToolRun.RunAsync("play", scratch["in.wav"], "--to", $"127.0.0.1:{port}");
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "not-raop-receiver");
    }

    [Fact]
    public async Task A_full_disk_is_the_outputs_error_not_the_connections()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "needs /dev/full");
        using var scratch = new ScratchDirectory();
        await Music.WriteWavAsync(scratch["in.wav"], Second);
        foreach (string output in new[] { "wav:/dev/full", "raw:/dev/full" })
        {
            (int code, _, string error) = await ToolRun.RunAsync("play", scratch["in.wav"], "--to", "local", "--output", output);
            Assert.Equal(1, code);
            ToolRun.AssertOneError(error, "output-failed");
        }
    }

    [Fact]
    public async Task Interrupting_leaves_a_whole_WAV_file()
    {
        using var scratch = new ScratchDirectory();
        byte[] samples = await Music.WriteWavAsync(scratch["in.wav"], 60 * Second);
        ToolRun run = ToolRun.Start("play", scratch["in.wav"], "--to", "local", "--output", "wav:" + scratch["out.wav"], "--json");
        await run.EventAsync("playing");
        run.Interrupt();
        (int code, _, string error) = await run.EndAsync();
        Assert.Equal((130, ""), (code, error));
        WavReader copy = WavReader.Read(await File.ReadAllBytesAsync(scratch["out.wav"], Cancel));
        Assert.Equal(samples[..copy.Samples.Length], copy.Samples);
        Assert.Equal("interrupted", (await run.EventAsync("ended")).GetProperty("cause").GetString());
    }

    [Fact]
    public async Task On_a_terminal_keys_work_and_q_is_a_good_end()
    {
        using var scratch = new ScratchDirectory();
        await Music.WriteWavAsync(scratch["1.wav"], 60 * Second);
        await Music.WriteWavAsync(scratch["2.wav"], 60 * Second);
        using var keys = new System.Collections.Concurrent.BlockingCollection<ConsoleKeyInfo>();
        var error = new LineWriter();
        var console = new Raop.Cli.ToolConsole(TextWriter.Null, error) { IsTerminal = true, ReadKey = () => keys.Take(Cancel), Width = static () => 100 };
        Task<int> running = Raop.Cli.Program.RunAsync(["play", scratch["1.wav"], scratch["2.wav"], "--to", "local", "--output", "null"], console, Cancel);
        await LineAsync(error, "Playing 1 (WAV, 1:00)");
        keys.Add(Key(ConsoleKey.RightArrow), Cancel);
        keys.Add(Key(ConsoleKey.Spacebar), Cancel);
        keys.Add(Key(ConsoleKey.DownArrow), Cancel);
        keys.Add(Key(ConsoleKey.Spacebar), Cancel);
        keys.Add(Key(ConsoleKey.N), Cancel);
        await LineAsync(error, "Playing 2 (WAV, 1:00)");
        keys.Add(Key(ConsoleKey.Q), Cancel);
        Assert.Equal(0, await running);
        Assert.Contains("vol 95%", error.ToString(), StringComparison.Ordinal);

        static ConsoleKeyInfo Key(ConsoleKey key) => new('\0', key, false, false, false);

        static async Task LineAsync(LineWriter lines, string end)
        {
            while (!(await lines.ReadLineAsync()).EndsWith(end, StringComparison.Ordinal))
            {
            }
        }
    }

    /// <summary>A port that nobody listens on.</summary>
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
