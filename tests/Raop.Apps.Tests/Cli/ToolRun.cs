using System.Text.Json;
using Raop.Cli;

namespace Raop.Apps.Tests.Cli;

/// <summary>The tool, run inside the test.</summary>
internal sealed class ToolRun
{
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly Task<int> _running;

    private ToolRun(string[] arguments, Func<string, string?> variable, string input)
    {
        var console = new ToolConsole(Output, Error) { Variable = variable, Input = new StringReader(input) };
        _running = Task.Run(() => Program.RunAsync(arguments, console, _stop.Token));
    }

    public LineWriter Output { get; } = new();

    public LineWriter Error { get; } = new();

    /// <summary>Starts the tool; it goes on beside the test.</summary>
    public static ToolRun Start(params string[] arguments) => new(arguments, static _ => null, "");

    /// <summary>Starts the tool with an environment variable.</summary>
    public static ToolRun StartWith(string variable, string value, params string[] arguments) =>
        new(arguments, name => name == variable ? value : null, "");

    /// <summary>Starts the tool with lines on standard input.</summary>
    public static ToolRun StartWithInput(string input, params string[] arguments) => new(arguments, static _ => null, input);

    /// <summary>Runs the tool to its end.</summary>
    public static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) => await Start(arguments).EndAsync();

    /// <summary>Waits for the tool's end.</summary>
    public async Task<(int Code, string Output, string Error)> EndAsync()
    {
        int code = await _running;
        return (code, Output.ToString(), Error.ToString());
    }

    /// <summary>What Ctrl-C does.</summary>
    public void Interrupt() => _stop.Cancel();

    /// <summary>Reads lines of JSON until the event of this name.</summary>
    public async Task<JsonElement> EventAsync(string name)
    {
        while (true)
        {
            JsonElement line = Json(await Output.ReadLineAsync());
            if (line.GetProperty("event").GetString() == name) return line;
        }
    }

    public static JsonElement Json(string line) => JsonDocument.Parse(line).RootElement;

    /// <summary>The events' names in lines of JSON.</summary>
    public static IEnumerable<string?> Names(string lines) =>
        lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => Json(line).GetProperty("event").GetString());

    /// <summary>One error and only one, as people see it.</summary>
    public static void AssertOneError(string error, string code)
    {
        string[] lines = error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Single(lines, static line => line.StartsWith("error[", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith($"error[{code}]: ", StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", error, StringComparison.Ordinal);
    }
}
