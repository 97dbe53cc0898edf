namespace Alac.Containers;

/// <summary>A file cannot be read as ALAC, because of what is in it.</summary>
public sealed class AlacException : Exception
{
    internal AlacException(AlacError error, string message) : base(message) => Error = error;

    /// <summary>What is wrong, for code to branch on.</summary>
    public AlacError Error { get; }

    internal static AlacException Corrupt(string message) => new(AlacError.Corrupt, message);

    internal static AlacException Truncated(string what) => new(AlacError.Truncated, $"The file ends inside {what}.");

    internal static AlacException Unsupported(string message) => new(AlacError.Unsupported, message);
}
