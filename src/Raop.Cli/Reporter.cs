using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;

namespace Raop.Cli;

/// <summary>Tells what a command does: to people in lines, or to machines as JSON. From any thread.</summary>
/// <param name="console">Where to.</param>
/// <param name="json">To machines.</param>
/// <param name="verbose">With the log.</param>
/// <param name="outputFailed">Called once when standard output takes no more: the command should end.</param>
internal sealed class Reporter(ToolConsole console, bool json, bool verbose, Action? outputFailed = null)
{
    private readonly Lock _lock = new();

    public ToolConsole Console { get; } = console;

    public bool IsJson { get; } = json;

    public bool IsVerbose { get; } = verbose;

    /// <summary>Standard output carries audio: JSON goes to standard error.</summary>
    public bool OutputIsTaken { get; set; }

    /// <summary>Why standard output takes no more, or null.</summary>
    public RaopException? OutputFailure { get; private set; }

    /// <summary>Whether a line may be drawn again and again.</summary>
    public bool IsLive => Console.IsTerminal && !IsJson;

    /// <summary>Says something to people; silent with JSON.</summary>
    public void Say(string line)
    {
        if (!IsJson) Console.WriteLine(Printable.Clean(line));
    }

    /// <summary>Something the user should know that does not stop the command.</summary>
    public void Warn(string message)
    {
        if (IsJson) Tell(new WarningEvent(message, null, null), Events.Default.WarningEvent);
        else Console.WriteLine($"warning: {Printable.Clean(message)}");
    }

    /// <summary>A failure that does not stop the command.</summary>
    /// <param name="before">Comes before the cause: whose failure it is.</param>
    /// <param name="failure">The failure.</param>
    /// <param name="after">Comes after the cause: what is done about it.</param>
    public void Warn(string before, RaopException failure, string after)
    {
        (string message, string remedy) = (Printable.Clean($"{before}{failure.Message}{after}"), Printable.Clean(failure.Remedy));
        if (IsJson) Tell(new WarningEvent(message, Printable.Kebab(failure.Error), remedy), Events.Default.WarningEvent);
        else Console.WriteLine($"warning[{Printable.Kebab(failure.Error)}]: {message}{Environment.NewLine}  try: {remedy}");
    }

    /// <summary>Writes an event as one line of JSON; silent without.</summary>
    public void Tell<T>(T happened, JsonTypeInfo<T> type)
    {
        if (!IsJson) return;
        string line = Events.Line(happened, type);
        if (OutputIsTaken)
        {
            Console.WriteLine(line);
            return;
        }

        lock (_lock)
        {
            if (OutputFailure is not null) return;
            try
            {
                Console.Output.WriteLine(line);
                Console.Output.Flush();
                return;
            }
            catch (RaopException e)
            {
                OutputFailure = e; // not thrown: whose event this is could do nothing about it
            }
        }

        outputFailed?.Invoke();
    }

    /// <summary>Where the library's log goes: warnings always, everything with -v.</summary>
    public ILoggerFactory Log => field ??= new ToolLog(this);
}
