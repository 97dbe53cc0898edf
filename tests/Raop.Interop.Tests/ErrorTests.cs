using System.Text;
using Raop.Interop.Tests.Lab;

namespace Raop.Interop.Tests;

/// <summary>Everything that can go wrong in the first hour: one error with code, cause and remedy, never a trace, never a secret.</summary>
public class ErrorTests
{
    private const string Secret = "tiger-1234";

    private static readonly Dictionary<string, (string Code, Func<PeerLab, Task<string[]>> Command)> Cases = new()
    {
        ["the file is missing"] = ("file-not-found", _ => Command("missing.flac", "--to", "local", "--output", "null")),
        ["nothing listens there"] = ("refused", async lab => [await ToneAsync(lab), "--to", "127.0.0.1:1"]),
        ["no such host"] = ("unreachable", async lab => [await ToneAsync(lab), "--to", "no-such-host.invalid"]),
        ["the FLAC file is cut short"] = ("corrupt-file", async lab => [await TruncatedFlacAsync(lab), "--to", "local", "--output", "null"]),
        ["a text is named .wav"] = ("unsupported-format", async lab =>
            [await lab.WriteAsync("text.wav", Encoding.ASCII.GetBytes("Dear Sir or Madam,\n")), "--to", "local", "--output", "null"]),
        ["the disk is full"] = ("output-failed", async lab => [await ToneAsync(lab), "--to", "local", "--output", "wav:/dev/full"]),
        ["the output's folder is missing"] = ("file-not-found", async lab => [await ToneAsync(lab), "--to", "local", "--output", "wav:/nowhere/out.wav"]),
    };

    public static TheoryData<string, bool> Rows
    {
        get
        {
            TheoryData<string, bool> rows = [];
            foreach (string name in Cases.Keys)
            {
                rows.Add(name, false);
                rows.Add(name, true);
            }

            return rows;
        }
    }

    [Theory, MemberData(nameof(Rows))]
    public Task One_clear_error(string name, bool json) => PeerLab.RunAsync(
        async lab => await PlayFailsAsync(lab, json, Cases[name].Code, await Cases[name].Command(lab)),
        isolated: false);

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 7\r\nConnection: close\r\n\r\n<html/>", false)]
    [InlineData("HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 7\r\nConnection: close\r\n\r\n<html/>", true)]
    [InlineData("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", false)]
    public Task A_server_of_another_kind_is_named_as_such(string greeting, bool json) => PeerLab.RunAsync(
        async lab =>
        {
            await using FakeServer server = new(Encoding.ASCII.GetBytes(greeting));
            await PlayFailsAsync(lab, json, "not-raop-receiver", [await ToneAsync(lab), "--to", $"127.0.0.1:{server.Port}"]);
        },
        isolated: false);

    [Fact]
    public Task A_host_that_never_answers_is_given_up() => PeerLab.RunAsync(
        async lab =>
        {
            await using FakeServer server = new(answer: null);
            await PlayFailsAsync(lab, json: false, "timeout", [await ToneAsync(lab), "--to", $"127.0.0.1:{server.Port}"]);
        },
        isolated: false);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_busy_receiver_says_so(bool json) => PeerLab.RunAsync(async lab =>
    {
        Child receiver = await lab.ReceiveAsync(5000, "null");
        Child first = lab.PlayTo(5000, await lab.WriteAsync("long.wav", Wav.Of(Mix.Seconds(60))));
        await receiver.EventAsync(ToolEvents.Session);
        await PlayFailsAsync(lab, json, "busy", [await ToneAsync(lab), "--to", "127.0.0.1:5000"]);
        first.Kill();
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_missing_and_a_wrong_password_are_told_apart(bool json) => PeerLab.RunAsync(async lab =>
    {
        await lab.ReceiveAsync(5000, "null", "--password", Secret);
        await PlayFailsAsync(lab, json, "password-required", [await ToneAsync(lab), "--to", "127.0.0.1:5000"]);
        await PlayFailsAsync(lab, json, "wrong-password", [await ToneAsync(lab), "--to", "127.0.0.1:5000", "--password", "lion-5678"], "lion-5678");
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_taken_port_is_named(bool json) => PeerLab.RunAsync(async lab =>
    {
        await lab.ReceiveAsync(5000, "null");
        Child second = lab.Raop(["receive", "--bind", "127.0.0.1", "--port", "5000", "--output", "null", .. json ? ["--json"] : Array.Empty<string>()]);
        await (json ? second.FailsWithJsonAsync("address-in-use") : second.FailsWithAsync("address-in-use"));
    });

    [Theory]
    [InlineData("play")]
    [InlineData("play", "song.flac")]
    [InlineData("play", "song.flac", "--to", "local", "--transport", "pigeon")]
    [InlineData("play", "song.flac", "--to", "local", "--volume", "loud")]
    [InlineData("play", "song.flac", "--to", "local", "--port", "70000")]
    [InlineData("play", "song.flac", "--to", "local", "--start", "-5")]
    [InlineData("receive", "--output", "nowhere:out")]
    [InlineData("alac", "encode", "in.wav")]
    [InlineData("paly", "song.flac")]
    public Task Wrong_usage_ends_with_2(params string[] arguments) => PeerLab.RunAsync(
        async lab =>
        {
            Child tool = lab.Raop(arguments);
            int code = await tool.ExitAsync(TestContext.Current.CancellationToken);
            Assert.True(code == 2, $"exit code {code}: {tool.Errors}{tool.OutputText}");
            Assert.NotEmpty(tool.Errors);
            Assert.DoesNotContain("   at ", tool.Errors, StringComparison.Ordinal);
        },
        isolated: false);

    private static async Task PlayFailsAsync(PeerLab lab, bool json, string code, string[] arguments, params string[] secrets)
    {
        Child tool = lab.Raop(["play", .. arguments, .. json ? ["--json"] : Array.Empty<string>()]);
        await (json ? tool.FailsWithJsonAsync(code, [Secret, .. secrets]) : tool.FailsWithAsync(code, [Secret, .. secrets]));
    }

    private static Task<string[]> Command(params string[] arguments) => Task.FromResult(arguments);

    private static Task<string> ToneAsync(PeerLab lab) => lab.WriteAsync("mix.wav", Wav.Of(Mix.Seconds(1)));

    private static async Task<string> TruncatedFlacAsync(PeerLab lab)
    {
        Need.Programs("flac");
        string wav = await lab.WriteAsync("whole.wav", Wav.Of(Mix.Seconds(1))), flac = lab.PathOf("cut.flac");
        await Child.RunAsync("flac", ["--silent", "-f", "-o", flac, wav]);
        byte[] whole = await File.ReadAllBytesAsync(flac, TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(flac, whole[..(whole.Length * 6 / 10)], TestContext.Current.CancellationToken);
        return flac;
    }
}
