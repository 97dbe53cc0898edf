using System.Runtime.InteropServices;

namespace Raop.Cli;

/// <summary>Whether an output would go over its own input: two names, links of both kinds included, may be one file.</summary>
internal static partial class SameFile
{
    private const int MaxLinks = 40;

    /// <summary>Refuses an output that is the input.</summary>
    /// <param name="input">A path, a web address, or "-".</param>
    /// <param name="output">A path.</param>
    /// <exception cref="UsageException">They are one file.</exception>
    public static void Refuse(string input, string output)
    {
        if (input != "-" && input.Contains("://", StringComparison.Ordinal)) return;
        string path = input == "-" ? "/dev/stdin" : input;
        if (!File.Exists(path) || !File.Exists(output)) return;
        if (Identity(path) is { } one && Identity(output) is { } other ? one != other || !IsRegular(one.Mode) : !HaveOneName(path, output)) return;
        throw new UsageException($"The output is the input: {output}.", "Name another output file.");
    }

    /// <summary>Whether two paths are one file that is there; a device may be shared and is none.</summary>
    public static bool AreOne(string one, string other)
    {
        if (!File.Exists(one) || !File.Exists(other) || IsDevice(one)) return false;
        return Identity(one) is { } a && Identity(other) is { } b ? a == b : HaveOneName(one, other);
    }

    /// <summary>Whether it is a device such as /dev/null, where that can be known.</summary>
    public static bool IsDevice(string path) => File.Exists(path) && Identity(path) is { } found && (found.Mode & 0xF000) == 0x2000;

    private static bool IsRegular(int mode) => (mode & 0xF000) == 0x8000;

    /// <summary>What the kernel knows a file by; null where it cannot be asked.</summary>
    private static unsafe (ulong Inode, uint Major, uint Minor, int Mode)? Identity(string path)
    {
        const int atCurrentDirectory = -100, basic = 0x7FF, size = 256;
        const int mode = 28, inode = 32, major = 136, minor = 140; // struct statx, the same on every processor
        if (!OperatingSystem.IsLinux()) return null;
        try
        {
            Span<byte> s = stackalloc byte[size];
            fixed (byte* buffer = s)
            {
                if (Statx(atCurrentDirectory, path, 0, basic, buffer) != 0) return null;
            }

            return (MemoryMarshal.Read<ulong>(s[inode..]), MemoryMarshal.Read<uint>(s[major..]), MemoryMarshal.Read<uint>(s[minor..]), MemoryMarshal.Read<ushort>(s[mode..]));
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }

    private static bool HaveOneName(string one, string other) =>
        string.Equals(Resolve(one), Resolve(other), OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase);

    /// <summary>The path without symbolic links, of folders neither.</summary>
    private static string Resolve(string path)
    {
        string rest = Path.GetFullPath(path);
        for (int links = 0; links < MaxLinks; links++)
        {
            string? followed = FollowFirstLink(rest);
            if (followed is null) break;
            rest = followed;
        }

        return rest;
    }

    private static string? FollowFirstLink(string path)
    {
        string done = Path.GetPathRoot(path)!;
        string[] parts = path[done.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i < parts.Length; i++)
        {
            string here = Path.Combine(done, parts[i]);
            if (new FileInfo(here).LinkTarget is { } target) return Path.GetFullPath(Path.Combine([done, target, .. parts[(i + 1)..]]));
            done = here;
        }

        return null;
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(int folder, string path, int flags, uint mask, byte* buffer);
}
