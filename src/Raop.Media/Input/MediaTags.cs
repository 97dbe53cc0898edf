namespace Raop.Media.Input;

/// <summary>Texts that come from anyone.</summary>
internal static class MediaTags
{
    /// <summary>The longest text that is kept, in characters.</summary>
    public const int MaxLength = 1024;

    /// <summary>Text as shown: without control characters and blanks at its ends, null when nothing is left.</summary>
    public static string? Clean(string? text)
    {
        if (text is null) return null;
        string clean = string.Concat(text.Take(MaxLength).Where(c => !char.IsControl(c) && c != '\uFEFF')).Trim();
        if (clean.Length > 0 && char.IsHighSurrogate(clean[^1])) clean = clean[..^1]; // its other half was cut off
        return clean.Length == 0 ? null : clean;
    }
}
