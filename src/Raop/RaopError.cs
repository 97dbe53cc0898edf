namespace Raop;

/// <summary>What went wrong, for code to branch on. The tool prints its kebab-case name as the error's code.</summary>
public enum RaopError
{
    /// <summary>No route, no such host, or nothing answers at the address.</summary>
    Unreachable,

    /// <summary>The host refused the connection: nothing listens on that port.</summary>
    Refused,

    /// <summary>The peer took longer than the limit that the message names.</summary>
    Timeout,

    /// <summary>The peer ended the connection in mid-session.</summary>
    ConnectionLost,

    /// <summary>Somebody else plays to this receiver.</summary>
    Busy,

    /// <summary>The receiver asks for a password and none was given.</summary>
    PasswordRequired,

    /// <summary>The receiver refused the password.</summary>
    WrongPassword,

    /// <summary>The peer does not speak RAOP.</summary>
    NotRaopReceiver,

    /// <summary>The receiver refused the request for another reason; the message has its status code.</summary>
    Rejected,

    /// <summary>The peer broke the protocol.</summary>
    ProtocolViolation,

    /// <summary>The peer passed a limit of ours.</summary>
    LimitExceeded,

    /// <summary>Audio of a kind that cannot be read, sent or played here.</summary>
    UnsupportedFormat,

    /// <summary>The file is damaged: it says one thing and holds another.</summary>
    CorruptFile,

    /// <summary>No such file, or no access to it.</summary>
    FileNotFound,

    /// <summary>No room left where the output goes, or writing failed.</summary>
    OutputFailed,

    /// <summary>No such sound device, or no sound system at all.</summary>
    NoSuchDevice,

    /// <summary>The sound device went away in mid-play.</summary>
    DeviceVanished,

    /// <summary>The address or port is taken by another program, or may not be used.</summary>
    AddressInUse,

    /// <summary>No speaker of that name was found.</summary>
    SpeakerNotFound,

    /// <summary>Several speakers have the name, or a name that contains it.</summary>
    AmbiguousName,

    /// <summary>The device plays only for senders that it was paired with, which Raop does not do; it may be told to let everyone in.</summary>
    PairingRequired,

    /// <summary>Nobody plays to this receiver, so there is no one to tell.</summary>
    NoSender,

    /// <summary>The sender has no remote control, or does not announce it at its address.</summary>
    NoRemoteControl,
}
