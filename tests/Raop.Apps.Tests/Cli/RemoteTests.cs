using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using System.Text.Json;
using Raop.Apps.Tests.Media.Output;
using Raop.Cli;

namespace Raop.Apps.Tests.Cli;

/// <summary><c>raop remote</c>, and the keys of <c>raop receive</c>.</summary>
public sealed class RemoteTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_a_receiver_it_says_so()
    {
        using var scratch = new ScratchDirectory();
        (int code, string output, string error) = await RemoteAsync(scratch, "toggle", "--json");
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "speaker-not-found");
        Assert.Contains("No raop receive of yours runs on this machine.", error, StringComparison.Ordinal);
        Assert.Equal("error", Assert.Single(ToolRun.Names(output)));
    }

    [Fact]
    public async Task A_receiver_to_which_nobody_plays_says_so()
    {
        using var scratch = new ScratchDirectory();
        ToolRun receive = await ReceiveAsync(scratch, "Küche");
        foreach (string command in new[] { "toggle", "volume 40%", "mute" })
        {
            (int code, _, string error) = await RemoteAsync(scratch, command.Split(' '));
            Assert.Equal(1, code);
            ToolRun.AssertOneError(error, "no-sender");
        }

        await EndAsync(receive);
        Assert.Empty(Directory.GetFiles(scratch["raop"]));
    }

    [Fact]
    public async Task A_receiver_with_a_long_name_is_found()
    {
        using var scratch = new ScratchDirectory();
        ToolRun receive = await ReceiveAsync(scratch, new string('\u00fc', 100));
        (_, _, string error) = await RemoteAsync(scratch, "toggle");
        ToolRun.AssertOneError(error, "no-sender");
        await EndAsync(receive);
    }

    [Fact]
    public async Task One_of_several_receivers_is_chosen_by_name_or_port()
    {
        using var scratch = new ScratchDirectory();
        ToolRun kitchen = await ReceiveAsync(scratch, "Kitchen"), bath = await ReceiveAsync(scratch, "Bath"), second = await ReceiveAsync(scratch, "Bath");
        await AssertErrorAsync("ambiguous-name", "Kitchen (port ");
        await AssertErrorAsync("ambiguous-name", "Bath (port ", "--to", "bath");
        await AssertErrorAsync("speaker-not-found", "'Garden'", "--to", "Garden");
        await AssertErrorAsync("no-sender", "Nobody plays", "--to", "kit");
        await AssertErrorAsync("no-sender", "Nobody plays", "--receiver", $"{Port(second)}");
        foreach (ToolRun receive in new[] { kitchen, bath, second }) await EndAsync(receive);

        async Task AssertErrorAsync(string code, string text, params string[] more)
        {
            (int exit, _, string error) = await RemoteAsync(scratch, ["next", .. more]);
            Assert.Equal(1, exit);
            ToolRun.AssertOneError(error, code);
            Assert.Contains(text, error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_receiver_that_had_to_take_another_name_is_called_by_that()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the tests' loopback has multicast there");
        using var scratch = new ScratchDirectory();
        string name = $"Bath {Guid.NewGuid():N}";
        ToolRun first = await AdvertisedAsync(name), second = await AdvertisedAsync($"{name} (2)");
        (int code, _, string error) = await RemoteAsync(scratch, "next", "--to", $"{name} (2)");
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "no-sender"); // it was found
        ToolRun.AssertOneError((await RemoteAsync(scratch, "next", "--to", name)).Error, "no-sender");
        Assert.Contains($"{name} (2) (port {Port(second)})", (await RemoteAsync(scratch, "next")).Error, StringComparison.Ordinal);
        foreach (ToolRun receive in new[] { first, second }) await EndAsync(receive);

        async Task<ToolRun> AdvertisedAsync(string expected)
        {
            ToolRun receive = await ReceiveAsync(scratch, name, isAdvertised: true);
            Assert.Equal(expected, (await receive.EventAsync("advertised")).GetProperty("name").GetString());
            return receive;
        }
    }

    [Fact]
    public async Task A_name_that_is_too_long_for_its_reader_is_refused()
    {
        using var scratch = new ScratchDirectory();
        ToolRun receive = await ReceiveAsync(scratch, string.Concat(Enumerable.Repeat("\"ß", 50)));
        ToolRun.AssertOneError((await RemoteAsync(scratch, "next")).Error, "no-sender");
        await EndAsync(receive);
        foreach (string name in (string[])[new('a', 101), " ", "a\nb"])
        {
            (int code, _, string error) = await ToolRun.RunAsync("receive", "--port", "0", "--bind", "127.0.0.1", "--output", "null", "--name", name);
            Assert.Equal(2, code);
            ToolRun.AssertOneError(error, "usage");
        }
    }

    [Fact]
    public async Task A_dead_receivers_socket_is_cleared_away()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "a socket's file is removed with it");
        using var scratch = new ScratchDirectory();
        (Socket listener, string made) = ControlSocket.Listen(scratch["raop"]);
        string path = scratch["raop/receive-1-dead.sock"];
        File.Move(made, path); // disposing would remove it; a kill does not
        listener.Dispose();
        Assert.True(File.Exists(path));
        ToolRun.AssertOneError((await RemoteAsync(scratch, "next")).Error, "speaker-not-found");
        Assert.False(File.Exists(path));
    }

    [Fact, UnsupportedOSPlatform("windows")]
    public async Task The_socket_is_the_users_alone_and_survives_what_comes()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "file modes are of Unix");
        using var scratch = new ScratchDirectory();
        ToolRun receive = await ReceiveAsync(scratch, "Kitchen");
        string path = Assert.Single(Directory.GetFiles(scratch["raop"]));
        Assert.Equal("600", Convert.ToString((int)File.GetUnixFileMode(path), 8));
        Assert.Equal("700", Convert.ToString((int)File.GetUnixFileMode(scratch["raop"]), 8));

        Assert.Equal(["Kitchen"], (await TalkAsync(path, "")).Select(static line => line.GetProperty("name").GetString()));
        Assert.Single(await TalkAsync(path, "next")); // no end of line: no reply
        Assert.Single(await TalkAsync(path, new string('x', 5000)));
        foreach (string line in new[] { "\n", "sing\n", "volume\n", "volume loud\n", "next \0\n", "play now\n" })
        {
            JsonElement reply = (await TalkAsync(path, line))[1];
            Assert.Equal((false, "usage"), (reply.GetProperty("done").GetBoolean(), reply.GetProperty("code").GetString()));
        }

        Assert.Equal("no-sender", (await TalkAsync(path, "volume mute\r\n"))[1].GetProperty("code").GetString());
        await EndAsync(receive);
    }

    [Fact, UnsupportedOSPlatform("windows")]
    public async Task A_folder_that_others_may_enter_is_not_used()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "file modes are of Unix");
        using var scratch = new ScratchDirectory();
        Directory.CreateDirectory(scratch["raop"]);
        File.SetUnixFileMode(scratch["raop"], (UnixFileMode)0b111_111_111);
        ToolRun receive = await ReceiveAsync(scratch, "Kitchen");
        Assert.Empty(Directory.GetFiles(scratch["raop"]));
        ToolRun.AssertOneError((await RemoteAsync(scratch, "next")).Error, "speaker-not-found");
        receive.Interrupt();
        (int code, string output, _) = await receive.EndAsync();
        Assert.Equal(130, code);
        Assert.Contains("warning", ToolRun.Names(output));
    }

    [Theory]
    [InlineData("")]
    [InlineData("sing")]
    [InlineData("volume")]
    [InlineData("volume loud")]
    [InlineData("volume 101%")]
    [InlineData("next 50%")]
    public async Task Wrong_usage_is_said(string arguments)
    {
        (int code, _, string error) = await ToolRun.RunAsync(["remote", .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        Assert.Equal(2, code);
        ToolRun.AssertOneError(error, "usage");
    }

    [Fact]
    public async Task Help_has_examples()
    {
        (int code, string output, _) = await ToolRun.RunAsync("remote", "--help");
        Assert.Equal(0, code);
        Assert.Contains("  raop remote volume 40% --to Kitchen", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ConsoleKey.Spacebar, ' ', "toggle")]
    [InlineData(ConsoleKey.N, 'n', "next")]
    [InlineData(ConsoleKey.P, 'p', "previous")]
    [InlineData(ConsoleKey.M, 'm', "mute")]
    [InlineData(ConsoleKey.UpArrow, '\0', "louder")]
    [InlineData(ConsoleKey.DownArrow, '\0', "softer")]
    [InlineData(ConsoleKey.OemPlus, '+', "louder")]
    [InlineData(ConsoleKey.Subtract, '-', "softer")]
    [InlineData(ConsoleKey.X, 'x', null)]
    public void Each_key_tells_something(ConsoleKey key, char letter, string? verb)
    {
        Assert.Equal(verb, ReceiveKeys.Verb(new ConsoleKeyInfo(letter, key, false, false, false)));
        Assert.True(verb is null || RemoteVerb.TryParse(verb, null, out _, out _));
    }

    [Fact]
    public async Task Keys_are_told_to_the_sender_and_q_ends_it()
    {
        using var scratch = new ScratchDirectory();
        using var keys = new BlockingCollection<ConsoleKeyInfo>();
        var error = new LineWriter();
        var console = new ToolConsole(TextWriter.Null, error)
        {
            IsTerminal = true, ReadKey = () => keys.Take(Cancel), Variable = name => name == "XDG_RUNTIME_DIR" ? scratch[""] : null,
        };
        Task<int> running = Task.Run(() => Program.RunAsync(["receive", "--port", "0", "--bind", "127.0.0.1", "--output", "null"], console, Cancel), Cancel);
        Assert.StartsWith("Raop listens", await error.ReadLineAsync(), StringComparison.Ordinal);
        keys.Add(new ConsoleKeyInfo(' ', ConsoleKey.Spacebar, false, false, false), Cancel);
        Assert.Equal("Not told: Nobody plays to this receiver.", await error.ReadLineAsync());
        keys.Add(new ConsoleKeyInfo('q', ConsoleKey.Q, false, false, false), Cancel);
        Assert.Equal(0, await running);
    }

    private static async Task<ToolRun> ReceiveAsync(ScratchDirectory scratch, string name, bool isAdvertised = false)
    {
        string[] more = isAdvertised ? [] : ["--no-advertise"];
        ToolRun receive = ToolRun.StartWith("XDG_RUNTIME_DIR", scratch[""], ["receive", "--port", "0", "--bind", "127.0.0.1", "--output", "null", "--name", name, "--json", .. more]);
        await receive.EventAsync("listening");
        return receive;
    }

    private static int Port(ToolRun receive) => ToolRun.Json(receive.Output.ToString().Split('\n')[0]).GetProperty("port").GetInt32();

    private static async Task EndAsync(ToolRun receive)
    {
        receive.Interrupt();
        Assert.Equal(130, (await receive.EndAsync()).Code);
    }

    private static Task<(int Code, string Output, string Error)> RemoteAsync(ScratchDirectory scratch, params string[] arguments) =>
        ToolRun.StartWith("XDG_RUNTIME_DIR", scratch[""], ["remote", .. arguments]).EndAsync();

    private static async Task<List<JsonElement>> TalkAsync(string path, string text)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), Cancel);
        var all = new StringBuilder();
        byte[] bytes = new byte[4096];
        try
        {
            if (text.Length > 0) await socket.SendAsync(Encoding.UTF8.GetBytes(text), SocketFlags.None, Cancel);
            socket.Shutdown(SocketShutdown.Send);
            while (await socket.ReceiveAsync(bytes, SocketFlags.None, Cancel) is > 0 and int length) all.Append(Encoding.UTF8.GetString(bytes, 0, length));
        }
        catch (SocketException)
        {
            // it closed with something unread
        }

        return [.. all.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(ToolRun.Json)];
    }
}
