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
    private readonly HashSet<string> _warned = []; // what is said once
    private readonly Reporter? _whole;
    private readonly int _instance;
    private readonly string _prefix = "";

    private Reporter(Reporter whole, int instance, string name)
        : this(whole.Console, whole.IsJson, whole.IsVerbose) =>
        (_whole, _instance, _prefix) = (whole, instance, $"{name}: ");

    public ToolConsole Console { get; } = console;

    public bool IsJson { get; } = json;

    public bool IsVerbose { get; } = verbose;

    /// <summary>Standard output carries audio: JSON goes to standard error.</summary>
    public bool OutputIsTaken { get; set; }

    /// <summary>Why standard output takes no more, or null.</summary>
    public RaopException? OutputFailure { get; private set; }

    /// <summary>Whether a line may be drawn again and again.</summary>
    public bool IsLive => Console.IsTerminal && !IsJson;

    /// <summary>The same for one of several receivers: lines begin with its name, events have its number.</summary>
    /// <param name="instance">Counted from 1.</param>
    /// <param name="name">Its name.</param>
    public Reporter Of(int instance, string name) => new(this, instance, name);

    /// <summary>Says something to people; silent with JSON.</summary>
    public void Say(string line)
    {
        if (!IsJson) Console.WriteLine(Printable.Clean(_prefix + line));
    }

    /// <summary>A line of the log.</summary>
    public void WriteLog(string level, string category, string message) => Console.WriteLine($"{level} {category}: {Printable.Clean(_prefix + message)}");

    /// <summary>Something the user should know that does not stop the command.</summary>
    public void Warn(string message)
    {
        if (IsJson) Tell(new WarningEvent(message, null, null), Events.Default.WarningEvent);
        else Console.WriteLine($"warning: {Printable.Clean(_prefix + message)}");
    }

    /// <summary>What is true of all receivers of the process: told once, whichever tells it first.</summary>
    public void WarnOnce(string message)
    {
        if (_whole is not null) _whole.WarnOnce(message);
        else if (IsNew(message)) Warn(message);
    }

    /// <summary>The same of a failure.</summary>
    public void WarnOnce(string before, RaopException failure)
    {
        if (_whole is not null) _whole.WarnOnce(before, failure);
        else if (IsNew(before + failure.Message)) Warn(before, failure, "");
    }

    /// <summary>A failure that does not stop the command.</summary>
    /// <param name="before">Comes before the cause: whose failure it is.</param>
    /// <param name="failure">The failure.</param>
    /// <param name="after">Comes after the cause: what is done about it.</param>
    public void Warn(string before, RaopException failure, string after)
    {
        (string message, string remedy) = (Printable.Clean($"{(IsJson ? "" : _prefix)}{before}{failure.Message}{after}"), Printable.Clean(failure.Remedy));
        if (IsJson) Tell(new WarningEvent(message, Printable.Kebab(failure.Error), remedy), Events.Default.WarningEvent);
        else Console.WriteLine($"warning[{Printable.Kebab(failure.Error)}]: {message}{Environment.NewLine}  try: {remedy}");
    }

    /// <summary>Writes an event as one line of JSON; silent without.</summary>
    public void Tell<T>(T happened, JsonTypeInfo<T> type)
        where T : ToolEvent
    {
        if (!IsJson) return;
        if (_whole is not null)
        {
            _whole.Tell(happened with { Instance = _instance }, type);
            return;
        }

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

    private bool IsNew(string message)
    {
        lock (_lock) return _warned.Add(message);
    }

    /// <summary>Where the library's log goes: warnings always, everything with -v.</summary>
    public ILoggerFactory Log => field ??= new ToolLog(this);
}
