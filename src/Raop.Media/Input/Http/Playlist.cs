namespace Raop.Media.Input.Http;

/// <summary>The small text files in which stations hand out the address of their stream: PLS and M3U.</summary>
internal static class Playlist
{
    /// <summary>The longest that is read, in bytes.</summary>
    public const int MaxSize = 64 * 1024;

    /// <summary>Whether a response is one, by its type, its first bytes, or for lack of a type its name.</summary>
    public static bool Matches(string? mediaType, string path, ReadOnlySpan<byte> start) =>
        start.StartsWith("#EXTM3U"u8) || start.StartsWith("[playlist]"u8) || start.StartsWith("[Playlist]"u8)
        || mediaType is "audio/x-mpegurl" or "audio/mpegurl" or "application/vnd.apple.mpegurl" or "application/x-mpegurl" or "audio/x-scpls" or "application/pls+xml"
        || (mediaType is null or "text/plain" && (path.EndsWith(".m3u", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".pls", StringComparison.OrdinalIgnoreCase)));

    /// <summary>Whether it is HLS: segments of a few seconds, not one stream.</summary>
    public static bool IsSegmented(string text) => text.Contains("#EXT-X-", StringComparison.Ordinal);

    /// <summary>The first address in it, or null. <c>File1=http://…</c> in PLS, a line of its own in M3U, perhaps relative to the playlist.</summary>
    public static Uri? FirstAddress(string text, Uri playlist)
    {
        foreach (string line in text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (line[0] is '#' or '[' or ';') continue;
            string value = line;
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            if (text.StartsWith("[playlist]", StringComparison.OrdinalIgnoreCase))
            {
                if (equals < 0 || !line.StartsWith("File", StringComparison.OrdinalIgnoreCase)) continue;
                value = line[(equals + 1)..].Trim();
            }

            if (Uri.TryCreate(playlist, value, out Uri? address) && address.Scheme is "http" or "https") return address;
        }

        return null;
    }
}
