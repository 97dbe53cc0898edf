using System.CommandLine;

namespace Raop.Cli;

/// <summary>What every command has: --json, -v, an example in its help, and one place where errors are reported.</summary>
internal sealed class CommonOptions
{
    public Option<bool> Json { get; } = new("--json") { Description = "Write what happens as lines of JSON to standard output" };

    public Option<bool> Verbose { get; } = new("--verbose", "-v") { Description = "Show the log: each step of the protocol (never a password)" };

    /// <summary>Adds the options to a command and lets it run <paramref name="run"/>.</summary>
    public void Attach(Command command, ToolConsole console, Func<ParseResult, Reporter, CancellationToken, Task<int>> run)
    {
        command.Options.Add(Json);
        command.Options.Add(Verbose);
        command.SetAction(async (result, stop) =>
        {
            var ending = CancellationTokenSource.CreateLinkedTokenSource(stop); // not disposed: a late event may still cancel it
            var reporter = new Reporter(console, result.GetValue(Json), result.GetValue(Verbose), () => _ = ending.CancelAsync());
            try
            {
                int code = await run(result, reporter, ending.Token);
                return reporter.OutputFailure is { } failure ? ErrorReport.Write(reporter, failure) : code;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested && reporter.OutputFailure is null)
            {
                return ExitCode.Interrupted;
            }
            catch (Exception e)
            {
                console.DrawLive("");
                return ErrorReport.Write(reporter, reporter.OutputFailure ?? e);
            }
        });
    }
}
