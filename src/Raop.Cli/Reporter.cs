using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;

namespace Raop.Cli;

/// <summary>Tells what a command does: to people in lines, or to machines as JSON. From any thread.</summary>
internal sealed class Reporter(ToolConsole console, bool json, bool verbose)
{
    private readonly Lock _lock = new();
    private bool _outputIsClosed;

    public ToolConsole Console { get; } = console;

    public bool IsJson { get; } = json;

    public bool IsVerbose { get; } = verbose;

    /// <summary>Standard output carries audio: JSON goes to standard error.</summary>
    public bool OutputIsTaken { get; set; }

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
        if (IsJson) Tell(new WarningEvent(message), Events.Default.WarningEvent);
        else Console.WriteLine($"warning: {Printable.Clean(message)}");
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
            if (_outputIsClosed) return;
            try
            {
                Console.Output.WriteLine(line);
                Console.Output.Flush();
            }
            catch (IOException)
            {
                _outputIsClosed = true; // nobody reads any more: the music goes on
            }
        }
    }

    /// <summary>Where the library's log goes: warnings always, everything with -v.</summary>
    public ILoggerFactory Log => field ??= new ToolLog(this);
}
