using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Raop.Audio;

namespace Raop.Cli;

/// <summary><c>raop play</c>: files, streams and stations to a speaker.</summary>
internal sealed class PlayCommand
{
    public static readonly string[] Examples =
    [
        "raop play song.flac --to local",
        "raop play song.flac --to \"Küche 2.0\"",
        "raop play *.flac --to 192.168.1.20 --volume 60%",
        "raop play song.m4a --to kitchen.lan:5000 --start 1:30 --password -",
        "raop play song.flac --to 192.168.1.20 --latency 0.5 --udp-ports 6001-6010",
        "raop play song.flac --to local --output wav:copy.wav",
        "ffmpeg -i song.ogg -f s16le -ar 44100 -ac 2 - | raop play - --raw-format 44100:16:2 --to 192.168.1.20",
    ];

    private readonly CommonOptions _common = new();
    private readonly PasswordOptions _password = new();

    private readonly Argument<string[]> _inputs = new("INPUT")
    {
        Description = "Files in any order of formats, http(s) addresses, or - for standard input",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<Address> _to = new("--to")
    {
        HelpName = "SPEAKER", Required = true,
        Description = "A speaker's name or a part of it that no other has (raop list shows them), host, host:port, [IPv6]:port, or local: a receiver inside this process",
        CustomParser = static result => Parsed.Value<Address>(result, Address.TryParse),
    };

    private readonly Option<int?> _port = new("--port")
    {
        HelpName = "N", Description = "The receiver's port, 5000 when not given",
        CustomParser = static result => Parsed.Value<int>(result, Address.TryParsePort),
    };

    private readonly Option<string> _transport = new("--transport")
    {
        HelpName = "auto|tcp|udp", Description = "How audio travels; auto is udp, or tcp to a receiver that takes no udp", DefaultValueFactory = static _ => "auto",
    };

    private readonly Option<string> _codec = new("--codec")
    {
        HelpName = "auto|alac|pcm", Description = "How audio is packed, without loss either way; auto is alac", DefaultValueFactory = static _ => "auto",
    };

    private readonly Option<string> _encryption = new("--encryption")
    {
        HelpName = "auto|none|rsa|auth-setup", Description = "Whether audio is encrypted; auto does, unless the receiver takes no key",
        DefaultValueFactory = static _ => "auto",
    };

    private readonly Option<TimeSpan?> _latency = new("--latency")
    {
        HelpName = "SECONDS", Description = "Over udp, from sending a sound to hearing it: 0.1 to 10, 2 when not given. Less makes losses audible",
        CustomParser = static result => Parsed.Value<TimeSpan>(result, TryParseLatency),
    };

    private readonly Option<RaopPortRange?> _udpPorts = PortRangeText.Option("Over udp, two ports that the receiver reaches us at", fewest: 2);

    private readonly Option<double?> _volume = new("--volume")
    {
        HelpName = "PERCENT|dB", Description = "50% or 50, -12dB or -12, or mute. 100%, the default, leaves every bit as it is",
        CustomParser = static result => Parsed.Value<double>(result, VolumeText.TryParse),
    };

    private readonly Option<TimeSpan> _start = new("--start")
    {
        HelpName = "TIME", Description = "Where in the first input to begin: 90, 1:30 or 0:01:30.5",
        CustomParser = static result => Parsed.Value<TimeSpan>(result, TimeText.TryParse),
    };

    private readonly Option<string> _output = OutputOption.Create("auto");

    private readonly Option<PcmFormat?> _rawFormat = RawFormatText.Option();

    private PlayCommand()
    {
        _output.Description += ". Only with --to local";
        _transport.AcceptOnlyFromAmong("auto", "tcp", "udp");
        _codec.AcceptOnlyFromAmong("auto", "alac", "pcm");
        _encryption.AcceptOnlyFromAmong("auto", "none", "rsa", "auth-setup");
    }

    public static Command Create(ToolConsole console)
    {
        var self = new PlayCommand();
        var command = new Command("play", "Play files, standard input or web radio to a speaker, one after the other without gaps.")
        {
            self._inputs, self._to, self._port, self._transport, self._codec, self._encryption, self._latency, self._udpPorts,
            self._volume, self._start, self._output, self._rawFormat,
        };
        command.Description += Environment.NewLine + "On a terminal: space pauses, left/right seek 10 s, up/down change the volume, n plays the next, q quits.";
        self._password.Attach(command);
        command.Validators.Add(result => self.Validate(result));
        self._common.Attach(command, console, self.RunAsync);
        return command;
    }

    /// <summary>Options that would have no effect are refused.</summary>
    private void Validate(System.CommandLine.Parsing.CommandResult result)
    {
        if (result.GetResult(_transport)?.Tokens is [{ Value: "tcp" }])
        {
            if (result.GetResult(_latency) is { Implicit: false }) result.AddError("--latency has no meaning with --transport tcp.");
            if (result.GetResult(_udpPorts) is { Implicit: false }) result.AddError("--udp-ports has no meaning with --transport tcp.");
        }

        string[] inputs = [.. result.GetResult(_inputs)?.Tokens.Select(static token => token.Value) ?? []];
        if (inputs.FirstOrDefault(static input => input.Length > 1 && input[0] == '-') is { } unknown)
            result.AddError($"There is no option {unknown}. A file of that name is ./{unknown}.");
        if (inputs.Count(static input => input == "-") > 1) result.AddError("Standard input can be played once only.");
        if (result.GetResult(_to)?.Tokens is not [var text] || !Address.TryParse(text.Value, out Address to, out _)) return;
        bool isPortGiven = result.GetResult(_port) is { Implicit: false };
        if (to.IsLocal && isPortGiven) result.AddError("--port has no meaning with --to local.");
        if (to.Port is not null && isPortGiven) result.AddError("The port is given twice: in --to and in --port.");
        if (!to.IsLocal && result.GetResult(_output) is { Implicit: false }) result.AddError("--output needs --to local: a receiver elsewhere has its own.");
    }

    private async Task<int> RunAsync(ParseResult result, Reporter reporter, CancellationToken stop)
    {
        string[] inputs = result.GetRequiredValue(_inputs);
        if (_password.IsFromInput(result) && inputs.Contains("-"))
            throw new UsageException("Standard input cannot be both music and password.", "--password-file FILE");
        Address to = result.GetRequiredValue(_to);
        string output = result.GetRequiredValue(_output);
        if (to.IsLocal && OutputOption.Path(output) is { } path) Array.ForEach(inputs, input => SameFile.Refuse(input, path));
        reporter.OutputIsTaken = to.IsLocal && output == OutputOption.StandardOutput;
        var request = new PlayRequest(
            inputs, to, result.GetValue(_port), output, result.GetValue(_start), result.GetValue(_rawFormat),
            new RaopSenderOptions
            {
                Password = await _password.ReadAsync(result, reporter.Console, stop),
                Encryption = result.GetValue(_encryption) switch
                {
                    "none" => RaopEncryption.None,
                    "rsa" => RaopEncryption.Rsa,
                    "auth-setup" => RaopEncryption.AuthSetup,
                    _ => RaopEncryption.Auto,
                },
                Transport = result.GetValue(_transport) switch
                {
                    "tcp" => RaopTransport.Tcp,
                    "udp" => RaopTransport.Udp,
                    _ => RaopTransport.Auto,
                },
                Codec = result.GetValue(_codec) == "pcm" ? RaopCodec.Pcm : RaopCodec.Auto,
                Latency = result.GetValue(_latency) ?? TimeSpan.FromSeconds(2),
                UdpPorts = result.GetValue(_udpPorts),
                Volume = result.GetValue(_volume) ?? 0,
                TimeProvider = reporter.Console.Time,
                LoggerFactory = reporter.Log,
            });
        return await new PlaySession(request, reporter).RunAsync(stop);
    }

    private static bool TryParseLatency(string text, out TimeSpan latency, [NotNullWhen(false)] out string? problem)
    {
        bool isRight = double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) && seconds is >= 0.1 and <= 10;
        latency = isRight ? TimeSpan.FromSeconds(seconds) : TimeSpan.Zero;
        problem = isRight ? null : $"'{text}' is no latency: seconds from 0.1 to 10 are, as in 0.5.";
        return isRight;
    }
}
