namespace Raop.Remote;

/// <summary>What commands are called in DACP.</summary>
internal static class DacpCommand
{
    private static readonly Dictionary<string, RaopRemoteCommand> ByName = new(StringComparer.Ordinal)
    {
        ["play"] = RaopRemoteCommand.Play,
        ["pause"] = RaopRemoteCommand.Pause,
        ["playpause"] = RaopRemoteCommand.PlayPause,
        ["stop"] = RaopRemoteCommand.Stop,
        ["playresume"] = RaopRemoteCommand.PlayResume,
        ["nextitem"] = RaopRemoteCommand.Next,
        ["previtem"] = RaopRemoteCommand.Previous,
        ["beginff"] = RaopRemoteCommand.FastForward,
        ["beginrew"] = RaopRemoteCommand.Rewind,
        ["shuffle_songs"] = RaopRemoteCommand.Shuffle,
        ["volumeup"] = RaopRemoteCommand.VolumeUp,
        ["volumedown"] = RaopRemoteCommand.VolumeDown,
        ["mutetoggle"] = RaopRemoteCommand.MuteToggle,
    };

    private static readonly Dictionary<RaopRemoteCommand, string> ByCommand = ByName.ToDictionary(static entry => entry.Value, static entry => entry.Key);

    /// <summary>The command of that name; names compare by case.</summary>
    public static bool TryParse(string name, out RaopRemoteCommand command) => ByName.TryGetValue(name, out command);

    /// <summary>The name on the wire.</summary>
    public static string Name(RaopRemoteCommand command) =>
        ByCommand.TryGetValue(command, out string? name) ? name : throw new ArgumentOutOfRangeException(nameof(command), command, "No such command.");

    /// <summary>Sets the asking speaker's volume.</summary>
    /// <param name="volume">AirPlay's dB: 0 to −30, −144 muted.</param>
    public static string SetVolume(double volume) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"setproperty?dmcp.device-volume={volume:F6}");
}
