using System.Text.Json;

namespace Raop.Interop.Tests.Lab;

/// <summary>How the tool must fail: one clear error with code, cause and remedy, and the exit code.</summary>
internal static class ToolError
{
    private const int MostLines = 6;

    private static readonly string[] TraceMarks = ["\n   at ", "Unhandled exception", "System.", "Exception:"];

    /// <summary>Waits for the end and checks the message for people on stderr.</summary>
    /// <param name="code">The error's code, kebab-case.</param>
    public static async Task FailsWithAsync(this Child tool, string code, params string[] secrets)
    {
        int exit = await tool.ExitAsync(TestContext.Current.CancellationToken);
        string said = $"exit code {exit}, stderr:\n{tool.Errors}\nstdout:\n{tool.OutputText}";
        Assert.True(exit == 1, said);
        string[] lines = tool.Errors.TrimEnd().Split('\n');
        Assert.True(lines.Count(line => line.StartsWith("error[", StringComparison.Ordinal)) == 1 && lines.Length <= MostLines, said);
        int at = Array.FindIndex(lines, line => line.StartsWith($"error[{code}]: ", StringComparison.Ordinal));
        Assert.True(at >= 0 && at + 1 < lines.Length && lines[at + 1].StartsWith("  try: ", StringComparison.Ordinal), said);
        AssertNoTraceAndNo(secrets, tool, said);
    }

    /// <summary>Waits for the end and checks the one error event of <c>--json</c>.</summary>
    public static async Task FailsWithJsonAsync(this Child tool, string code, params string[] secrets)
    {
        int exit = await tool.ExitAsync(TestContext.Current.CancellationToken);
        string said = $"exit code {exit}, stderr:\n{tool.Errors}\nstdout:\n{tool.OutputText}";
        Assert.True(exit == 1, said);
        JsonElement[] errors = [.. tool.Events().Where(e => e.Text("event") == ToolEvents.Error)];
        Assert.True(errors.Length == 1, said);
        Assert.Equal(code, errors[0].Text("code"));
        Assert.True(errors[0].Text("message").Length > 10 && errors[0].Text("remedy").Length > 10, said);
        AssertNoTraceAndNo(secrets, tool, said);
    }

    private static void AssertNoTraceAndNo(string[] secrets, Child tool, string said)
    {
        string all = tool.Errors + tool.OutputText;
        Assert.All(TraceMarks, mark => Assert.False(all.Contains(mark, StringComparison.Ordinal), said));
        Assert.All(secrets, secret => Assert.False(all.Contains(secret, StringComparison.Ordinal), $"It tells a secret; {said}"));
    }
}
