using System.CommandLine;
using System.Globalization;
using System.Net;
using Raop.Audio;
using Raop.Media;
using Raop.Metadata;

namespace Raop.Cli;

/// <summary><c>raop receive</c>: a speaker.</summary>
internal sealed class ReceiveCommand
{
    public static readonly string[] Examples =
    [
        "raop receive --name Kitchen",
        "raop receive --output wav:evening.wav --once --json",
        "RAOP_PASSWORD=secret raop receive --port 5001 --on-busy take",
    ];

    private const int MaxName = 100; // 63 bytes are announced; raop remote is told all of it

    private readonly CommonOptions _common = new();
    private readonly PasswordOptions _password = new();

    private readonly Option<string> _name = new("--name")
    {
        HelpName = "NAME", Description = "The name that people see", DefaultValueFactory = static _ => "Raop",
    };

    private readonly Option<int> _port = new("--port")
    {
        HelpName = "N", Description = "The port to listen on; 0 takes a free one", DefaultValueFactory = static _ => Address.DefaultPort,
        CustomParser = static result => Parsed.Value<int>(result, Address.TryParseListenPort),
    };

    private readonly Option<IPAddress> _bind = new("--bind")
    {
        HelpName = "ADDRESS", Description = "Listen on this address only", DefaultValueFactory = static _ => IPAddress.IPv6Any,
        CustomParser = static result =>
        {
            if (IPAddress.TryParse(result.Tokens[0].Value, out IPAddress? address)) return address;
            result.AddError($"'{result.Tokens[0].Value}' is not an address in numbers.");
            return IPAddress.None;
        },
    };

    private readonly Option<string> _output = OutputOption.Create("auto");

    private readonly Option<string> _onBusy = new("--on-busy")
    {
        HelpName = "refuse|take", Description = "What a second sender gets: refused, or it takes over", DefaultValueFactory = static _ => "refuse",
    };

    private readonly Option<string> _volumeCurve = new("--volume-curve")
    {
        HelpName = "decibel|standard|flat|dasl-tapered", Description = "How the sender's -30 to 0 becomes loudness: as decibels, or as shairport-sync has it",
        DefaultValueFactory = static _ => "decibel",
    };

    private readonly Option<RaopPortRange?> _udpPorts = PortRangeText.Option("UDP ports to choose from, three a session", fewest: 3);

