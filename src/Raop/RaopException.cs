namespace Raop;

/// <summary>An operation failed because of the peer, the network, a file or a device; never because of the caller.</summary>
public sealed class RaopException : Exception
{
    /// <summary>Makes an error.</summary>
    /// <param name="error">What went wrong, for code.</param>
    /// <param name="message">The cause, one sentence for people: what was expected and what came.</param>
    /// <param name="remedy">What the user can do about it, one sentence; empty when nothing is known.</param>
    /// <param name="innerException">What caused it, if anything did.</param>
    public RaopException(RaopError error, string message, string remedy = "", Exception? innerException = null)
        : base(message, innerException)
    {
        Error = error;
        Remedy = remedy;
    }

    /// <summary>What went wrong, for code to branch on.</summary>
    public RaopError Error { get; }

    /// <summary>What the user can do about it, one sentence, or empty.</summary>
    public string Remedy { get; }

    /// <summary>Whether the same call may succeed later without a change of its arguments.</summary>
    public bool IsTransient => Error is RaopError.Unreachable or RaopError.Timeout or RaopError.ConnectionLost or RaopError.Busy;

    internal static RaopException TooLong(string what, long limit) =>
        new(RaopError.LimitExceeded, $"{what} is longer than {limit} bytes.");
}
