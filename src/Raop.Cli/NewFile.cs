namespace Raop.Cli;

/// <summary>
/// A file in the making: it is written beside its place and put there when it is whole, so that a failure leaves nothing behind and what was
/// there stays.
/// </summary>
internal sealed class NewFile : IDisposable
{
    private readonly string _path;
    private readonly bool _force;

    /// <param name="path">Where it is to be.</param>
    /// <param name="force">Whether it may replace another file.</param>
    /// <exception cref="RaopException">There is one already, or a directory.</exception>
    public NewFile(string path, bool force)
    {
        (_path, _force) = (path, force);
        if (Directory.Exists(path)) throw new RaopException(RaopError.OutputFailed, $"{path} is a directory.", "Name a file in it.");
        if (!force && File.Exists(path)) throw Exists();
        string directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(directory)) throw new RaopException(RaopError.OutputFailed, $"There is no directory {directory}.", "Make it first, or choose another place.");
        TemporaryPath = Path.Combine(directory, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.part");
    }

    /// <summary>Where it is written.</summary>
    public string TemporaryPath { get; }

    /// <summary>Begins the file.</summary>
    /// <exception cref="RaopException">It cannot be created.</exception>
    public FileStream OpenWrite()
    {
        try
        {
            return new FileStream(TemporaryPath, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(e);
        }
    }

    /// <summary>Does what writes the file, closing included; a failure names the file as the user knows it.</summary>
    /// <exception cref="RaopException">OutputFailed, or what <paramref name="write"/> throws.</exception>
    public async Task<T> GuardAsync<T>(Func<Task<T>> write)
    {
        try
        {
            return await write();
        }
        catch (IOException e)
        {
            throw Failed(e);
        }
        catch (RaopException e) when (e.Error == RaopError.OutputFailed)
        {
            throw new RaopException(e.Error, AsNamed(e.Message), e.Remedy, e);
        }
    }

    /// <summary>It is whole: puts it into its place. It must be closed.</summary>
    /// <returns>Its size, bytes.</returns>
    /// <exception cref="RaopException">Somebody made another meanwhile, or it cannot be moved.</exception>
    public long Keep()
    {
        try
        {
            File.Move(TemporaryPath, _path, overwrite: _force);
            return new FileInfo(_path).Length;
        }
        catch (IOException) when (!_force && File.Exists(_path))
        {
            throw Exists();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(e);
        }
    }

    /// <summary>Removes it, unless it was kept.</summary>
    public void Dispose()
    {
        try
        {
            File.Delete(TemporaryPath);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The cause has been reported; the rest is for whoever cleans up.
        }
    }

    private RaopException Exists() => new(RaopError.OutputFailed, $"{_path} exists already.", "Add --force to replace it, or choose another name.");

    private RaopException Failed(Exception e) =>
        new(RaopError.OutputFailed, $"Writing {_path} failed: {AsNamed(e.Message)}", "Make room there, or choose another place.", e);

    private string AsNamed(string message) => message.Replace(TemporaryPath, _path, StringComparison.Ordinal);
}
