namespace Raop;

/// <summary>An operation failed because of the peer, the network, a file or a device; never because of the caller.</summary>
public sealed class RaopException : Exception
{
    /// <summary>Makes an error.</summary>
    /// <param name="error">What went wrong, for code.</param>
    /// <param name="message">The cause, one sentence for people: what was expected and what came.</param>
    /// <param name="remedy">What the user can do about it, one sentence; empty takes the usual one for the error.</param>
    /// <param name="innerException">What caused it, if anything did.</param>
    public RaopException(RaopError error, string message, string remedy = "", Exception? innerException = null)
        : base(message, innerException)
    {
        Error = error;
        Remedy = remedy.Length > 0 ? remedy : Usual(error);
    }

    /// <summary>What went wrong, for code to branch on.</summary>
    public RaopError Error { get; }

    /// <summary>What the user can do about it, one sentence.</summary>
    public string Remedy { get; }

    /// <summary>Whether the same call may succeed later without a change of its arguments.</summary>
    public bool IsTransient => Error is RaopError.Unreachable or RaopError.Timeout or RaopError.ConnectionLost or RaopError.Busy or RaopError.SpeakerNotFound;

    private static string Usual(RaopError error) => error switch
    {
        RaopError.Unreachable or RaopError.Timeout => "Check the address, and that the receiver is switched on and on the same network.",
        RaopError.Refused => "Check the port, and that the receiver is running.",
        RaopError.ConnectionLost => "See whether the other side still runs and is reachable, then try again.",
        RaopError.Busy => "Stop the other sender, or try again when it has finished.",
        RaopError.PasswordRequired => "Give the receiver's password.",
        RaopError.WrongPassword => "Check the password in the receiver's settings.",
        RaopError.PairingRequired => "In the device's settings let everyone on the same network play to it.",
        RaopError.NotRaopReceiver => "Check the address and the port.",
        RaopError.UnsupportedFormat => "Convert the audio, for example to FLAC or WAV.",
        RaopError.CorruptFile => "Play another copy of the file.",
        RaopError.FileNotFound => "Check the name, and that you may read it.",
        RaopError.OutputFailed => "Make room, or write to another place.",
        RaopError.NoSuchDevice or RaopError.DeviceVanished => "List the devices there are, or write to a file.",
        RaopError.SpeakerNotFound => "Check that it is switched on and on the same network, and that no firewall stops UDP port 5353.",
        RaopError.AmbiguousName => "Write more of the name.",
        RaopError.NoSender => "Begin to play at the sender, then try again.",
        RaopError.NoRemoteControl => "Do it at the sender itself; not every one lets speakers do it.",
        RaopError.AddressInUse => "Choose another port, or stop the other program.",
        _ => "Look at the whole conversation in the debug log; the peer may not be what it seems.",
    };

    internal static RaopException TooLong(string what, long limit) =>
        new(RaopError.LimitExceeded, $"{what} is longer than {limit} bytes.");
}
