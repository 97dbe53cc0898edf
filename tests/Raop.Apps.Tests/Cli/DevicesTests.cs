using Raop.Audio;
using Raop.Cli;
using Raop.Media;

namespace Raop.Apps.Tests.Cli;

public sealed class DevicesTests
{
    private static readonly SoundDevice[] Two =
    [
        new("hdmi", "Screen", "PulseAudio", IsDefault: false, Format: null),
        new("analog-stereo", "Loud\u001bspeakers", "PulseAudio", IsDefault: true, new PcmFormat(48_000, 32, 2)),
    ];

    [Fact]
    public void Lists_devices_the_default_one_with_a_star()
    {
        (string output, _) = Show(Two, json: false);
        Assert.Equal(
            ["  hdmi           Screen         PulseAudio", "* analog-stereo  Loud speakers  PulseAudio  48000 Hz, 32 bit, stereo"],
            output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void Lists_devices_in_json()
    {
        (string output, _) = Show(Two, json: true);
        string[] lines = output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            """{"event":"device","id":"hdmi","description":"Screen","system":"PulseAudio","isDefault":false,"sampleRate":null,"bitsPerSample":null,"channels":null}""",
            lines[0]);
        Assert.Equal(48_000, ToolRun.Json(lines[1]).GetProperty("sampleRate").GetInt32());
    }

    [Fact]
    public void Without_a_device_it_says_what_was_looked_for_and_what_works()
    {
        (string output, string error) = Show([], json: false);
        Assert.Equal("", output);
        Assert.Contains("PipeWire", error, StringComparison.Ordinal);
        Assert.Contains("wav:", error, StringComparison.Ordinal);
    }

    private static (string Output, string Error) Show(SoundDevice[] devices, bool json)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        DevicesCommand.Show(devices, new Reporter(new ToolConsole(output, error), json, verbose: false));
        return (output.ToString(), error.ToString());
    }
}
