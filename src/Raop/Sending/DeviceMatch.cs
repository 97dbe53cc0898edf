namespace Raop.Sending;

/// <summary>
/// Tells whether a record is that of a kind of device. Conditions are separated by "; " and all hold: "am=RX-*|HTR-*" one of these values, "*"
/// for what follows, letters' case aside; "et~4" the comma list has the item; "pk" the key is there and not empty; "!tp" it is not.
/// </summary>
internal static class DeviceMatch
{
    public static bool Fits(string match, RaopSpeaker speaker)
    {
        foreach (string condition in match.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!Holds(condition, speaker)) return false;
        }

        return true;
    }

    private static bool Holds(string condition, RaopSpeaker speaker)
    {
        if (condition[0] == '!') return string.IsNullOrEmpty(speaker.Value(condition[1..]));
        int at = condition.IndexOfAny(['=', '~']);
        string? value = speaker.Value(at < 0 ? condition : condition[..at]);
        if (string.IsNullOrEmpty(value)) return false;
        if (at < 0) return true;
        string wanted = condition[(at + 1)..];
        return condition[at] == '~'
            ? value.Split(',', StringSplitOptions.TrimEntries).Contains(wanted)
            : wanted.Split('|').Any(pattern => IsLike(value, pattern));
    }

    private static bool IsLike(string value, string pattern) => pattern.EndsWith('*')
        ? value.StartsWith(pattern[..^1], StringComparison.OrdinalIgnoreCase)
        : value.Equals(pattern, StringComparison.OrdinalIgnoreCase);
}
