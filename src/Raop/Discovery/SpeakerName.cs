using System.Globalization;
using System.Net;

namespace Raop.Discovery;

/// <summary>Finds a speaker by what a person writes: any part of its name that no other has, whatever the case.</summary>
internal static class SpeakerName
{
    private const int MostListed = 12;

    /// <summary>The one speaker that is called exactly so: by its name, device id, instance or host; null when none is, or several are.</summary>
    public static RaopSpeaker? Exact(IReadOnlyList<RaopSpeaker> speakers, string text) => Only(speakers, speaker => IsExact(speaker, text.Trim()));

    /// <summary>Whether a search may end with it: a better address often comes just after a link-local one, which some speakers refuse.</summary>
    public static bool IsReady(RaopSpeaker speaker) => speaker.EndPoints[0] is not IPEndPoint { Address.IsIPv6LinkLocal: true };

    /// <summary>The one that is called so, exactly or in part.</summary>
    /// <param name="speakers">All there are.</param>
    /// <param name="text">What a person wrote.</param>
    /// <param name="interfaces">What was asked.</param>
    /// <param name="waited">For how long, in all.</param>
    /// <exception cref="RaopException">SpeakerNotFound or AmbiguousName.</exception>
    public static RaopSpeaker Unique(IReadOnlyList<RaopSpeaker> speakers, string text, IReadOnlyList<string> interfaces, TimeSpan waited)
    {
        text = text.Trim();
        RaopSpeaker[] fits = [.. speakers.Where(speaker => IsExact(speaker, text))];
        if (fits.Length == 0) fits = [.. speakers.Where(speaker => text.Length > 0 && speaker.Name.Contains(text, StringComparison.OrdinalIgnoreCase))];
        if (fits.Length == 1) return fits[0];
        if (fits.Length > 1)
        {
            throw new RaopException(
                RaopError.AmbiguousName, $"'{text}' fits {fits.Length} speakers: {List(fits, withId: true)}.", "Write more of the name, or the device id before it.");
        }

        string asked = interfaces.Count == 0
            ? "no network interface is up"
            : string.Create(CultureInfo.InvariantCulture, $"asked on {string.Join(", ", interfaces)} for {waited.TotalSeconds:0.#} s");
        string others = speakers.Count == 0 ? "no speaker answered" : $"found: {List(speakers, withId: false)}";
        throw new RaopException(
            RaopError.SpeakerNotFound,
            $"No speaker is called '{text}' ({asked}; {others}).",
            "Check that it is switched on and on the same network, and that no firewall stops UDP port 5353; or give its address, host:port.");
    }

    private static bool IsExact(RaopSpeaker speaker, string text) =>
        Same(speaker.Name, text)
        || (speaker.DeviceId is { } id && (Same(id, text.Replace(":", "", StringComparison.Ordinal)) || Same($"{id}@{speaker.Name}", text)))
        || (speaker.HostName is { } host && Same(host, text.TrimEnd('.')));

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);

    private static string List(IReadOnlyList<RaopSpeaker> speakers, bool withId)
    {
        IEnumerable<string> names = speakers.Take(MostListed).Select(speaker => $"'{speaker.Name}'{(withId && speaker.DeviceId is { } id ? $" ({id})" : "")}");
        return string.Join(", ", names) + (speakers.Count > MostListed ? $" and {speakers.Count - MostListed} more" : "");
    }

    private static RaopSpeaker? Only(IReadOnlyList<RaopSpeaker> speakers, Func<RaopSpeaker, bool> fits)
    {
        RaopSpeaker? one = null;
        foreach (RaopSpeaker speaker in speakers)
        {
            if (!fits(speaker)) continue;
            if (one is not null) return null;
            one = speaker;
        }

        return one;
    }
}
