using System.Text.Json;
using Raop.Cli;

namespace Raop.Apps.Tests.Cli;

public sealed class ErrorReportTests
{
    private static readonly Dictionary<RaopError, string> Codes = new()
    {
        [RaopError.Unreachable] = "unreachable",
        [RaopError.Refused] = "refused",
        [RaopError.Timeout] = "timeout",
        [RaopError.ConnectionLost] = "connection-lost",
        [RaopError.Busy] = "busy",
        [RaopError.PasswordRequired] = "password-required",
        [RaopError.WrongPassword] = "wrong-password",
        [RaopError.NotRaopReceiver] = "not-raop-receiver",
        [RaopError.Rejected] = "rejected",
        [RaopError.ProtocolViolation] = "protocol-violation",
        [RaopError.LimitExceeded] = "limit-exceeded",
        [RaopError.UnsupportedFormat] = "unsupported-format",
        [RaopError.CorruptFile] = "corrupt-file",
        [RaopError.FileNotFound] = "file-not-found",
        [RaopError.OutputFailed] = "output-failed",
        [RaopError.NoSuchDevice] = "no-such-device",
        [RaopError.DeviceVanished] = "device-vanished",
        [RaopError.AddressInUse] = "address-in-use",
        [RaopError.PairingRequired] = "pairing-required",
        [RaopError.SpeakerNotFound] = "speaker-not-found",
        [RaopError.AmbiguousName] = "ambiguous-name",
        [RaopError.NoSender] = "no-sender",
        [RaopError.NoRemoteControl] = "no-remote-control",
    };

    public static TheoryData<RaopError> All => new(Enum.GetValues<RaopError>());

    [Theory, MemberData(nameof(All))]
    public void Shows_code_cause_and_remedy(RaopError error)
    {
        (int code, string output, string shown) = Report(new RaopException(error, "The cause.", "The remedy."), json: false);
        Assert.Equal(1, code);
        Assert.Equal("", output);
        Assert.Equal($"error[{Codes[error]}]: The cause.{Environment.NewLine}  try: The remedy.{Environment.NewLine}", shown);
    }

    [Theory, MemberData(nameof(All))]
    public void Gives_machines_the_same(RaopError error)
    {
        (_, string output, string shown) = Report(new RaopException(error, "The \"cause\".", "The remedy."), json: true);
        JsonElement line = ToolRun.Json(output);
        Assert.Equal(["event", "code", "message", "remedy"], line.EnumerateObject().Select(static property => property.Name));
        Assert.Equal("error", line.GetProperty("event").GetString());
        Assert.Equal(Codes[error], line.GetProperty("code").GetString());
        Assert.Equal("The \"cause\".", line.GetProperty("message").GetString());
        Assert.Equal("The remedy.", line.GetProperty("remedy").GetString());
        ToolRun.AssertOneError(shown, Codes[error]);
    }

    [Fact]
    public void Leaves_out_a_remedy_that_is_not_known()
    {
        (_, _, string shown) = Report(new UsageException("Not so."), json: false);
        Assert.Equal($"error[usage]: Not so.{Environment.NewLine}", shown);
    }

    [Fact]
    public void A_peer_cannot_draw_on_the_terminal()
    {
        (_, _, string shown) = Report(new RaopException(RaopError.Rejected, "It says \u001b[31mred\nerror[fake]: no", "Do\tnot."), json: false);
        Assert.Equal($"error[rejected]: It says  [31mred error[fake]: no{Environment.NewLine}  try: Do not.{Environment.NewLine}", shown);
    }

    [Theory, InlineData("\U000E0041"), InlineData("\u202E"), InlineData("\u2066"), InlineData("\u2069")]
    public void Invisible_characters_are_blanks_and_letters_stay(string invisible) =>
        Assert.Equal("a b \U0001F3B5", Printable.Clean($"a{invisible}b \U0001F3B5"));

    [Fact]
    public void What_should_not_happen_is_internal_and_shown_whole_only_on_request()
    {
        var bug = new InvalidOperationException("Oops.");
        (int code, _, string shown) = Report(bug, json: false);
        Assert.Equal(1, code);
        ToolRun.AssertOneError(shown, "internal");
        Assert.Contains("-v", shown, StringComparison.Ordinal);
        (_, _, string whole) = Report(bug, json: false, verbose: true);
        Assert.Contains("System.InvalidOperationException: Oops.", whole, StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_usage_has_its_own_exit_code()
    {
        (int code, _, string shown) = Report(new UsageException("Not so."), json: false);
        Assert.Equal(2, code);
        ToolRun.AssertOneError(shown, "usage");
    }

    [Fact]
    public void With_audio_on_standard_output_the_line_goes_to_standard_error_alone()
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var reporter = new Reporter(new ToolConsole(output, error), json: true, verbose: false) { OutputIsTaken = true };
        ErrorReport.Write(reporter, new RaopException(RaopError.Busy, "Busy."));
        Assert.Equal("", output.ToString());
        Assert.Equal("busy", ToolRun.Json(error.ToString()).GetProperty("code").GetString());
    }

    private static (int Code, string Output, string Error) Report(Exception exception, bool json, bool verbose = false)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        int code = ErrorReport.Write(new Reporter(new ToolConsole(output, error), json, verbose), exception);
        return (code, output.ToString(), error.ToString());
    }
}
