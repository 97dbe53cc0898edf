using Raop.Audio;

namespace Raop.Media.Output;

/// <summary>Finds the sound system of this machine.</summary>
internal static class SoundSystem
{
    public static IPcmSink Open(string? name, bool isChosen, TimeProvider time) =>
        throw new RaopException(RaopError.NoSuchDevice, "No sound device.", "Write to a file with --output wav:PATH.");
}
