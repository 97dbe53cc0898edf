using System.CommandLine;
using System.Globalization;
using System.Net.Sockets;

namespace Raop.Cli;

/// <summary><c>raop remote</c>: has a receiver on this machine tell its sender what to do.</summary>
internal sealed class RemoteCommand
{
    public static readonly string[] Examples = ["raop remote toggle", "raop remote volume 40% --to Kitchen", "raop remote next --json"];

    /// <summary>For a receiver to say who it is, and for its sender to answer.</summary>
    private static readonly TimeSpan GreetingLimit = TimeSpan.FromSeconds(1), ReplyLimit = TimeSpan.FromSeconds(10);

    private readonly CommonOptions _common = new();

    private readonly Argument<string> _verb = new("COMMAND") { Description = string.Join(", ", RemoteVerb.Names) };

    private readonly Argument<string?> _value = new("VOLUME")
    {
        Description = "Behind volume: 50% or 50, -12dB, or mute", Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> _to = new("--to", "--receiver", "--name")
    {
        HelpName = "NAME", Description = "Which receiver, when several run, in one process or in some: its name or a part of it, or its port",
    };

    private RemoteCommand() => _verb.AcceptOnlyFromAmong([.. RemoteVerb.Names]);

    public static Command Create(ToolConsole console)
    {
        var self = new RemoteCommand();
        var command = new Command("remote", "Tell the sender that plays to a raop receive on this machine what to do.") { self._verb, self._value, self._to };
        command.Validators.Add(result =>
        {
            if (result.GetResult(self._verb)?.Tokens is [var verb] && RemoteVerb.Names.Contains(verb.Value)
                && !RemoteVerb.TryParse(verb.Value, result.GetResult(self._value)?.Tokens is [var value] ? value.Value : null, out _, out string? problem))
            {
                result.AddError(problem);
            }
        });
        self._common.Attach(command, console, self.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, Reporter reporter, CancellationToken stop)
    {
        string verb = result.GetRequiredValue(_verb);
        string line = result.GetValue(_value) is { } value ? $"{verb} {value}" : verb;
        List<(Socket Socket, ControlGreeting Greeting)> running = await FindAsync(reporter.Console, stop);
        try
        {
            (Socket socket, ControlGreeting receiver) = Choose(running, result.GetValue(_to));
            ControlReply reply = await AskAsync(socket, receiver, line, reporter.Console.Time, stop);
            if (!reply.Done) throw Failure(reply);
            reporter.Tell(new ToldEvent(receiver.Name, receiver.Port, line), Events.Default.ToldEvent);
            reporter.Say($"{receiver.Name} told its sender: {line}");
            return ExitCode.Done;
        }
        finally
        {
            running.ForEach(static one => one.Socket.Dispose());
        }
    }

    private static async Task<List<(Socket Socket, ControlGreeting Greeting)>> FindAsync(ToolConsole console, CancellationToken stop)
    {
        var running = new List<(Socket, ControlGreeting)>();
        foreach (string path in ControlSocket.Paths(ControlSocket.Folder(console)))
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                using var limit = new CancellationTokenSource(GreetingLimit, console.Time);
                using var any = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stop);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), any.Token);
                if (await ControlSocket.ReadAsync(socket, Events.Default.ControlGreeting, any.Token) is { } greeting)
                {
                    running.Add((socket, greeting));
                    continue;
                }
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
            {
                TryDelete(path); // its receiver was killed
            }
            catch (Exception e) when (e is SocketException or ArgumentException || (e is OperationCanceledException && !stop.IsCancellationRequested))
            {
                // it ends just now, or hangs
            }

            socket.Dispose();
        }

        return running;
    }

    private static (Socket Socket, ControlGreeting Greeting) Choose(List<(Socket Socket, ControlGreeting Greeting)> running, string? name)
    {
        if (running.Count == 0)
            throw new RaopException(RaopError.SpeakerNotFound, "No raop receive of yours runs on this machine.", "Start one: raop receive --name Kitchen");
        List<(Socket Socket, ControlGreeting Greeting)> matching = name is null ? running : Matching(running, name);
        if (matching.Count == 1) return matching[0];
        string all = string.Join(", ", (matching.Count == 0 ? running : matching).Select(static one => $"{one.Greeting.Name} (port {one.Greeting.Port})"));
        throw matching.Count == 0
            ? new RaopException(RaopError.SpeakerNotFound, $"No raop receive on this machine is called '{name}'. There are: {all}.", "Give one of these names.")
            : new RaopException(RaopError.AmbiguousName, $"Several receivers could be meant: {all}.", "Give a name that only one has, or the port: --to NAME|PORT");
    }

    private static List<(Socket Socket, ControlGreeting Greeting)> Matching(List<(Socket Socket, ControlGreeting Greeting)> running, string name)
    {
        List<(Socket, ControlGreeting)> exact = running.FindAll(one => one.Greeting.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        if (exact.Count > 0) return exact;
        bool isPort = int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int port);
        return running.FindAll(one => (isPort && one.Greeting.Port == port) || one.Greeting.Name.Contains(name, StringComparison.OrdinalIgnoreCase));
    }

    private static async Task<ControlReply> AskAsync(Socket socket, ControlGreeting receiver, string line, TimeProvider time, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(ReplyLimit, time);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stop);
        try
        {
            await ControlSocket.WriteAsync(socket, line, any.Token);
            if (await ControlSocket.ReadAsync(socket, Events.Default.ControlReply, any.Token) is { } reply) return reply;
        }
        catch (SocketException)
        {
            // said below
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new RaopException(RaopError.Timeout, $"{receiver.Name} did not answer within {ReplyLimit.TotalSeconds:0} s.", "See whether it still runs.");
        }

        throw new RaopException(RaopError.ConnectionLost, $"{receiver.Name} ended before it answered.");
    }

    private static Exception Failure(ControlReply reply)
    {
        string message = reply.Message ?? "It failed.", remedy = reply.Remedy ?? "";
        foreach (RaopError error in Enum.GetValues<RaopError>())
        {
            if (Printable.Kebab(error) == reply.Code) return new RaopException(error, message, remedy);
        }

        return reply.Code == ErrorReport.UsageCode ? new UsageException(message, remedy) : new InvalidOperationException(message);
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // then it stays
        }
    }
}
