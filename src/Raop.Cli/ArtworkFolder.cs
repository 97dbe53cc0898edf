using System.Globalization;
using System.Security.Cryptography;
using Raop.Metadata;

namespace Raop.Cli;

/// <summary>
/// Keeps covers as files in a folder, each once, named by its digest: <c>a1b2c3d4e5f60718.jpg</c>. The newest 500 of a run, and 512 MiB, stay.
/// A file that others have put there is never touched. Several receivers may keep theirs in one.
/// </summary>
internal sealed class ArtworkFolder
{
    private const int DigestBytes = 8;

    /// <summary>Names to try for one cover, when others' files have its name.</summary>
    private const int MostNames = 10;

    private readonly string _folder;
    private readonly Lock _lock = new();
    private readonly LinkedList<(string Path, long Size)> _kept = []; // of this run, oldest first
    private long _bytes;

    /// <param name="folder">Made if it is not there.</param>
    /// <exception cref="RaopException">It cannot be made, or nothing can be written in it.</exception>
    public ArtworkFolder(string folder)
    {
        _folder = folder;
        try
        {
            _folder = Path.GetFullPath(folder);
            Directory.CreateDirectory(_folder);
            string probe = Temporary();
            File.Create(probe, bufferSize: 1, FileOptions.DeleteOnClose).Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new RaopException(RaopError.OutputFailed, $"Covers cannot be kept in '{_folder}': {e.Message}", "Give --artwork-dir a directory that can be written.", e);
        }
    }

    /// <summary>Files of this run that stay at most.</summary>
    public int MostFiles { get; init; } = 500;

    /// <summary>Their bytes at most.</summary>
    public long MostBytes { get; init; } = 512L * 1024 * 1024;

    /// <summary>The name of a cover's file, without what tells two files of one name apart.</summary>
    public static string NameOf(Artwork artwork) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Convert.ToHexStringLower(SHA256.HashData(artwork.Bytes.Span).AsSpan(0, DigestBytes))}.{(artwork.MediaType == "image/png" ? "png" : "jpg")}");

    /// <summary>Writes a cover, unless it is there already.</summary>
    /// <returns>Its whole path.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public string Keep(Artwork artwork)
    {
        lock (_lock) return KeepAlone(artwork);
    }

    private string KeepAlone(Artwork artwork)
    {
        string name = NameOf(artwork);
        for (int i = 1; i <= MostNames; i++)
        {
            string path = Path.Combine(_folder, i == 1 ? name : $"{Path.GetFileNameWithoutExtension(name)}-{i}{Path.GetExtension(name)}");
            if (IsThere(path, artwork)) return path;
            if (Path.Exists(path) || !TryWrite(path, artwork)) continue;
            Remember(path, artwork.Bytes.Length);
            return path;
        }

        throw new IOException($"{name} and its like are other files in {_folder}.");
    }

    private static bool IsThere(string path, Artwork artwork)
    {
        var file = new FileInfo(path);
        return file.Exists && file.Length == artwork.Bytes.Length && File.ReadAllBytes(path).AsSpan().SequenceEqual(artwork.Bytes.Span);
    }

    /// <summary>Writes it beside its place and puts it there when it is whole, so that a reader sees all of it or nothing.</summary>
    /// <returns>False when somebody was faster.</returns>
    private bool TryWrite(string path, Artwork artwork)
    {
        string temporary = Temporary();
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write)) file.Write(artwork.Bytes.Span);
            File.Move(temporary, path, overwrite: false);
            return true;
        }
        catch (IOException) when (Path.Exists(path))
        {
            File.Delete(temporary);
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(temporary)) File.Delete(temporary);
            throw;
        }
    }

    private void Remember(string path, long size)
    {
        _kept.AddLast((path, size));
        _bytes += size;
        while (_kept.Count > 1 && (_kept.Count > MostFiles || _bytes > MostBytes))
        {
            (string oldest, long bytes) = _kept.First!.Value;
            _kept.RemoveFirst();
            _bytes -= bytes;
            if (new FileInfo(oldest) is { Exists: true } file && file.Length == bytes) file.Delete();
        }
    }

    private string Temporary() => Path.Combine(_folder, $".raop-{Guid.NewGuid():N}.part");
}
