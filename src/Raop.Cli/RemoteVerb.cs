using System.Diagnostics.CodeAnalysis;

namespace Raop.Cli;

/// <summary>What a receiver can be made to tell its sender, as users write it: a verb, and behind volume how loud.</summary>
internal static class RemoteVerb
{
    private static readonly Dictionary<string, RaopRemoteCommand> Commands = new(StringComparer.Ordinal)
    {
        ["play"] = RaopRemoteCommand.Play,
        ["pause"] = RaopRemoteCommand.Pause,
        ["toggle"] = RaopRemoteCommand.PlayPause,
        ["next"] = RaopRemoteCommand.Next,
        ["previous"] = RaopRemoteCommand.Previous,
        ["stop"] = RaopRemoteCommand.Stop,
        ["louder"] = RaopRemoteCommand.VolumeUp,
        ["softer"] = RaopRemoteCommand.VolumeDown,
        ["mute"] = RaopRemoteCommand.MuteToggle,
        ["shuffle"] = RaopRemoteCommand.Shuffle,
    };

    public const string Volume = "volume";

    public static IReadOnlyList<string> Names { get; } = [.. Commands.Keys, Volume];

    /// <param name="verb">One of <see cref="Names"/>.</param>
    /// <param name="value">How loud, or null.</param>
    /// <param name="tell">Tells the sender.</param>
    /// <param name="problem">When it is none, a sentence for the user.</param>
    public static bool TryParse(
        string verb, string? value, [NotNullWhen(true)] out Func<RaopReceiver, CancellationToken, Task>? tell, [NotNullWhen(false)] out string? problem)
    {
        tell = null;
        problem = null;
        if (Commands.TryGetValue(verb, out RaopRemoteCommand command))
        {
            if (value is not null) problem = $"'{value}' has no meaning behind {verb}.";
            else tell = (receiver, stop) => receiver.SendRemoteAsync(command, stop);
        }
        else if (verb != Volume)
        {
            problem = $"'{verb}' is no command: {string.Join(", ", Names)} are.";
        }
        else if (value is null)
        {
            problem = "How loud? Write volume 50%.";
        }
        else if (VolumeText.TryParse(value, out double volume, out problem))
        {
            tell = (receiver, stop) => receiver.SetSenderVolumeAsync(volume, stop);
        }

        return tell is not null;
    }
}
