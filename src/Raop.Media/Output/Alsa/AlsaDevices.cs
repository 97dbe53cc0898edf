namespace Raop.Media.Output.Alsa;

/// <summary>Lists what ALSA offers for playback.</summary>
internal static class AlsaDevices
{
    /// <summary>The device that ALSA's own configuration calls the default one.</summary>
    public const string Default = "default";

    // Parts to build devices from, ways to other sound servers, and second names of what is listed anyway.
    private static readonly HashSet<string> _noDevices =
    [
        "null", "lavrate", "samplerate", "speexrate", "speex", "upmix", "vdownmix", "oss", "jack", "pulse", "pipewire",
        "usbstream", "dmix", "dsnoop", "front", "rear", "center_lfe", "side", "surround21", "surround40", "surround41",
        "surround50", "surround51", "surround71",
    ];

    public static unsafe List<SoundDevice> List()
    {
        List<SoundDevice> devices = [];
        if (!LibAsound.IsInstalled || LibAsound.Hints(-1, "pcm", out nint* hints) < 0) return devices;
        for (nint* hint = hints; *hint != 0; hint++)
        {
            if (LibAsound.Hint(*hint, "NAME") is not { } name || _noDevices.Contains(name.Split(':')[0])) continue;
            if (LibAsound.Hint(*hint, "IOID") is not (null or "Output")) continue; // null is both directions
            string description = (LibAsound.Hint(*hint, "DESC") ?? name).Replace("\n", ", ", StringComparison.Ordinal);
            devices.Add(new SoundDevice(name, description, "ALSA", name == Default, null));
        }

        _ = LibAsound.FreeHints(hints);
        return devices;
    }
}
