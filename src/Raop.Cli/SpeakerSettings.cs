namespace Raop.Cli;

/// <summary>What was set for all speakers and for some of them.</summary>
/// <param name="Volumes">AirPlay's dB.</param>
/// <param name="Delays">How much later than the others.</param>
/// <param name="Channels">Which part of the music.</param>
internal sealed record SpeakerSettings(
    IReadOnlyList<NamedSetting<double>> Volumes, IReadOnlyList<NamedSetting<TimeSpan>> Delays, IReadOnlyList<NamedSetting<RaopChannel>> Channels)
{
    /// <summary>The volume of all, dB.</summary>
    public double Volume => Volumes.Where(static one => one.Name is null).Select(static one => one.Value).FirstOrDefault(RaopVolume.Full);

    /// <summary>Whether anything is set that one speaker alone has no need of.</summary>
    public bool NeedGroup => Delays.Count > 0 || Channels.Count > 0 || Volumes.Any(static one => one.Name is not null);

    /// <summary>What each speaker gets.</summary>
    /// <param name="speakers">Those that are played to.</param>
    /// <param name="common">What all get.</param>
    /// <exception cref="UsageException">A name fits none of them, or several; or one is set twice.</exception>
    public RaopMemberOptions[] Of(IReadOnlyList<ChosenSpeaker> speakers, RaopMemberOptions common)
    {
        double?[] volumes = Of(speakers, "--volume", Volumes);
        TimeSpan?[] delays = Of(speakers, "--delay", Delays);
        RaopChannel?[] channels = Of(speakers, "--channel", Channels);
        return
        [
            .. speakers.Select((_, i) => common with
            {
                Volume = volumes[i] ?? Volume, // of each, for a louder one raises the group's
                Delay = delays[i] ?? default,
                Channel = channels[i] ?? default,
            }),
        ];
    }

    private static T?[] Of<T>(IReadOnlyList<ChosenSpeaker> speakers, string option, IReadOnlyList<NamedSetting<T>> settings)
        where T : struct
    {
        var own = new T?[speakers.Count];
        foreach (NamedSetting<T> setting in settings.Where(static one => one.Name is not null))
        {
            int i = Find(speakers, option, setting.Name!);
            if (own[i] is not null) throw new UsageException($"{option} is given twice for {speakers[i].Name}.", "Leave one out.");
            own[i] = setting.Value;
        }

        NamedSetting<T>[] all = [.. settings.Where(static one => one.Name is null)];
        return [.. own.Select(one => one ?? (all.Length > 0 ? all[0].Value : null))];
    }

    private static int Find(IReadOnlyList<ChosenSpeaker> speakers, string option, string name)
    {
        int[] fits = [.. Enumerable.Range(0, speakers.Count).Where(i => speakers[i].IsCalled(name))];
        if (fits.Length == 0) fits = [.. Enumerable.Range(0, speakers.Count).Where(i => speakers[i].IsCalledInPart(name))];
        if (fits.Length == 1) return fits[0];
        IEnumerable<string> names = (fits.Length == 0 ? speakers : fits.Select(i => speakers[i])).Select(static speaker => speaker.Name);
        throw new UsageException(
            fits.Length == 0 ? $"{option}: no speaker that is played to is called '{name}'." : $"{option}: '{name}' fits {fits.Length} speakers.",
            "One of: " + string.Join(", ", names));
    }
}

/// <summary>A speaker to play to.</summary>
/// <param name="To">As the user wrote it.</param>
/// <param name="Speaker">What was found; null when nothing was.</param>
/// <param name="Failure">Why nothing was found.</param>
internal sealed record ChosenSpeaker(Address To, RaopSpeaker? Speaker, RaopException? Failure = null)
{
    /// <summary>For people.</summary>
    public string Name => Speaker?.Name ?? To.Host;

    public bool IsCalled(string name) => Same(Name, name) || Same(To.Host, name) || Same(Speaker?.DeviceId, name) || Same(Speaker?.HostName, name);

    public bool IsCalledInPart(string name) => Name.Contains(name, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether they are one speaker.</summary>
    public bool Is(ChosenSpeaker other) => Speaker is { } mine && other.Speaker is { } its
        ? (mine.DeviceId is { } id && id == its.DeviceId) || mine.EndPoints.Intersect(its.EndPoints).Any()
        : Same(Speaker is null && other.Speaker is null ? To.Host : null, other.To.Host);

    private static bool Same(string? a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
}
