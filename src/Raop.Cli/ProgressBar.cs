using Spectre.Console;

namespace Raop.Cli;

/// <summary>Shows on a terminal how far a long piece of work is; elsewhere nothing.</summary>
internal static class ProgressBar
{
    /// <summary>Does the work.</summary>
    /// <param name="reporter">Whether and where to show.</param>
    /// <param name="title">What is being made.</param>
    /// <param name="total">Frames in all, or null when not known: then nothing is shown.</param>
    /// <param name="work">Gets a function to call with the frames done so far.</param>
    public static Task<T> RunAsync<T>(Reporter reporter, string title, long? total, Func<Action<long>, Task<T>> work) =>
        reporter.IsLive && total is { } frames ? ShowAsync(reporter, title, frames, work) : work(static _ => { });

    private static Task<T> ShowAsync<T>(Reporter reporter, string title, long total, Func<Action<long>, Task<T>> work)
    {
        IAnsiConsole terminal = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(reporter.Console.Terminal) });
        return terminal.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                ProgressTask task = context.AddTask(Markup.Escape(Printable.Clean(title)), maxValue: Math.Max(1, total));
                return await work(done => task.Value = done);
            });
    }
}
