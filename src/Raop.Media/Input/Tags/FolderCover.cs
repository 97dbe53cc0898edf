using Raop.Metadata;

namespace Raop.Media.Input.Tags;

/// <summary>The picture beside a file that has none of its own: cover.jpg, folder.png and the like.</summary>
internal static class FolderCover
{
    private static readonly string[] FileNames =
    [
        .. from name in (string[])["cover", "folder", "front", "album"]
           from extension in (string[])[".jpg", ".jpeg", ".png"]
           from file in (string[])[name + extension, char.ToUpperInvariant(name[0]) + name[1..] + extension, (name + extension).ToUpperInvariant()]
           select file,
    ];

    /// <summary>Looks for it.</summary>
    /// <param name="path">The sound file.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Null when there is none, or none that is a JPEG or PNG of a sensible size.</returns>
    public static async ValueTask<Artwork?> FindAsync(string path, CancellationToken cancellationToken)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "";
        foreach (string name in FileNames)
        {
            try
            {
                if (await ReadAsync(Path.Combine(folder, name), cancellationToken).ConfigureAwait(false) is { } artwork) return artwork;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
            {
                // A cover that cannot be read keeps nobody from the music, nor from the next one.
            }
        }

        return null;
    }

    private static async ValueTask<Artwork?> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var file = new FileInfo(path);
        const FileAttributes odd = FileAttributes.Directory | FileAttributes.ReparsePoint | FileAttributes.Device;
        // Pipes and devices have no length: opening one could wait for ever. A link could lead to a picture that is nobody's cover.
        if (!file.Exists || (file.Attributes & odd) != FileAttributes.None || file.Length is < 16 or > Artwork.MaxSize) return null;
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.Asynchronous);
        await using (stream.ConfigureAwait(false))
        {
            if (!stream.CanSeek || stream.Length is < 16 or > Artwork.MaxSize) return null;
            var bytes = new byte[stream.Length];
            await stream.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);
            var artwork = new Artwork(bytes);
            return artwork.MediaType is null ? null : artwork;
        }
    }
}
