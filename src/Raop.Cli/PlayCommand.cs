using System.CommandLine;
using System.CommandLine.Parsing;
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
        "raop play *.flac --to Kitchen --to Bath --volume Bath=40% --delay Kitchen=+20ms",
        "raop play song.flac --to all --start-at 20:15:00",
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

    private readonly Option<Address[]> _to = new("--to")
    {
        HelpName = "SPEAKER", Required = true, Arity = ArgumentArity.OneOrMore,
        Description = "A speaker's name or a part of it that no other has (raop list shows them), host, host:port, [IPv6]:port, all, or local: a receiver inside "
            + "this process. Several play in time: --to A --to B",
        CustomParser = static result => ParseTo(result),
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

    private readonly Option<NamedSetting<double>[]> _volume = NamedSetting.Option<double>(
        "--volume", "[NAME=]PERCENT|dB",
        "50% or 50, -12dB or -12, or mute. 100%, the default, leaves every bit as it is. Of all, or of the speaker whose name has NAME in it: Kitchen=40%",
        VolumeText.TryParse);

    private readonly Option<NamedSetting<TimeSpan>[]> _delay = NamedSetting.Option<TimeSpan>(
        "--delay", "[NAME=]MS", "How much later than the others a speaker is heard, -500ms to +500ms: Kitchen=+20ms", DelayText.TryParse);

    private readonly Option<NamedSetting<RaopChannel>[]> _channel = NamedSetting.Option<RaopChannel>(
        "--channel", "[NAME=]CHANNEL", "What a speaker plays: left, right, mono or stereo, as in Kitchen=left", ChannelText.TryParse);

    private readonly Option<DateTimeOffset?> _startAt;

    private readonly Option<bool> _remember = new("--remember")
    {
        Description = "Keep the passwords that speakers take, in a file that nobody else can read; they are used the next time",
    };

    private readonly Option<TimeSpan> _start = new("--start")
    {
        HelpName = "TIME", Description = "Where in the first input to begin: 90, 1:30 or 0:01:30.5",
        CustomParser = static result => Parsed.Value<TimeSpan>(result, TimeText.TryParse),
    };

    private readonly Option<string> _output = OutputOption.Create("auto");

    private readonly Option<PcmFormat?> _rawFormat = RawFormatText.Option();

    private PlayCommand(TimeProvider time)
    {
        _startAt = new Option<DateTimeOffset?>("--start-at")
        {
            HelpName = "TIME", Description = "When the first sound is to be heard: +5 (seconds from now), 20:15:00, or an ISO instant",
            CustomParser = result => Parsed.Value<DateTimeOffset>(
                result, (string text, out DateTimeOffset instant, [NotNullWhen(false)] out string? problem) => StartAtText.TryParse(text, time, out instant, out problem)),
        };
        _output.Description += ". Only with --to local";
        _transport.AcceptOnlyFromAmong("auto", "tcp", "udp");
        _codec.AcceptOnlyFromAmong("auto", "alac", "pcm");
        _encryption.AcceptOnlyFromAmong("auto", "none", "rsa", "auth-setup");
    }

    public static Command Create(ToolConsole console)
    {
        var self = new PlayCommand(console.Time);
        var command = new Command("play", "Play files, standard input or web radio to speakers, one after the other without gaps.")
        {
            self._inputs, self._to, self._port, self._transport, self._codec, self._encryption, self._latency, self._udpPorts,
            self._volume, self._delay, self._channel, self._start, self._startAt, self._output, self._rawFormat,
        };
        command.Description += Environment.NewLine + "On a terminal: space pauses, left/right seek 10 s, up/down change the volume, n plays the next, p this one again, q quits.";
        self._password.Attach(command);
        command.Options.Add(self._remember);
        command.Validators.Add(result => self.Validate(result));
        self._common.Attach(command, console, self.RunAsync);
        return command;
    }

    /// <summary>Options that would have no effect are refused.</summary>
    private void Validate(CommandResult result)
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
        if (!TryReadTo(result.GetResult(_to)?.Tokens ?? [], out List<Address> all, out _) || all is not [var to, ..]) return;
        bool isPortGiven = result.GetResult(_port) is { Implicit: false };
        if (all.Count > 1 && all.Exists(static one => one.IsLocal)) result.AddError("local plays alone: leave it out, or the other speakers.");
        else if (all.Count > 1 && isPortGiven) result.AddError("--port is for one speaker. Of several write --to host:port.");
        else if (to.IsLocal && isPortGiven) result.AddError("--port has no meaning with --to local.");
        else if (to.Port is not null && isPortGiven) result.AddError("The port is given twice: in --to and in --port.");
        if (!to.IsLocal && result.GetResult(_output) is { Implicit: false }) result.AddError("--output needs --to local: a receiver elsewhere has its own.");
    }

    private static Address[] ParseTo(ArgumentResult result)
    {
        if (!TryReadTo(result.Tokens, out List<Address> all, out string? problem)) result.AddError(problem);
        return [.. all];
    }

    private static bool TryReadTo(IReadOnlyList<Token> tokens, out List<Address> all, [NotNullWhen(false)] out string? problem)
    {
        all = [];
        problem = null;
        foreach (Token token in tokens)
        {
            if (!Address.TryParse(token.Value, out Address address, out problem)) return false;
            all.Add(address);
        }

        return true;
    }

    private async Task<int> RunAsync(ParseResult result, Reporter reporter, CancellationToken stop)
    {
        string[] inputs = result.GetRequiredValue(_inputs);
        if (_password.IsFromInput(result) && inputs.Contains("-"))
            throw new UsageException("Standard input cannot be both music and password.", "--password-file FILE");
        Address[] to = result.GetRequiredValue(_to);
        bool isLocal = to[0].IsLocal;
        var settings = new SpeakerSettings(result.GetValue(_volume) ?? [], result.GetValue(_delay) ?? [], result.GetValue(_channel) ?? []);
        DateTimeOffset? startAt = result.GetValue(_startAt);
        TimeSpan latency = result.GetValue(_latency) ?? TimeSpan.FromSeconds(2);
        if (startAt is { } instant) StartAtText.Check(instant, latency, reporter.Console.Time);
        string output = result.GetRequiredValue(_output);
        if (isLocal && OutputOption.Path(output) is { } path) Array.ForEach(inputs, input => SameFile.Refuse(input, path));
        reporter.OutputIsTaken = isLocal && output == OutputOption.StandardOutput;
        var request = new PlayRequest(
            inputs, to, result.GetValue(_port), output, result.GetValue(_start), result.GetValue(_rawFormat), settings, startAt,
            result.GetValue(_remember),
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
                Latency = latency,
                UdpPorts = result.GetValue(_udpPorts),
                Volume = settings.Volume,
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
