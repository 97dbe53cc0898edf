using System.Text.Json;
using System.Text.Json.Serialization;

namespace Raop.Cli;

/// <summary>
/// The passwords that the user told us to remember: a file that nobody else can read, one entry a speaker.
/// </summary>
/// <param name="path">The file. Its folder is made when something is kept.</param>
internal sealed partial class PasswordStore(string path)
{
    private const int MaxFile = 256 * 1024;
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others = ~(Private | UnixFileMode.UserExecute);

    private static readonly Lock Changing = new(); // speakers connect side by side, and not all by one store

    /// <summary>Where the file is: <c>passwords.json</c> in the user's own folder for settings.</summary>
    public string Path => path;

    /// <summary>The store of the user who runs the process.</summary>
    /// <param name="variable">Reads the environment.</param>
    public static PasswordStore OfUser(Func<string, string?> variable)
    {
        string folder = variable("XDG_CONFIG_HOME") is { Length: > 0 } named && System.IO.Path.IsPathRooted(named)
            ? named
            : Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        return new PasswordStore(System.IO.Path.Combine(folder, "raop", "passwords.json"));
    }

    /// <summary>What a speaker is kept under: its hardware address, which stays when it is renamed, else where it listens.</summary>
    public static string KeyOf(RaopSpeaker speaker) => speaker.DeviceId ?? $"{speaker.EndPoints[0]}".ToLowerInvariant();

    /// <summary>The password kept for a speaker, or null.</summary>
    /// <exception cref="RaopException">The file is there, but is not ours alone, or cannot be read.</exception>
    public string? Find(RaopSpeaker speaker) => Read().GetValueOrDefault(KeyOf(speaker))?.Password;

    /// <summary>Keeps a password.</summary>
    /// <exception cref="RaopException">The file cannot be read or written.</exception>
    public void Keep(RaopSpeaker speaker, string password)
    {
        lock (Changing)
        {
            Dictionary<string, Entry> all = Read();
            all[KeyOf(speaker)] = new Entry(speaker.Name, password);
            Write(all);
        }
    }

    /// <summary>Forgets a speaker's password.</summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="RaopException">The file cannot be read or written.</exception>
    public bool Forget(RaopSpeaker speaker)
    {
        lock (Changing)
        {
            Dictionary<string, Entry> all = Read();
            if (!all.Remove(KeyOf(speaker))) return false;
            Write(all);
            return true;
        }
    }

    private Dictionary<string, Entry> Read()
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(stream.SafeFileHandle) & Others) != UnixFileMode.None)
            {
                throw new RaopException(
                    RaopError.FileNotFound, $"Others may read {path}, which holds passwords: it is not used.", $"Change the passwords in it, then: chmod 600 {path}");
            }

            if (stream.Length > MaxFile) throw Damaged(null);
            return JsonSerializer.Deserialize(stream, Json.Default.DictionaryStringEntry) ?? throw Damaged(null);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
        catch (JsonException e)
        {
            throw Damaged(e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RaopException(RaopError.FileNotFound, $"The remembered passwords in {path} cannot be read: {e.Message}", "Check its permissions.", e);
        }
    }

    /// <summary>Written beside its place, never readable by others, and put there whole.</summary>
    private void Write(Dictionary<string, Entry> all)
    {
        string part = $"{path}.{Guid.NewGuid():N}.part";
        try
        {
            string folder = System.IO.Path.GetDirectoryName(path)!;
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
            else Directory.CreateDirectory(folder, Private | UnixFileMode.UserExecute);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = Private;
            using (var stream = new FileStream(part, options))
            {
                JsonSerializer.Serialize(stream, all, Json.Default.DictionaryStringEntry);
                stream.Flush(flushToDisk: true);
            }

            File.Move(part, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            TryDelete(part);
            throw new RaopException(
                RaopError.OutputFailed, $"The password cannot be kept in {path}: {e.Message}", "Make room or set the permissions, or play without --remember.", e);
        }
    }

    private static void TryDelete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // There is no folder even, or it is not ours: what failed before says so.
        }
    }

    private RaopException Damaged(Exception? e) => new(
        RaopError.CorruptFile, $"{path} is not a file of remembered passwords.", "Remove it, and tell the passwords again with --remember.", e);

    /// <param name="Name">The speaker's, for people who look into the file.</param>
    /// <param name="Password">As it was given.</param>
    internal sealed record Entry(string Name, string Password)
    {
        /// <summary>The name alone: a record would print the password.</summary>
        public override string ToString() => Name;
    }

    [JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(Dictionary<string, Entry>))]
    private sealed partial class Json : JsonSerializerContext;
}
