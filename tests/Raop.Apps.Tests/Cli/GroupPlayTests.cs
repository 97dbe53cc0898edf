using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Raop.Apps.Tests.Media.Output;
using Raop.Cli;

namespace Raop.Apps.Tests.Cli;

/// <summary>One tool plays to several others, over sockets.</summary>
public sealed class GroupPlayTests : IDisposable
{
    private const int Second = 44_100;

    private readonly ScratchDirectory _scratch = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(2, "udp", "heard 2 s later")]
    [InlineData(3, "udp", "heard 2 s later")]
    [InlineData(2, "tcp", "; begins about with the others, keeps no time")]
    public async Task Each_of_several_speakers_has_the_music_to_the_bit(int count, string transport, string said)
    {
        byte[] samples = await Music.WriteWavAsync(_scratch["in.wav"], Second + 17);
        Speaker[] speakers = [.. await Task.WhenAll(Enumerable.Range(0, count).Select(i => StartAsync($"out{i}.raw")))];
        (int code, string output, string error) = await ToolRun.RunAsync(["play", _scratch["in.wav"], .. To(speakers), "--transport", transport]);
        Assert.Equal((0, ""), (code, output));
        foreach (Speaker speaker in speakers)
        {
            await speaker.Run.EndAsync();
            Assert.Equal(samples, await speaker.HeardAsync());
            Assert.Contains($"Connected to {speaker.Address} (AirTunes/105.1), ALAC over {transport.ToUpperInvariant()}, encrypted", error, StringComparison.Ordinal);
        }

        Assert.Contains(said, error, StringComparison.Ordinal);
        Assert.Contains("Playing in (WAV, 0:01)", error, StringComparison.Ordinal);
        Assert.DoesNotContain("warning", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_told_in_lines_of_json_and_nothing_plays_before_a_sign_of_life()
    {
        await Music.WriteWavAsync(_scratch["in.wav"], Second);
        Speaker a = await StartAsync("a.raw"), b = await StartAsync("b.raw");
        (int code, string output, string error) = await ToolRun.RunAsync(["play", _scratch["in.wav"], .. To(a, b, a), "--json"]); // twice the same counts once
        Assert.Equal((0, ""), (code, error));
        JsonElement[] lines = Lines(output);
        Assert.Equal(["connected", "connected", "ended", "member", "member", "playing"], lines.Select(Name).Order());
        Assert.Equal(["connected", "connected", "member"], lines[..3].Select(Name));
        Assert.Equal(new[] { a.Address, b.Address }.Order(), lines[..2].Select(static line => Text(line, "name")).Order());
        Assert.All(lines.Where(static line => Name(line) == "member"), static line => Assert.Equal("playing", Text(line, "state")));
        JsonElement ended = lines[^1];
        Assert.Equal(("ended", "finished", 2 * 126), (Name(ended), Text(ended, "cause"), ended.GetProperty("packets").GetInt32())); // 44,100 frames of 352
        JsonElement[] members = [.. ended.GetProperty("members").EnumerateArray()];
        Assert.Equal([a.Address, b.Address], members.Select(static member => Text(member, "name")));
        Assert.All(members, static member => Assert.Equal((126, 0), (member.GetProperty("packets").GetInt32(), member.GetProperty("rejoined").GetInt32())));
    }

    [Fact]
    public async Task Each_speaker_has_its_volume_its_delay_and_its_channel()
    {
        byte[] samples = await Music.WriteWavAsync(_scratch["in.wav"], Second);
        Speaker a = await StartAsync("a.raw"), b = await StartAsync("b.raw"), c = await StartAsync("c.raw");
        (int code, _, _) = await ToolRun.RunAsync(
            [
                "play", _scratch["in.wav"], .. To(a, b, c), "--volume", "60%", "--volume", $"{b.Port}=40%", "--volume", $"{c.Port}=100%",
                "--delay", $"{c.Port}=+20ms", "--delay", $"{a.Address}=-10ms", "--channel", $"{c.Port}=left",
            ]);
        Assert.Equal(0, code);
        double[] volumes = await Task.WhenAll(VolumeAsync(a), VolumeAsync(b), VolumeAsync(c));
        Assert.Equal([-12, -18, 0], volumes);
        await c.Run.EndAsync();
        byte[] left = [.. samples.Chunk(4).SelectMany(static frame => (byte[])[frame[0], frame[1], frame[0], frame[1]])];
        Assert.Equal(left, await c.HeardAsync());

        static async Task<double> VolumeAsync(Speaker speaker) => Math.Round((await speaker.Run.EventAsync("volume")).GetProperty("volume").GetDouble(), 6);
    }

    [Fact]
    public async Task A_speaker_that_dies_is_told_and_the_other_has_everything()
    {
        byte[] samples = await Music.WriteWavAsync(_scratch["in.wav"], 4 * Second);
        Speaker a = await StartAsync("a.raw"), b = await StartAsync("b.raw");
        ToolRun play = ToolRun.Start(["play", _scratch["in.wav"], .. To(a, b), "--json"]);
        await MemberAsync(play, a, "playing");
        a.Run.Interrupt();
        JsonElement lost = await MemberAsync(play, a, "retrying");
        Assert.Equal("connection-lost", Text(lost, "code"));
        (int code, string output, _) = await play.EndAsync();
        Assert.Equal(0, code);
        await b.Run.EndAsync();
        Assert.Equal(samples, await b.HeardAsync());
        JsonElement[] members = [.. Lines(output)[^1].GetProperty("members").EnumerateArray()];
        Assert.Equal(["retrying", "ready"], members.Select(static member => Text(member, "state")));
        Assert.Equal(502, members[1].GetProperty("packets").GetInt32());
    }

    [Fact]
    public async Task One_that_is_lost_comes_back_and_people_are_told()
    {
        await Music.WriteWavAsync(_scratch["in.wav"], 60 * Second);
        Speaker a = await StartAsync("a.raw"), b = await StartAsync("b.raw");
        ToolRun play = ToolRun.Start(["play", _scratch["in.wav"], .. To(a, b)]);
        await LineAsync(play.Error, "Playing in");
        a.Run.Interrupt();
        await a.Run.EndAsync();
        Assert.EndsWith("; trying again", await LineAsync(play.Error, $"{a.Address} is lost: "), StringComparison.Ordinal);
        Speaker again = await StartAsync("again.raw", "--port", a.Port);
        await LineAsync(play.Error, $"{a.Address} is back");
        play.Interrupt();
        Assert.Equal(130, (await play.EndAsync()).Code);
        again.Run.Interrupt();
    }

    [Fact]
    public async Task When_all_are_lost_at_the_end_it_has_failed()
    {
        await Music.WriteWavAsync(_scratch["in.wav"], 2 * Second);
        Speaker a = await StartAsync("a.raw");
        ToolRun play = ToolRun.Start(["play", _scratch["in.wav"], .. To(a), "--json", "--delay", "0"]);
        await MemberAsync(play, a, "playing");
        a.Run.Interrupt();
        (int code, string output, string error) = await play.EndAsync();
        Assert.Equal(1, code);
        Assert.Contains("error[", error, StringComparison.Ordinal);
        Assert.Equal("failed", Text(Lines(output).Single(static line => Name(line) == "ended"), "cause"));
    }

    [Fact]
    public async Task One_that_cannot_be_had_is_a_warning_and_none_is_an_error()
    {
        byte[] samples = await Music.WriteWavAsync(_scratch["in.wav"], Second);
        Speaker a = await StartAsync("a.raw");
        string closed = $"127.0.0.1:{FreePort()}", closed2 = $"127.0.0.1:{FreePort()}";
        (int code, _, string error) = await ToolRun.RunAsync(["play", _scratch["in.wav"], .. To(a), "--to", closed]);
        Assert.Equal(0, code);
        Assert.Contains($"warning[refused]: {closed}: ", error, StringComparison.Ordinal);
        Assert.Contains("Trying again.", error, StringComparison.Ordinal);
        await a.Run.EndAsync();
        Assert.Equal(samples, await a.HeardAsync());

        (code, _, error) = await ToolRun.RunAsync("play", _scratch["in.wav"], "--to", closed, "--to", closed2);
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "refused");
        Assert.DoesNotContain("warning", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_nobody_answers_to_does_not_stop_the_others()
    {
        byte[] samples = await Music.WriteWavAsync(_scratch["in.wav"], Second);
        Speaker a = await StartAsync("a.raw");
        (int code, string output, _) = await ToolRun.RunAsync(["play", _scratch["in.wav"], "--to", "Nobody is called so, 4711", .. To(a), "--json"]);
        Assert.Equal(0, code);
        JsonElement warning = Lines(output).First(static line => Name(line) == "warning");
        Assert.Contains(Text(warning, "code"), (string[])["speaker-not-found", "address-in-use"]);
        Assert.NotEqual("", Text(warning, "remedy"));
        await a.Run.EndAsync();
        Assert.Equal(samples, await a.HeardAsync());
    }

    [Fact]
    public async Task A_password_is_asked_for_and_remembered()
    {
        byte[] samples = await Music.WriteWavAsync(_scratch["in.wav"], Second);
        Speaker open = await StartAsync("open.raw", once: false), closed = await StartAsync("closed.raw", once: false, password: "sesame");
        string[] play = ["play", _scratch["in.wav"], .. To(open, closed), "--remember"];
        (int code, string shown) = await PlayOnTerminalAsync(play, "wrong\rsesame\r");
        Assert.Equal(0, code);
        Assert.Contains($"Password for {closed.Address}: ", shown, StringComparison.Ordinal);
        Assert.Contains($"Wrong password. Password for {closed.Address}: ", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("sesame", shown, StringComparison.Ordinal);
        await EndedAsync(open, closed);
        Assert.Equal(samples, await open.HeardAsync());
        Assert.Equal(samples, await closed.HeardAsync());

        (code, shown) = await PlayOnTerminalAsync(play, "");
        Assert.Equal(0, code);
        Assert.DoesNotContain("Password for", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("warning", shown, StringComparison.Ordinal);
        await EndedAsync(open, closed);
        open.Run.Interrupt();
        closed.Run.Interrupt();

        static async Task EndedAsync(params Speaker[] speakers)
        {
            foreach (Speaker speaker in speakers) Assert.Equal(Second, (await speaker.Run.EventAsync("ended")).GetProperty("frames").GetInt64());
        }
    }

    [Fact]
    public async Task Without_a_keyboard_one_that_wants_a_password_is_left_out_and_a_given_one_is_for_all()
    {
        byte[] samples = await Music.WriteWavAsync(_scratch["in.wav"], Second);
        Speaker a = await StartAsync("a.raw", once: false, password: "one"), b = await StartAsync("b.raw", once: false, password: "two");
        string[] play = ["play", _scratch["in.wav"], .. To(a, b), "--json"];
        (int code, string output, _) = await ToolRun.RunAsync([.. play, "--password", "one"]);
        Assert.Equal(0, code);
        JsonElement warning = Lines(output).Single(static line => Name(line) == "warning");
        Assert.Equal("wrong-password", Text(warning, "code"));
        Assert.DoesNotContain("Trying", Text(warning, "message"), StringComparison.Ordinal);
        Assert.Equal(["ready", "failed"], Lines(output)[^1].GetProperty("members").EnumerateArray().Select(static member => Text(member, "state")));
        await a.Run.EventAsync("ended");
        Assert.Equal(samples, await a.HeardAsync());
        (code, output, _) = await ToolRun.RunAsync(play);
        Assert.Equal(1, code);
        Assert.Equal("password-required", Text(Lines(output)[^1], "code"));
        a.Run.Interrupt();
        b.Run.Interrupt();
    }

    [Fact]
    public async Task Keys_work_on_all()
    {
        await Music.WriteWavAsync(_scratch["in.wav"], 60 * Second);
        Speaker a = await StartAsync("a.raw"), b = await StartAsync("b.raw");
        using var keys = new BlockingCollection<ConsoleKeyInfo>();
        var error = new LineWriter();
        Task<int> running = RunOnTerminal(["play", _scratch["in.wav"], .. To(a, b)], keys, error);
        await LineAsync(error, "Playing in");
        foreach (ConsoleKey key in (ConsoleKey[])[ConsoleKey.Spacebar, ConsoleKey.Spacebar, ConsoleKey.DownArrow, ConsoleKey.P]) keys.Add(new('\0', key, false, false, false), Cancel);
        foreach (Speaker speaker in (Speaker[])[a, b])
        {
            double volume;
            do volume = (await speaker.Run.EventAsync("volume")).GetProperty("volume").GetDouble(); while (volume == 0);
            Assert.Equal(-1.5, volume, 6);
        }

        keys.Add(new('q', ConsoleKey.Q, false, false, false), Cancel);
        Assert.Equal(0, await running);
        Assert.Contains("2 speakers, ", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_comes_later_is_as_soft_as_the_others_have_become()
    {
        await Music.WriteWavAsync(_scratch["in.wav"], 60 * Second);
        Speaker a = await StartAsync("a.raw");
        string name = $"Late {Guid.NewGuid():N}";
        using var keys = new BlockingCollection<ConsoleKeyInfo>();
        var error = new LineWriter();
        Task<int> running = RunOnTerminal(["play", _scratch["in.wav"], .. To(a), "--to", name, "--volume", "80%"], keys, error);
        await LineAsync(error, "Playing in");
        for (int i = 0; i < 8; i++) keys.Add(new('\0', ConsoleKey.DownArrow, false, false, false), Cancel);
        double volume;
        do volume = (await a.Run.EventAsync("volume")).GetProperty("volume").GetDouble(); while (volume > -17.9);
        Assert.Equal(-18, volume, 6); // 40 %
        ToolRun late = ToolRun.StartWith("RAOP_PASSWORD", "", "receive", "--bind", "127.0.0.1", "--port", "0", "--name", name, "--output", "null", "--json");
        Assert.Equal(-18, (await late.EventAsync("volume")).GetProperty("volume").GetDouble(), 6);
        late.Interrupt();
        keys.Add(new('q', ConsoleKey.Q, false, false, false), Cancel);
        Assert.Equal(0, await running);
    }

    [Fact]
    public async Task Begins_at_an_instant_or_says_what_can_be()
    {
        byte[] samples = await Music.WriteWavAsync(_scratch["in.wav"], 10_000);
        string[] play = ["play", _scratch["in.wav"], "--to", "local", "--output", "raw:" + _scratch["out.raw"], "--start-at"];
        (int code, _, string error) = await ToolRun.RunAsync([.. play, "+1.5"]);
        Assert.Equal(2, code);
        ToolRun.AssertOneError(error, "usage");
        Assert.Contains("heard 2 s later", error, StringComparison.Ordinal);
        Assert.Contains("--start-at +5", error, StringComparison.Ordinal);
        (code, _, _) = await ToolRun.RunAsync([.. play, "+8"]); // so late that a loaded machine is ready before it
        Assert.Equal(0, code);
        Assert.Equal(samples, await File.ReadAllBytesAsync(_scratch["out.raw"], Cancel));
    }

    [Theory]
    [InlineData("--volume Kitchen=40%", "--volume: no speaker that is played to is called 'Kitchen'.")]
    [InlineData("--delay 127=+20ms", "--delay: '127' fits 2 speakers.")]
    [InlineData("--channel :1=left --channel 0.1:1=right", "--channel is given twice for 127.0.0.1:1.")]
    public async Task A_setting_is_for_one_speaker_that_is_played_to(string settings, string message)
    {
        await Music.WriteWavAsync(_scratch["in.wav"], 100);
        (int code, _, string error) = await ToolRun.RunAsync(
            ["play", _scratch["in.wav"], "--to", "127.0.0.1:1", "--to", "127.0.0.1:2", .. settings.Split(' ')]);
        Assert.Equal(2, code);
        ToolRun.AssertOneError(error, "usage");
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    private static async Task<JsonElement> MemberAsync(ToolRun play, Speaker speaker, string state)
    {
        while (true)
        {
            JsonElement member = await play.EventAsync("member");
            if (Text(member, "name") == speaker.Address && Text(member, "state") == state) return member;
        }
    }

    private static async Task<string> LineAsync(LineWriter lines, string text)
    {
        while (true)
        {
            string line = await lines.ReadLineAsync();
            if (line.Contains(text, StringComparison.Ordinal)) return line;
        }
    }

    private static JsonElement[] Lines(string output) => [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(ToolRun.Json)];

    private static string Name(JsonElement line) => Text(line, "event");

    private static string Text(JsonElement line, string property) => line.GetProperty(property).GetString() ?? "";

    private static string[] To(params Speaker[] speakers) => [.. speakers.SelectMany(static speaker => (string[])["--to", speaker.Address])];

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task<(int Code, string Shown)> PlayOnTerminalAsync(string[] arguments, string typed)
    {
        using var keys = new BlockingCollection<ConsoleKeyInfo>();
        foreach (char c in typed) keys.Add(new(c, c == '\r' ? ConsoleKey.Enter : ConsoleKey.A, false, false, false), Cancel);
        var error = new LineWriter();
        int code = await RunOnTerminal(arguments, keys, error);
        keys.CompleteAdding(); // the thread that waits for a key ends
        return (code, error.ToString());
    }

    private Task<int> RunOnTerminal(string[] arguments, BlockingCollection<ConsoleKeyInfo> keys, LineWriter error)
    {
        var console = new ToolConsole(TextWriter.Null, error)
        {
            IsTerminal = true, ReadKey = () => keys.Take(Cancel), Width = static () => 200, Variable = name => name == "XDG_CONFIG_HOME" ? _scratch.Path : null,
        };
        return Task.Run(() => Program.RunAsync(arguments, console, Cancel), Cancel);
    }

    private async Task<Speaker> StartAsync(string output, params string[] more) => await StartAsync(output, once: true, password: "", more);

    private async Task<Speaker> StartAsync(string output, bool once, string password = "", params string[] more)
    {
        string[] arguments = ["receive", "--bind", "127.0.0.1", "--no-advertise", "--output", "raw:" + _scratch[output], "--json", .. once ? ["--once"] : Array.Empty<string>(), .. more];
        if (!more.Contains("--port")) arguments = [.. arguments, "--port", "0"];
        ToolRun run = ToolRun.StartWith("RAOP_PASSWORD", password, arguments);
        JsonElement listening = await run.EventAsync("listening");
        string port = listening.GetProperty("port").GetInt32().ToString(CultureInfo.InvariantCulture);
        return new Speaker(run, port, _scratch[output]);
    }

    /// <summary>A receiver that runs.</summary>
    private sealed record Speaker(ToolRun Run, string Port, string Output)
    {
        public string Address => $"127.0.0.1:{Port}";

        public Task<byte[]> HeardAsync() => File.ReadAllBytesAsync(Output, Cancel);
    }
}
