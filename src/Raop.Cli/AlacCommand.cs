using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Alac;
using Raop.Audio;

namespace Raop.Cli;

/// <summary><c>raop alac</c>: Apple Lossless files.</summary>
internal sealed class AlacCommand
{
    public static readonly string[] Examples = ["raop alac encode song.flac song.m4a", "raop alac decode song.m4a song.wav"];

    public static readonly string[] EncodeExamples =
    [
        "raop alac encode song.flac song.m4a",
        "raop alac encode song.wav song.caf --frames 352",
        "raop alac encode song.flac song.m4a --effort best",
        "raop alac encode samples.raw song.m4a --raw-format 44100:16:2",
    ];

    public static readonly string[] DecodeExamples = ["raop alac decode song.m4a song.wav", "raop alac decode song.caf samples.raw --force"];

    private readonly CommonOptions _common = new();
    private readonly Argument<string> _input = new("IN");
    private readonly Argument<string> _output = new("OUT");
    private readonly Option<bool> _force = new("--force", "-f") { Description = "Replace OUT if it exists" };

    private readonly Option<int> _frames = new("--frames")
    {
        HelpName = "N", Description = "Frames of a packet, 1 to 16384", DefaultValueFactory = static _ => new AlacConfig().FrameLength,
        CustomParser = static result => Parsed.Value<int>(result, TryParseFrames),
    };

    private readonly Option<AlacEffort> _effort = new("--effort")
    {
        HelpName = "fast|default|best", Description = "Work put into a small file: best takes some four times the work of the others and saves 0.3 to 1 %", DefaultValueFactory = static _ => AlacEffort.Default,
        CustomParser = static result => Parsed.Value<AlacEffort>(result, TryParseEffort),
    };

    private readonly Option<PcmFormat?> _rawFormat = RawFormatText.Option();

    /// <summary>The command and its two own, each ready to be added to the help.</summary>
    public static (Command Alac, Command Encode, Command Decode) Create(ToolConsole console)
    {
        Command encode = new AlacCommand().CreateEncode(console), decode = new AlacCommand().CreateDecode(console);
        return (new Command("alac", "Make and unpack Apple Lossless files.") { encode, decode }, encode, decode);
    }

    private Command CreateEncode(ToolConsole console)
    {
        _input.Description = "16 or 24 bit, mono or stereo, any rate: WAV, AIFF, FLAC, or what ffmpeg reads";
        _output.Description = "The file to make: .m4a or .caf";
        AcceptOnly(".m4a", ".caf");
        var command = new Command("encode", "Make an Apple Lossless file.") { _input, _output, _frames, _effort, _rawFormat, _force };
        _common.Attach(command, console, (result, reporter, stop) => new AlacEncode(
            result.GetRequiredValue(_input), result.GetRequiredValue(_output), result.GetValue(_frames), result.GetValue(_effort), result.GetValue(_rawFormat),
            result.GetValue(_force), reporter).RunAsync(stop));
        return command;
    }

    private Command CreateDecode(ToolConsole console)
    {
        _input.Description = "An Apple Lossless file: .m4a, .mp4 or .caf";
        _output.Description = "The file to make: .wav, or bare samples in .raw or .pcm";
        AcceptOnly(".wav", ".raw", ".pcm");
        var command = new Command("decode", "Unpack an Apple Lossless file, bit for bit.") { _input, _output, _force };
        _common.Attach(command, console, (result, reporter, stop) => new AlacDecode(
            result.GetRequiredValue(_input), result.GetRequiredValue(_output), result.GetValue(_force), reporter).RunAsync(stop));
        return command;
    }

    private static bool TryParseFrames(string text, out int frames, [NotNullWhen(false)] out string? problem)
    {
        problem = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out frames) && frames is >= 1 and <= 16_384
            ? null
            : $"'{text}' is not a number of frames: write 1 to 16384.";
        return problem is null;
    }

    private static bool TryParseEffort(string text, out AlacEffort effort, [NotNullWhen(false)] out string? problem)
    {
        AlacEffort? known = text switch { "fast" => AlacEffort.Fast, "default" => AlacEffort.Default, "best" => AlacEffort.Best, _ => null };
        effort = known ?? default;
        problem = known is null ? $"'{text}' is no effort: write fast, default or best." : null;
        return problem is null;
    }

    private void AcceptOnly(params string[] extensions) => _output.Validators.Add(result =>
    {
        if (result.Tokens is [{ Value: var text }] && !extensions.Contains(Path.GetExtension(text).ToLowerInvariant()))
            result.AddError($"'{text}' does not say what to make: its name must end in {string.Join(" or ", extensions)}.");
    });
}
