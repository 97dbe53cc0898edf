namespace Raop.Media.Input;

/// <summary>What a file says about its content; null where it says nothing.</summary>
internal readonly record struct MediaTags(string? Title, string? Artist, string? Album)
{
    /// <summary>The longest tag that is kept, in characters. Tags come from anyone.</summary>
    public const int MaxLength = 1024;

    /// <summary>Text as shown: without control characters at its ends, null when nothing is left.</summary>
    public static string? Clean(string? text)
    {
        if (text is null) return null;
        string clean = string.Concat(text.Take(MaxLength).Where(c => !char.IsControl(c))).Trim();
        return clean.Length == 0 ? null : clean;
    }
}
