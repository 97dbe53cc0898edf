using System.CommandLine;
using Raop.Media;

namespace Raop.Cli;

/// <summary><c>raop devices</c>: where sound can go.</summary>
internal static class DevicesCommand
{
    public static readonly string[] Examples = ["raop devices", "raop devices --json"];

    public static Command Create(ToolConsole console)
    {
        var command = new Command("devices", "List the sound devices that --output device:NAME knows.");
        new CommonOptions().Attach(command, console, static (_, reporter, _) =>
        {
            Show(SoundDevice.List(), reporter);
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    /// <summary>Lists devices on standard output, the default one with a star.</summary>
    internal static void Show(IReadOnlyList<SoundDevice> devices, Reporter reporter)
    {
        foreach (SoundDevice device in devices)
        {
            reporter.Tell(
                new DeviceEvent(
                    device.Id, device.Description, device.System, device.IsDefault,
                    device.Format?.SampleRate, device.Format?.BitsPerSample, device.Format?.Channels),
                Events.Default.DeviceEvent);
        }

        if (devices.Count == 0)
        {
            reporter.Say("No sound devices: no PulseAudio or PipeWire server answers, and ALSA knows no card.");
            reporter.Say("Music still goes to files: --output wav:PATH or raw:PATH.");
        }

        if (reporter.IsJson || devices.Count == 0) return;
        int id = devices.Max(static d => d.Id.Length), description = devices.Max(static d => d.Description.Length);
        foreach (SoundDevice d in devices)
        {
            string line = $"{(d.IsDefault ? "*" : " ")} {d.Id.PadRight(id)}  {d.Description.PadRight(description)}  {d.System}  {d.Format?.ToString() ?? ""}";
            reporter.Console.Output.WriteLine(Printable.Clean(line).TrimEnd());
        }
    }
}
