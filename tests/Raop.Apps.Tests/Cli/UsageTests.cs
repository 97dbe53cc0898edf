namespace Raop.Apps.Tests.Cli;

public sealed class UsageTests
{
    [Theory]
    [InlineData("")]
    [InlineData("play")]
    [InlineData("receive")]
    [InlineData("alac")]
    [InlineData("alac encode")]
    [InlineData("alac decode")]
    [InlineData("devices")]
    [InlineData("list")]
    public async Task Help_has_an_example_of_the_command(string command)
    {
        (int code, string output, string error) = await ToolRun.RunAsync([.. Words(command), "--help"]);
        Assert.Equal((0, ""), (code, error));
        string examples = output[output.IndexOf("Example", StringComparison.Ordinal)..];
        Assert.Contains($"raop {command}".TrimEnd(), examples, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Alone_it_shows_help()
    {
        (int code, string output, _) = await ToolRun.RunAsync();
        Assert.Equal(0, code);
        Assert.Contains("Usage:", output, StringComparison.Ordinal);
        Assert.Contains("raop play", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Says_its_version()
    {
        (int code, string output, _) = await ToolRun.RunAsync("--version");
        Assert.Equal(0, code);
        Assert.Matches(@"^raop \d+\.\d+\.\d+\r?\n$", output);
    }

    [Theory]
    [InlineData("sing")]
    [InlineData("--loud")]
    [InlineData("play")]
    [InlineData("play a.wav")]
    [InlineData("play --to host")]
    [InlineData("play a.wav --to")]
    [InlineData("play a.wav --to host:x")]
    [InlineData("play a.wav --to host --port 0")]
    [InlineData("play a.wav --to host:1 --port 2")]
    [InlineData("play a.wav --to local --port 2")]
    [InlineData("play a.wav --to host --output null")]
    [InlineData("play a.wav --to local --output song.wav")]
    [InlineData("play a.wav --to host --transport pigeon")]
    [InlineData("play a.wav --to host --codec mp3")]
    [InlineData("play a.wav --to host --latency 0")]
    [InlineData("play a.wav --to host --latency 0.09")]
    [InlineData("play a.wav --to host --latency 11")]
    [InlineData("play a.wav --to host --latency NaN")]
    [InlineData("play a.wav --to host --latency 1,5")]
    [InlineData("play a.wav --to host --latency -1")]
    [InlineData("play a.wav --to host --latency 1 --transport tcp")]
    [InlineData("play a.wav --to host --udp-ports 6001")]
    [InlineData("play a.wav --to host --udp-ports 6001-6001")]
    [InlineData("play a.wav --to host --udp-ports 6010-6001")]
    [InlineData("play a.wav --to host --udp-ports 0-10")]
    [InlineData("play a.wav --to host --udp-ports 60000-65536")]
    [InlineData("play a.wav --to host --udp-ports a-b")]
    [InlineData("play a.wav --to host --udp-ports 6001-6010 --transport tcp")]
    [InlineData("play a.wav --to host --encryption rot13")]
    [InlineData("play a.wav --to host --volume 101")]
    [InlineData("play a.wav --to host --volume 40% --volume 50%")]
    [InlineData("play a.wav --to host --volume =40%")]
    [InlineData("play a.wav --to host --volume Kitchen=")]
    [InlineData("play a.wav --to host --delay Kitchen=+501ms")]
    [InlineData("play a.wav --to host --channel centre")]
    [InlineData("play a.wav --to host --start-at later")]
    [InlineData("play a.wav --to host --start-at +0")]
    [InlineData("play a.wav --to local --to host")]
    [InlineData("play a.wav --to host --to host:x")]
    [InlineData("play a.wav --to one --to two --port 5000")]
    [InlineData("play a.wav --to host --start later")]
    [InlineData("play a.wav --to host --raw-format cd")]
    [InlineData("play a.wav --to host --password x --password-file y")]
    [InlineData("play - --to host --password -")]
    [InlineData("play - - --to host")]
    [InlineData("play a.wav --to host --shuffle")]
    [InlineData("receive here")]
    [InlineData("receive --port 65536")]
    [InlineData("receive --bind host")]
    [InlineData("receive --output speaker")]
    [InlineData("receive --on-busy panic")]
    [InlineData("alac squeeze")]
    [InlineData("alac encode a.wav")]
    [InlineData("alac encode a.wav a.mp3")]
    [InlineData("alac encode a.wav a.m4a --frames 0")]
    [InlineData("alac encode a.wav a.m4a --frames 16385")]
    [InlineData("alac encode a.wav a.m4a --effort 2")]
    [InlineData("alac encode a.wav a.m4a --effort Best")]
    [InlineData("alac decode a.m4a a.wav --effort best")]
    [InlineData("alac decode a.m4a a.flac")]
    [InlineData("devices all")]
    [InlineData("list Kitchen")]
    [InlineData("list --timeout 0")]
    [InlineData("list --timeout soon")]
    [InlineData("list --timeout 1,5")]
    [InlineData("list --timeout 3601")]
    [InlineData("list --cached --watch")]
    [InlineData("list --cached --timeout 2")]
    public async Task Wrong_usage_is_one_error_and_exit_code_2(string arguments)
    {
        (int code, string output, string error) = await ToolRun.RunAsync(Words(arguments));
        Assert.Equal((2, ""), (code, output));
        ToolRun.AssertOneError(error, "usage");
    }

    [Fact]
    public async Task Wrong_usage_is_a_line_of_json_too()
    {
        (int code, string output, string error) = await ToolRun.RunAsync("play", "--json");
        Assert.Equal(2, code);
        Assert.Equal("usage", ToolRun.Json(output).GetProperty("code").GetString());
        ToolRun.AssertOneError(error, "usage");
    }

    [Fact]
    public async Task A_password_file_that_is_missing_or_empty_is_said()
    {
        using var scratch = new Media.Output.ScratchDirectory();
        await Music.WriteWavAsync(scratch["a.wav"], 10);
        (int code, _, string error) = await ToolRun.RunAsync("play", scratch["a.wav"], "--to", "127.0.0.1:1", "--password-file", scratch["none"]);
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "file-not-found");
        await File.WriteAllTextAsync(scratch["empty"], "", TestContext.Current.CancellationToken);
        (code, _, error) = await ToolRun.RunAsync("play", scratch["a.wav"], "--to", "127.0.0.1:1", "--password-file", scratch["empty"]);
        Assert.Equal(2, code);
        ToolRun.AssertOneError(error, "usage");
    }

    [Fact]
    public async Task A_password_file_without_end_is_refused()
    {
        using var scratch = new Media.Output.ScratchDirectory();
        await File.WriteAllTextAsync(scratch["long"], new string('x', 5000), TestContext.Current.CancellationToken);
        foreach (string file in (string[])[scratch["long"], "/dev/zero"])
        {
            if (!File.Exists(file)) continue;
            (int code, _, string error) = await ToolRun.RunAsync("play", "a.wav", "--to", "127.0.0.1:1", "--password-file", file);
            Assert.Equal(2, code);
            ToolRun.AssertOneError(error, "usage");
        }
    }

    [Theory, InlineData("play FIFO --to 127.0.0.1:1"), InlineData("play a.wav --to 127.0.0.1:1 --password-file FIFO")]
    public async Task A_named_pipe_that_nobody_writes_to_can_be_interrupted(string arguments)
    {
        Media.Output.Programs.Require("mkfifo");
        using var scratch = new Media.Output.ScratchDirectory();
        await Media.Output.Programs.RunAsync("mkfifo", scratch["pipe"]);
        ToolRun run = ToolRun.Start(Words(arguments.Replace("FIFO", scratch["pipe"], StringComparison.Ordinal)));
        run.Interrupt();
        Assert.Equal(130, (await run.EndAsync()).Code);
        File.OpenHandle(scratch["pipe"], FileMode.Open, FileAccess.ReadWrite).Dispose(); // lets the thread go that waits
    }

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
