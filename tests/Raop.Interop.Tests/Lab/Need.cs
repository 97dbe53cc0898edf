namespace Raop.Interop.Tests.Lab;

/// <summary>What a test cannot do without. What is missing skips the test and is named, with the way to get it.</summary>
internal static class Need
{
    private static readonly Dictionary<string, string> PackageOf = new(StringComparer.Ordinal)
    {
        ["avahi-daemon"] = "avahi-daemon",
        ["avahi-publish-service"] = "avahi-utils",
        ["dbus-daemon"] = "dbus",
        ["dbus-send"] = "dbus",
        ["ffmpeg"] = "ffmpeg",
        ["ffprobe"] = "ffmpeg",
        ["flac"] = "flac",
        ["ethtool"] = "ethtool",
        ["ip"] = "iproute2",
        ["iptables-legacy"] = "iptables",
        ["node"] = "nodejs",
        ["nsenter"] = "util-linux",
        ["python3"] = "python3",
        ["ss"] = "iproute2",
        ["pipewire"] = "pipewire",
        ["pw-cat"] = "pipewire-bin",
        ["wireplumber"] = "wireplumber",
        ["pulseaudio"] = "pulseaudio",
        ["pacat"] = "pulseaudio-utils",
        ["shairplay"] = "shairplay",
        ["shairport-sync"] = "shairport-sync",
        ["sox"] = "sox",
        ["strings"] = "binutils",
        ["stdbuf"] = "coreutils",
        ["unshare"] = "util-linux",
    };

    /// <summary>Programs that must be on PATH.</summary>
    public static void Programs(params ReadOnlySpan<string> names)
    {
        List<string> missing = [];
        foreach (string name in names)
        {
            if (Find(name) is null) missing.Add($"{name} (Debian package {PackageOf.GetValueOrDefault(name, name)})");
        }

        if (missing.Count > 0) Assert.Skip($"Missing: {string.Join(", ", missing)}. ./test as root installs it.");
    }

    /// <summary>A library or plug-in that a Debian package brings, found by one of its files.</summary>
    public static void File(string package, string folder, string pattern)
    {
        bool found = Directory.Exists(folder) && Directory.EnumerateFiles(folder, pattern, SearchOption.AllDirectories).Any();
        if (!found) Assert.Skip($"Missing: {pattern} (Debian package {package}). ./test as root installs it.");
    }

    /// <summary>Root rights.</summary>
    public static void Root(string why)
    {
        if (!Environment.IsPrivilegedProcess) Assert.Skip($"Needs root: {why}.");
    }

    public static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Concat(["/usr/sbin", "/sbin"])
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(System.IO.File.Exists);
}
