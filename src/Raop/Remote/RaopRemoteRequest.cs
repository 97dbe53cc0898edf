namespace Raop.Remote;

/// <summary>Kinds of requests from a speaker.</summary>
internal enum RemoteAction
{
    /// <summary>A command: <see cref="RaopRemoteRequest.Command"/>.</summary>
    Command,

    /// <summary>The asking speaker's volume, in AirPlay's dB: 0 to −30, or −144 muted.</summary>
    SpeakerVolume,

    /// <summary>Everybody's volume, 0 to 100 percent.</summary>
    GroupVolume,

    /// <summary>1: the asking speaker is wanted for something else and leaves; 0: it may be played to again.</summary>
    Leave,
}

/// <summary>What a speaker asks of the sender.</summary>
/// <param name="Member">The Active-Remote of the speaker that asks.</param>
/// <param name="Action">What about.</param>
/// <param name="Command">The command, where <paramref name="Action"/> is one.</param>
/// <param name="Value">The number that goes with the other actions.</param>
internal readonly record struct RaopRemoteRequest(string Member, RemoteAction Action, RaopRemoteCommand Command, double Value);
