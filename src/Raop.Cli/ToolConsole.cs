namespace Raop.Cli;

/// <summary>What the tool writes to and reads keys from; tests give their own. Lines and the live line never mix. From any thread.</summary>
internal sealed class ToolConsole(TextWriter output, TextWriter error)
{
    private const string ClearLine = "\r\u001b[K";
    private readonly Lock _lock = new();
    private string _live = "";

    /// <summary>Data. What cannot be written is a <see cref="RaopException"/>.</summary>
    public TextWriter Output { get; } = GuardedWriter.ForData(output);

    /// <summary>Progress and errors. What cannot be written is lost.</summary>
    public TextWriter Error { get; } = GuardedWriter.ForMessages(error);

    /// <summary>The same as <see cref="Error"/>, for a library that looks whether it is the terminal.</summary>
    public TextWriter Terminal { get; } = error;

    /// <summary>Whether <see cref="Error"/> is a terminal: only then anything is drawn twice.</summary>
    public bool IsTerminal { get; init; }

    /// <summary>Waits for a key; null when there is no keyboard.</summary>
    public Func<ConsoleKeyInfo>? ReadKey { get; init; }

    /// <summary>Where a password comes from that is not in the arguments.</summary>
    public TextReader Input { get; init; } = TextReader.Null;

    /// <summary>Columns of the terminal.</summary>
    public Func<int> Width { get; init; } = static () => 80;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>An environment variable, or null.</summary>
    public Func<string, string?> Variable { get; init; } = static _ => null;

    /// <summary>Whether the terminal shows more than ASCII.</summary>
    public bool IsUnicode => Error.Encoding.CodePage is 65001 or 1200;

    /// <summary>The console of this process.</summary>
    public static ToolConsole OfProcess() => new(Console.Out, Console.Error)
    {
        IsTerminal = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not "dumb",
        ReadKey = Console.IsInputRedirected ? null : static () => Console.ReadKey(intercept: true),
        Input = new StandardInput(),
        Width = static () => Math.Max(20, Console.WindowWidth),
        Variable = Environment.GetEnvironmentVariable,
    };

    /// <summary>Writes a line to <see cref="Error"/>, above the live line.</summary>
    public void WriteLine(string line)
    {
        lock (_lock)
        {
            if (_live.Length > 0) Error.Write(ClearLine);
            Error.WriteLine(line);
            Error.Write(_live);
            Error.Flush();
        }
    }

    /// <summary>Draws the live line, or takes it away when empty. Only on a terminal.</summary>
    public void DrawLive(string line)
    {
        lock (_lock)
        {
            if (line.Length == 0 && _live.Length == 0) return;
            _live = line;
            Error.Write(ClearLine + line);
            Error.Flush();
        }
    }

    /// <summary>Opened when it is read: asking for standard input changes the terminal.</summary>
    private sealed class StandardInput : TextReader
    {
        public override string? ReadLine() => Console.In.ReadLine();
    }
}
