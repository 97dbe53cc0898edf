using Raop.Audio;
using Raop.Media.Output;

namespace Raop.Media;

/// <summary>A device that sound can go to.</summary>
/// <param name="Id">Names it for good: <c>device:ID</c> is an output of <see cref="MediaSink.Open"/>.</param>
/// <param name="Description">What people call it.</param>
/// <param name="System">Who offers it: <c>PulseAudio</c> (also PipeWire) or <c>ALSA</c>.</param>
/// <param name="IsDefault">Whether <c>device</c> without a name means this one.</param>
/// <param name="Format">What it runs at now, when known; other formats are converted by the sound system. Floating point counts as 32 bit.</param>
public sealed record SoundDevice(string Id, string Description, string System, bool IsDefault, PcmFormat? Format)
{
    /// <summary>The devices that sound can go to now; empty when there are none. Asks the sound server, which takes some milliseconds.</summary>
    /// <exception cref="RaopException">This operating system has no sound devices in this version.</exception>
    public static IReadOnlyList<SoundDevice> List() => SoundSystem.List(TimeProvider.System);
}
