using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Raop.Apps.Tests.Media.Output;
using Raop.Cli;

namespace Raop.Apps.Tests.Cli;

/// <summary><c>raop receive --instances N</c>.</summary>
public sealed class InstancesTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_plays_its_own_stream_to_its_own_file_and_events_say_whose_they_are()
    {
        const int count = 3;
        using var scratch = new ScratchDirectory();
        ToolRun receive = Receive(scratch, count, "--output", "raw:" + scratch["out-{n}.raw"], "--timing-log", scratch["{n}.csv"], "--once", "--name", "Küche");
        JsonElement[] listening = await ListeningAsync(receive, count);
        Assert.Equal([1, 2, 3], listening.Select(Instance));
        Assert.Equal(["Küche 1", "Küche 2", "Küche 3"], listening.Select(static e => e.GetProperty("name").GetString()));
        byte[][] music = await Task.WhenAll(Enumerable.Range(0, count).Select(i => Music.WriteWavAsync(scratch[$"in{i}.wav"], 20_000 + i, seed: i)));
        (int Code, string Output, string Error)[] played = await Task.WhenAll(Enumerable.Range(0, count).Select(i => ToolRun.RunAsync("play", scratch[$"in{i}.wav"], "--to", To(listening[i]))));
        Assert.All(played, static run => Assert.Equal((0, ""), (run.Code, run.Output)));
        (int code, string output, string error) = await receive.EndAsync(); // each has had its session
        Assert.Equal((0, ""), (code, error));
        for (int i = 0; i < count; i++)
        {
            Assert.Equal(music[i], await File.ReadAllBytesAsync(scratch[$"out-{i + 1}.raw"], Cancel));
            Assert.True(File.ReadAllLines(scratch[$"{i + 1}.csv"]).Length > 1);
        }

        JsonElement[] events = [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(ToolRun.Json)];
        Assert.All(events, static e => Assert.Equal(["event", "instance"], e.EnumerateObject().Take(2).Select(static property => property.Name)));
        Assert.All(events.GroupBy(Instance), static of => Assert.Equal(
            ["listening", "session", "volume", "playing", "ended"], of.Select(static e => e.GetProperty("event").GetString()).Where(static name => name is not ("track" or "progress"))));
        Assert.All(events.Where(static e => e.GetProperty("event").GetString() == "ended"), static e => Assert.Equal(20_000 + Instance(e) - 1, e.GetProperty("frames").GetInt32()));
    }

    [Fact]
    public async Task Ports_are_in_a_row_and_one_that_is_taken_is_one_error_that_leaves_nothing_open()
    {
        using var scratch = new ScratchDirectory();
        (int first, TcpListener taken) = await ThreeInARowAsync();
        string[] arguments = ["--port", $"{first}", "--output", "wav:" + scratch["{n}.wav"]];
        (int code, string output, string error) = await Receive(scratch, 3, arguments).EndAsync();
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "address-in-use");
        Assert.StartsWith($"error[address-in-use]: Raop 3: 127.0.0.1:{first + 2} is in use", error, StringComparison.Ordinal);
        Assert.Equal(["error"], ToolRun.Names(output));
        Assert.Empty(Directory.GetFiles(scratch[""], "*.sock", SearchOption.AllDirectories));
        taken.Dispose();

        ToolRun receive = Receive(scratch, 3, arguments); // so the other ports and files are free
        Assert.Equal([first, first + 1, first + 2], (await ListeningAsync(receive, 3)).Select(static e => e.GetProperty("port").GetInt32()));
        receive.Interrupt();
        Assert.Equal(130, (await receive.EndAsync()).Code);
    }

    [Fact]
    public async Task Ctrl_C_ends_all_in_mid_play_with_whole_files()
    {
        using var scratch = new ScratchDirectory();
        byte[] samples = await Music.WriteWavAsync(scratch["in.wav"], 60 * 44_100);
        ToolRun receive = Receive(scratch, 2, "--output", "wav:" + scratch["{n}.wav"]);
        JsonElement[] listening = await ListeningAsync(receive, 2);
        ToolRun[] play = [.. listening.Select(one => ToolRun.Start("play", scratch["in.wav"], "--to", To(one)))];
        await receive.EventAsync("playing");
        await receive.EventAsync("playing");
        receive.Interrupt();
        (int code, string output, _) = await receive.EndAsync();
        Assert.Equal(130, code);
        Assert.Equal(2, output.Split('\n').Count(static line => line.Contains("\"stopped\"", StringComparison.Ordinal)));
        foreach (ToolRun one in play) ToolRun.AssertOneError((await one.EndAsync()).Error, "connection-lost");
        foreach (string file in new[] { "1.wav", "2.wav" })
        {
            WavReader copy = WavReader.Read(await File.ReadAllBytesAsync(scratch[file], Cancel));
            Assert.NotEmpty(copy.Samples);
            Assert.Equal(samples[..copy.Samples.Length], copy.Samples);
        }
    }

    [Fact]
    public async Task One_whose_output_fails_is_told_and_the_others_play_on()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "needs /dev/full");
        using var scratch = new ScratchDirectory();
        byte[] samples = await Music.WriteWavAsync(scratch["in.wav"], 20_000);
        File.CreateSymbolicLink(scratch["1.raw"], "/dev/full");
        ToolRun receive = Receive(scratch, 2, "--output", "raw:" + scratch["{n}.raw"], "--once");
        JsonElement[] listening = await ListeningAsync(receive, 2);
        ToolRun.AssertOneError((await ToolRun.RunAsync("play", scratch["in.wav"], "--to", To(listening[0]))).Error, "connection-lost");
        JsonElement warning = await receive.EventAsync("warning");
        Assert.Equal((1, "output-failed"), (Instance(warning), warning.GetProperty("code").GetString()));
        Assert.Equal(0, (await ToolRun.RunAsync("play", scratch["in.wav"], "--to", To(listening[1]))).Code);
        (int code, _, string error) = await receive.EndAsync();
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "output-failed");
        Assert.StartsWith("error[output-failed]: Raop 1: ", error, StringComparison.Ordinal);
        Assert.Equal(samples, await File.ReadAllBytesAsync(scratch["2.raw"], Cancel));
    }

    [Theory]
    [InlineData("--output wav:evening.wav", "evening.wav", "--output 'wav:evening-{n}.wav'")]
    [InlineData("--output raw:/some/where/all", "/some/where/all", "--output 'raw:/some/where/all-{n}'")]
    [InlineData("--output -", "standard output", "out-{n}.raw")]
    [InlineData("--output null --timing-log t.csv", "t.csv", "t-{n}.csv'")]
    [InlineData("--output null --port 65534", "65534 to 65536", "--port 65533 ")]
    [InlineData("--output null --udp-ports 6001-6008", "9 UDP ports", "9 ports or more")]
    public async Task What_cannot_be_each_ones_own_is_wrong_usage(string arguments, string cause, string remedy)
    {
        (int code, string output, string error) = await ToolRun.RunAsync(["receive", "--instances", "3", .. arguments.Split(' ')]);
        Assert.Equal((2, ""), (code, output));
        ToolRun.AssertOneError(error, "usage");
        Assert.Contains(cause, error.Split("  try: ")[0], StringComparison.Ordinal);
        Assert.Contains(remedy, error.Split("  try: ")[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_names_of_one_file_are_refused_and_a_device_is_shared()
    {
        using var scratch = new ScratchDirectory();
        File.CreateSymbolicLink(scratch["2.raw"], "1.raw");
        (int code, _, string error) = await Receive(scratch, 2, "--output", "raw:" + scratch["{n}.raw"]).EndAsync();
        Assert.Equal(2, code);
        ToolRun.AssertOneError(error, "usage");
        Assert.Contains("Raop 1 and Raop 2 would write one file", error, StringComparison.Ordinal);

        Assert.SkipUnless(OperatingSystem.IsLinux(), "elsewhere a device cannot be told from a file");
        ToolRun receive = Receive(scratch, 2, "--output", "raw:/dev/null");
        await ListeningAsync(receive, 2);
        receive.Interrupt();
        Assert.Equal(130, (await receive.EndAsync()).Code);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("257")]
    [InlineData("many")]
    public async Task No_number_is_wrong_usage(string count)
    {
        (int code, _, string error) = await ToolRun.RunAsync("receive", "--instances", count);
        Assert.Equal(2, code);
        ToolRun.AssertOneError(error, "usage");
    }

    [Fact]
    public void One_has_the_name_as_it_is_and_a_long_name_keeps_its_number()
    {
        var common = new ReceiverPlan(0, "Kitchen", 5000, "raw:{n}.raw", null);
        Assert.Equal(common with { Number = 1 }, Assert.Single(ReceiverPlan.Make(null, common, null)));
        Assert.Equal(new ReceiverPlan(1, "Kitchen", 5000, "raw:1.raw", null), Assert.Single(ReceiverPlan.Make(1, common, null)));
        ReceiverPlan last = ReceiverPlan.Make(64, common with { Name = string.Concat(Enumerable.Repeat("🎵", 20)), Port = 0 }, null)[^1];
        Assert.Equal((string.Concat(Enumerable.Repeat("🎵", 11)) + " 64", 0, "raw:64.raw"), (last.Name, last.Port, last.Output));
    }

    [Fact]
    public async Task Remote_speaks_to_the_one_that_is_named()
    {
        using var scratch = new ScratchDirectory();
        ToolRun receive = Receive(scratch, 11, "--output", "null", "--name", "Room");
        JsonElement[] listening = await ListeningAsync(receive, 11);
        ToolRun.AssertOneError(await RemoteErrorAsync(scratch), "ambiguous-name");
        ToolRun.AssertOneError(await RemoteErrorAsync(scratch, "--name", "Room 1"), "no-sender"); // not Room 10
        ToolRun.AssertOneError(await RemoteErrorAsync(scratch, "--to", $"{listening[10].GetProperty("port").GetInt32()}"), "no-sender");
        ToolRun.AssertOneError(await RemoteErrorAsync(scratch, "--to", "room 12"), "speaker-not-found");
        receive.Interrupt();
        Assert.Equal(130, (await receive.EndAsync()).Code);
    }

    [Fact]
    public async Task Keys_act_on_one_that_plays_and_say_which()
    {
        using var scratch = new ScratchDirectory();
        using var keys = new BlockingCollection<ConsoleKeyInfo>();
        await Music.WriteWavAsync(scratch["in.wav"], 60 * 44_100);
        var error = new LineWriter();
        var console = new ToolConsole(TextWriter.Null, error)
        {
            IsTerminal = true, ReadKey = () => keys.Take(Cancel), Variable = name => name == "XDG_RUNTIME_DIR" ? scratch[""] : null,
        };
        string[] arguments = ["receive", "--instances", "3", "--port", "0", "--bind", "127.0.0.1", "--no-advertise", "--output", "null", "--name", "Room"];
        Task<int> running = Task.Run(() => Program.RunAsync(arguments, console, Cancel), Cancel);
        string[] at = new string[3];
        for (int i = 0; i < 3; i++)
        {
            string line = await error.ReadLineAsync();
            Assert.StartsWith($"Room {i + 1}: listens on 127.0.0.1:", line, StringComparison.Ordinal);
            at[i] = line.Split(' ')[^1];
        }

        await LineAsync("3 receivers. Ctrl-C ends them all.");
        Press(ConsoleKey.Spacebar);
        await LineAsync("Not told: nobody plays to any of the receivers.");
        ToolRun second = ToolRun.Start("play", scratch["in.wav"], "--to", at[1]);
        await LineAsync("Room 2: Playing");
        ToolRun third = ToolRun.Start("play", scratch["in.wav"], "--to", at[2]);
        await LineAsync("Room 3: Playing");
        Press(ConsoleKey.M);
        await LineAsync("Room 3: Told the sender: mute", "Room 3: Not told: "); // the one that began last; whether it can be found is another matter
        Press(ConsoleKey.Tab);
        await LineAsync("Keys act on Room 2");
        Press(ConsoleKey.Tab);
        await LineAsync("Keys act on Room 3");
        third.Interrupt();
        await LineAsync("Room 3: Session 1 ended");
        Press(ConsoleKey.Tab);
        await LineAsync("Keys act on Room 2");
        Press(ConsoleKey.Q);
        Assert.Equal(0, await running);
        Assert.Equal((130, 1), ((await third.EndAsync()).Code, (await second.EndAsync()).Code));

        void Press(ConsoleKey key) => keys.Add(new ConsoleKeyInfo(key == ConsoleKey.Spacebar ? ' ' : '\0', key, false, false, false), Cancel);

        async Task LineAsync(params string[] beginnings)
        {
            string line;
            do line = await error.ReadLineAsync();
            while (!beginnings.Any(beginning => line.StartsWith(beginning, StringComparison.Ordinal)));
        }
    }

    private static ToolRun Receive(ScratchDirectory scratch, int count, params string[] more)
    {
        string[] port = more.Contains("--port") ? [] : ["--port", "0"];
        return ToolRun.StartWith(
            "XDG_RUNTIME_DIR", scratch[""], ["receive", "--instances", $"{count}", "--bind", "127.0.0.1", "--no-advertise", "--json", .. port, .. more]);
    }

    private static async Task<JsonElement[]> ListeningAsync(ToolRun receive, int count)
    {
        var listening = new JsonElement[count];
        for (int i = 0; i < count; i++) listening[i] = await receive.EventAsync("listening");
        return listening;
    }

    private static async Task<string> RemoteErrorAsync(ScratchDirectory scratch, params string[] more) =>
        (await ToolRun.StartWith("XDG_RUNTIME_DIR", scratch[""], ["remote", "next", .. more]).EndAsync()).Error;

    private static int Instance(JsonElement e) => e.GetProperty("instance").GetInt32();

    private static string To(JsonElement listening) => $"127.0.0.1:{listening.GetProperty("port").GetInt32()}";

    /// <summary>Three free ports in a row below those that systems give away, and a listener on the third.</summary>
    private static async Task<(int First, TcpListener Third)> ThreeInARowAsync()
    {
        while (true)
        {
            Cancel.ThrowIfCancellationRequested();
            int first = Random.Shared.Next(20_000, 32_000);
            TcpListener[] three = [.. Enumerable.Range(first, 3).Select(static port => new TcpListener(IPAddress.Loopback, port))];
            try
            {
                foreach (TcpListener one in three) one.Start();
                three[0].Dispose();
                three[1].Dispose();
                return (first, three[2]);
            }
            catch (SocketException)
            {
                foreach (TcpListener one in three) one.Dispose();
                await Task.Yield();
            }
        }
    }
}
