namespace Raop.Media.Input;

/// <summary>The errors of inputs, each with its remedy.</summary>
internal static class InputError
{
    public static RaopException Corrupt(string name, string cause, Exception? inner = null) =>
        new(RaopError.CorruptFile, $"{name} is damaged: {cause}.", "Copy or download the file again, or make it anew from its source.", inner);

    public static RaopException Truncated(string name, string what, long position) =>
        Corrupt(name, $"it ends at byte {position}, inside {what}");

    public static RaopException Unsupported(string name, string cause, string remedy = "Convert it to FLAC, WAV or ALAC first.") =>
        new(RaopError.UnsupportedFormat, $"{name} {cause}.", remedy);

    public static RaopException Unreadable(string name, Exception e) =>
        new(RaopError.FileNotFound, $"{name} cannot be read: {e.Message.TrimEnd('.')}.", "Check the file's permissions and its disk.", e);
}
