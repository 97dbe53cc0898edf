using System.Text.Json;

namespace Raop.Interop.Tests.Lab;

/// <summary>What <c>--json</c> prints, one event a line.</summary>
internal static class ToolEvents
{
    public const string Listening = "listening", Session = "session", Playing = "playing", Volume = "volume", Ended = "ended", Error = "error";

    public static long Count(this JsonElement ended, string name) => ended.GetProperty(name).GetInt64();

    public static string Text(this JsonElement e, string name) => e.GetProperty(name).GetString()!;

    /// <summary>Starts <c>raop receive --json</c> on a port of loopback and waits until it listens.</summary>
    public static async Task<Child> ReceiveAsync(this PeerLab lab, int port, string output, params string[] more)
    {
        Child receiver = lab.Raop(["receive", "--bind", "127.0.0.1", "--port", $"{port}", "--output", output, "--json", "-v", .. more]); // -v: its log, for a test that fails
        await receiver.EventAsync(Listening);
        return receiver;
    }

    /// <summary>Starts <c>raop play</c> to a port of loopback, over TCP.</summary>
    public static Child PlayTo(this PeerLab lab, int port, string input, params string[] more) =>
        lab.Raop(["play", input, "--to", "127.0.0.1", "--port", $"{port}", "--transport", "tcp", .. more]);

    /// <summary>Starts <c>raop play</c> to a port of loopback, over UDP.</summary>
    public static Child PlayOverUdpTo(this PeerLab lab, int port, string input, params string[] more) =>
        lab.Raop(["play", input, "--to", "127.0.0.1", "--port", $"{port}", "--transport", "udp", .. more]);

    /// <summary>Waits for the end and expects exit code 0.</summary>
    public static async Task SucceedsAsync(this Child tool)
    {
        int code = await tool.ExitAsync(TestContext.Current.CancellationToken);
        Assert.True(code == 0, $"Exit code {code}.\nstderr:\n{tool.Errors}\nstdout:\n{tool.OutputText[..Math.Min(2_000, tool.OutputText.Length)]}");
    }
}
