using System.Diagnostics.CodeAnalysis;
using Raop.Audio;
using Raop.Media.Output;

namespace Raop.Media;

/// <summary>Opens outputs by the text that users write.</summary>
public static class MediaSink
{
    /// <summary>Opens an output. A file is created at once, a device is looked up at once, so that mistakes show before sound comes. A file that exists is emptied when a stream starts.</summary>
    /// <param name="output">
    /// <c>auto</c> (a sound device if there is one), <c>device</c>, <c>device:NAME</c> (an <see cref="SoundDevice.Id"/>, or a unique part of
    /// id or description), <c>wav:PATH</c>, <c>raw:PATH</c>, <c>-</c> (bare samples to standard output) or <c>null</c>.
    /// </param>
    /// <param name="time">Clock for timeouts; null is the machine's.</param>
    /// <returns>A sink; disposing it completes the file or closes the device.</returns>
    /// <exception cref="FormatException">The text is none of these; the message says what was expected.</exception>
    /// <exception cref="RaopException">No such device, no sound system, or the file cannot be created.</exception>
    public static IPcmSink Open(string output, TimeProvider? time = null)
    {
        if (!OutputChoice.TryParse(output, out OutputChoice choice, out string? problem)) throw new FormatException(problem);
        return choice.Kind switch
        {
            OutputKind.Wav => new WavSink(OutputFile.Create(choice.Name!)),
            OutputKind.Raw => new FileSink(OutputFile.Create(choice.Name!)),
            OutputKind.StandardOutput => new FileSink(OutputFile.OpenStandardOutput()),
            OutputKind.Null => new NullSink(),
            _ => SoundSystem.Open(choice.Name, time ?? TimeProvider.System),
        };
    }

    /// <summary>Whether a text is an output; touches no file and no device.</summary>
    /// <param name="output">What a user wrote.</param>
    /// <param name="problem">When it is none, a sentence for the user.</param>
    public static bool IsOutput(string? output, [NotNullWhen(false)] out string? problem) => OutputChoice.TryParse(output, out _, out problem);
}