    private readonly Option<TimeSpan?> _sessionTimeout = new("--session-timeout")
    {
        HelpName = "SECONDS", Description = "A sender from which nothing comes for so long is dropped: 1 to 86400, 30 when not given",
        CustomParser = static result =>
        {
            string text = result.Tokens[0].Value;
            if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) && seconds is >= 1 and <= 86_400) return TimeSpan.FromSeconds(seconds);
            result.AddError($"'{text}' is no time-out: seconds from 1 to 86400 are.");
            return default;
        },
    };

    private readonly Option<FileInfo?> _timingLog = new("--timing-log")
    {
        HelpName = "FILE", Description = "Write down when each run of frames was due and when it was written (CSV, ns)",
    };

    private readonly Option<string?> _artworkDir = new("--artwork-dir")
    {
        HelpName = "DIR", Description = "Keep the covers that senders send as files there; the newest 500 of a run stay",
    };

    private readonly Option<bool> _noAdvertise = new("--no-advertise") { Description = "Do not make it known on the network" };

    private readonly Option<bool> _once = new("--once") { Description = "Leave after the first session" };

    private ReceiveCommand()
    {
        _onBusy.AcceptOnlyFromAmong("refuse", "take");
        _volumeCurve.AcceptOnlyFromAmong("decibel", "standard", "flat", "dasl-tapered");
        _name.Validators.Add(static result =>
        {
            if (result.Tokens is [{ Value: var name }] && (string.IsNullOrWhiteSpace(name) || name.Length > MaxName || name.Any(char.IsControl)))
                result.AddError($"--name: a name has 1 to {MaxName} characters, not all blank and no line end among them.");
        });
    }

    public static Command Create(ToolConsole console)
    {
        var self = new ReceiveCommand();
        var command = new Command("receive", "Be a speaker that AirPlay senders play to.")
        {
            self._name, self._port, self._bind, self._output, self._onBusy, self._volumeCurve, self._udpPorts, self._sessionTimeout, self._timingLog,
            self._artworkDir, self._noAdvertise, self._once,
        };
        command.Description += Environment.NewLine + ReceiveKeys.Help;
        self._password.Attach(command);
        self._common.Attach(command, console, self.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, Reporter reporter, CancellationToken stop)
    {
        string output = result.GetRequiredValue(_output);
        reporter.OutputIsTaken = output == OutputOption.StandardOutput;
        var options = new RaopReceiverOptions
        {
            Name = result.GetRequiredValue(_name),
            Advertise = !result.GetValue(_noAdvertise),
            Listen = new IPEndPoint(result.GetRequiredValue(_bind), result.GetValue(_port)),
            Password = await _password.ReadAsync(result, reporter.Console, stop),
            VolumeProfile = result.GetValue(_volumeCurve) switch
            {
                "standard" => VolumeProfile.Standard,
                "flat" => VolumeProfile.Flat,
                "dasl-tapered" => VolumeProfile.DaslTapered,
                _ => VolumeProfile.DecibelAsIs,
            },
            UdpPorts = result.GetValue(_udpPorts),
            SessionTimeout = result.GetValue(_sessionTimeout) ?? TimeSpan.FromSeconds(30),
            TakeOver = result.GetValue(_onBusy) == "take" ? RaopTakeOver.Take : RaopTakeOver.Refuse,
            Decoders = PacketDecoders.Find(),
            TimeProvider = reporter.Console.Time,
            LoggerFactory = reporter.Log,
        };
        ArtworkFolder? covers = result.GetValue(_artworkDir) is { } folder ? new ArtworkFolder(folder) : null;
        await using IPcmSink sink = OpenSink(output, result.GetValue(_timingLog), reporter);
        var report = new ReceiverReport(reporter, covers);
        await using RaopReceiver receiver = RaopReceiver.Start(sink, options, report.Tell);
        await using ControlServer? control = ControlServer.TryStart(receiver, reporter);
        report.Listening(options.Name, receiver.EndPoint);
        using var quit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        if (reporter.IsLive) new ReceiveKeys(receiver, reporter, quit).Start();
        try
        {
            return await WaitAsync(receiver, result.GetValue(_once) ? report.FirstEnd : null, quit.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return ExitCode.Done; // q was pressed
        }
    }

    /// <summary>Waits for the receiver's end, or for the first session's.</summary>
    private static async Task<int> WaitAsync(RaopReceiver receiver, Task<RaopSessionEnded>? firstEnd, CancellationToken stop)
    {
        Task<RaopSessionEnded> once = firstEnd ?? new TaskCompletionSource<RaopSessionEnded>().Task;
        await Task.WhenAny(receiver.Completion, once).WaitAsync(stop);
        if (receiver.Completion.IsCompleted || (await once).Cause == RaopEndCause.OutputFailed) await receiver.Completion.WaitAsync(stop);
        if (once.IsCompleted && (await once) is { Cause: RaopEndCause.DecoderFailed } undecoded)
            throw new RaopException(RaopError.UnsupportedFormat, undecoded.Detail, "Run it again with -v; let the sender send Apple Lossless if it can.");
        if (once.IsCompleted && (await once) is { Cause: RaopEndCause.ProtocolViolation } bad)
            throw new RaopException(RaopError.ProtocolViolation, bad.Detail, "Run it again with -v to see what the sender sent.");
        return ExitCode.Done;
    }

    private static IPcmSink OpenSink(string output, FileInfo? timingLog, Reporter reporter)
    {
        IPcmSink sink = MediaSink.Open(output, reporter.Console.Time);
        if (timingLog is null) return sink;
        try
        {
            return new TimingLogSink(sink, new StreamWriter(timingLog.FullName), reporter.Console.Time, why => reporter.Warn($"The timing log ends here: {why}"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RaopException(RaopError.OutputFailed, $"The timing log cannot be written: {e.Message}", "Give a path that can be written.");
        }
    }
}
