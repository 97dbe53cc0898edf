using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.InteropServices;

namespace Raop.Cli;

/// <summary>The tool <c>raop</c>.</summary>
internal static class Program
{
    private static readonly TimeSpan Impatience = TimeSpan.FromSeconds(0.5);

    /// <summary>What hangs for so long after a signal, as a read from a silent pipe may, is left behind.</summary>
    private static readonly TimeSpan GoodOrderLimit = TimeSpan.FromSeconds(5);

    private static async Task<int> Main(string[] args)
    {
        using var stop = new CancellationTokenSource();
        ToolConsole console = ToolConsole.OfProcess();
        AppDomain.CurrentDomain.UnhandledException += (_, e) => Environment.Exit(Internal(console, e.ExceptionObject as Exception));
        long first = 0;
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using PosixSignalRegistration hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        Task<int> running = Task.Run(() => RunAsync(args, console, stop.Token), CancellationToken.None);
        try
        {
            return await running.WaitAsync(stop.Token);
        }
        catch (OperationCanceledException)
        {
            return await Task.WhenAny(running, Task.Delay(GoodOrderLimit, console.Time, CancellationToken.None)) == running ? await running : ExitCode.Interrupted;
        }
        catch (Exception e)
        {
            return Internal(console, e);
        }

        // The first asks to end in good order, a later one ends at once. timeout(1) and some shells send two in a row.
        void Stop(PosixSignalContext signal)
        {
            if (!stop.IsCancellationRequested) first = console.Time.GetTimestamp();
            else if (console.Time.GetElapsedTime(first) > Impatience) return;
            signal.Cancel = true;
            stop.Cancel();
        }
    }

    /// <summary>Runs one command.</summary>
    /// <param name="args">The arguments, without the program's name.</param>
    /// <param name="console">Where it writes.</param>
    /// <param name="stop">Ends it in good order, with <see cref="ExitCode.Interrupted"/>.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] args, ToolConsole console, CancellationToken stop)
    {
        ParseResult result = CreateRoot(console).Parse(args);
        if (result.Errors.Count > 0) return ReportUsage(args, result, console);
        var configuration = new InvocationConfiguration
        {
            Output = console.Output,
            Error = console.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null, // signals are Main's
        };
        try
        {
            return await result.InvokeAsync(configuration, stop);
        }
        catch (RaopException e) // help or version could not be written
        {
            return ErrorReport.Write(new Reporter(console, json: false, verbose: false), e);
        }
    }

    /// <summary>The last chance: what nobody caught is an error like any other, not an abort.</summary>
    private static int Internal(ToolConsole console, Exception? e) =>
        ErrorReport.Write(new Reporter(console, json: false, verbose: false), e ?? new InvalidOperationException("Something went wrong that nobody described."));

    private static Command CreateRoot(ToolConsole console)
    {
        Command play = PlayCommand.Create(console), receive = ReceiveCommand.Create(console), devices = DevicesCommand.Create(console);
        Command list = ListCommand.Create(console), remote = RemoteCommand.Create(console);
        (Command alac, Command encode, Command decode) = AlacCommand.Create(console);
        var root = new Command("raop", "Play music to AirPlay speakers, and be one.") { list, play, receive, remote, alac, devices };
        var helpOption = new HelpOption();
        Help help = new Help((HelpAction)helpOption.Action!)
            .Add(root, "raop list", "raop play song.flac --to Kitchen", "raop play song.flac --to local", "raop receive --name Kitchen", "raop play --help")
            .Add(list, ListCommand.Examples)
            .Add(play, PlayCommand.Examples)
            .Add(receive, ReceiveCommand.Examples)
            .Add(remote, RemoteCommand.Examples)
            .Add(alac, AlacCommand.Examples)
            .Add(encode, AlacCommand.EncodeExamples)
            .Add(decode, AlacCommand.DecodeExamples)
            .Add(devices, DevicesCommand.Examples);
        helpOption.Action = help;
        root.Options.Add(helpOption);
        root.Options.Add(new VersionOption { Action = new PrintVersion() });
        alac.SetAction(help.Invoke);
        root.SetAction(help.Invoke); // not the action itself: it would let a misspelt command pass
        return root;
    }

    private static int ReportUsage(string[] args, ParseResult result, ToolConsole console)
    {
        string command = result.CommandResult.Command is { Name: not "raop" } inner ? $"raop {Path(inner)} --help" : "raop --help";
        var reporter = new Reporter(console, args.Contains("--json"), verbose: false);
        string message = string.Join(" ", result.Errors.Select(static error => error.Message).Distinct());
        return ErrorReport.Write(reporter, ErrorReport.UsageCode, message, command, ExitCode.WrongUsage);
    }

    private static string Path(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { Name: not "raop" } parent ? $"{Path(parent)} {command.Name}" : command.Name;

    private sealed class PrintVersion : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine($"raop {typeof(Program).Assembly.GetName().Version?.ToString(3)}");
            return ExitCode.Done;
        }
    }
}
