using System.Net;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Raop.Cli;

/// <summary>A speaker that was found once.</summary>
/// <param name="Speaker">As it was.</param>
/// <param name="Seen">When, last.</param>
internal sealed record SeenSpeaker(RaopSpeaker Speaker, DateTimeOffset Seen);

/// <summary>
/// The last good record of every speaker, in a file of the user's: for one that does not answer the search now. What cannot be read counts as
/// nothing, and what cannot be written is left.
/// </summary>
/// <param name="path">The file; null keeps nothing.</param>
/// <param name="time">The clock.</param>
internal sealed class SpeakerCache(string? path, TimeProvider time)
{
    public const int MostSpeakers = 256;

    private const int MostBytes = 1024 * 1024;
    private const int MostKeys = 128;

    public string? Path => path;

    /// <summary>The cache of this user.</summary>
    public static SpeakerCache Of(ToolConsole console) => new(PathFrom(console.Variable), console.Time);

    /// <summary>XDG_CACHE_HOME/raop/speakers.json, or the platform's own folder for such files; null when none is known.</summary>
    public static string? PathFrom(Func<string, string?> variable)
    {
        string? folder = variable("XDG_CACHE_HOME") is { Length: > 0 } xdg && System.IO.Path.IsPathRooted(xdg) ? xdg : null; // a relative one is to be ignored
        if (folder is null && OperatingSystem.IsWindows()) folder = variable("LOCALAPPDATA");
        if (folder is null && variable("HOME") is { Length: > 0 } home)
            folder = OperatingSystem.IsMacOS() ? System.IO.Path.Combine(home, "Library", "Caches") : System.IO.Path.Combine(home, ".cache");
        return string.IsNullOrEmpty(folder) ? null : System.IO.Path.Combine(folder, "raop", "speakers.json");
    }

    /// <summary>All that was kept, by name.</summary>
    public IReadOnlyList<SeenSpeaker> Load()
    {
        if (path is null) return [];
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists || file.Length > MostBytes) return [];
            KeptSpeakers? kept = JsonSerializer.Deserialize(File.ReadAllBytes(path), CacheJson.Default.KeptSpeakers);
            return [.. (kept?.Speakers ?? []).Take(MostSpeakers).Select(Read).OfType<SeenSpeaker>().OrderBy(static seen => seen.Speaker.Name, StringComparer.OrdinalIgnoreCase)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or NotSupportedException)
        {
            return [];
        }
    }

    /// <summary>The one speaker that was called so, exactly or in part; null when none was, or several were.</summary>
    public SeenSpeaker? Find(string name)
    {
        IReadOnlyList<SeenSpeaker> all = Load();
        SeenSpeaker[] fits = [.. all.Where(seen => Same(seen.Speaker.Name, name) || (seen.Speaker.DeviceId is { } id && Same(id, name)))];
        if (fits.Length == 0) fits = [.. all.Where(seen => seen.Speaker.Name.Contains(name, StringComparison.OrdinalIgnoreCase))];
        return fits.Length == 1 ? fits[0] : null;
    }

    /// <summary>The one that listened there.</summary>
    public SeenSpeaker? Find(IPEndPoint endPoint) => Load().FirstOrDefault(seen => seen.Speaker.EndPoints.Contains(endPoint));

    /// <summary>Keeps speakers that were found now, beside those found earlier; the oldest go when there are too many.</summary>
    public void Keep(IReadOnlyList<RaopSpeaker> found)
    {
        if (path is null || found.Count == 0) return;
        DateTimeOffset now = time.GetUtcNow();
        HashSet<string> names = [.. found.Select(Key)];
        IEnumerable<SeenSpeaker> all = found.Select(speaker => new SeenSpeaker(speaker, now)).Concat(Load().Where(seen => !names.Contains(Key(seen.Speaker))));
        KeptSpeaker[] kept = [.. all.OrderByDescending(static seen => seen.Seen).Take(MostSpeakers).Select(Write)];
        try
        {
            string folder = System.IO.Path.GetDirectoryName(path)!;
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
            else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            byte[] content;
            int count = kept.Length;
            do
            {
                content = JsonSerializer.SerializeToUtf8Bytes(new KeptSpeakers(kept[..count]), CacheJson.Readable.KeptSpeakers);
                count /= 2;
            }
            while (content.Length > MostBytes && count > 0); // records of strangers may be long, and a longer file would not be read
            Replace(content);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            // A cache that is not written is only empty next time.
        }
    }

    /// <summary>Whoever reads meanwhile has the old file or the new one.</summary>
    private void Replace(byte[] content)
    {
        string fresh = $"{path}.{Guid.NewGuid():N}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            using (var file = new FileStream(fresh, options)) file.Write(content);
            File.Move(fresh, path!, overwrite: true);
        }
        catch
        {
            File.Delete(fresh);
            throw;
        }
    }

    private static SeenSpeaker? Read(KeptSpeaker? kept)
    {
        if (kept is not { Name.Length: > 0, EndPoints: not null }) return null;
        var endPoints = new List<EndPoint>();
        foreach (string? text in kept.EndPoints)
        {
            if (text is not null && IPEndPoint.TryParse(text, out IPEndPoint? endPoint) && endPoint.Port > 0) endPoints.Add(endPoint);
        }

        if (endPoints.Count == 0) return null;
        var txt = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string key, string? value) in (kept.Txt ?? []).Take(MostKeys)) txt.TryAdd(key, value ?? "");
        return new SeenSpeaker(
            new RaopSpeaker { Name = kept.Name, DeviceId = kept.DeviceId, HostName = kept.HostName, EndPoints = endPoints, Txt = txt }, kept.Seen);
    }

    private static KeptSpeaker Write(SeenSpeaker seen) => new(
        seen.Speaker.Name, seen.Speaker.DeviceId, seen.Speaker.HostName, [.. seen.Speaker.EndPoints.Select(static endPoint => endPoint.ToString())],
        seen.Speaker.Txt?.ToDictionary(static pair => pair.Key, static string? (pair) => pair.Value, StringComparer.Ordinal), seen.Seen);

    private static string Key(RaopSpeaker speaker) => speaker.DeviceId ?? "@" + speaker.Name;

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
}

/// <summary>The cache's file.</summary>
internal sealed record KeptSpeakers(KeptSpeaker?[]? Speakers);

/// <summary>A speaker in the file.</summary>
internal sealed record KeptSpeaker(string Name, string? DeviceId, string? HostName, string?[]? EndPoints, Dictionary<string, string?>? Txt, DateTimeOffset Seen);

/// <summary>Serialisers made at build time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(KeptSpeakers))]
internal sealed partial class CacheJson : JsonSerializerContext
{
    /// <summary>Letters as they are.</summary>
    public static CacheJson Readable => new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
