namespace Raop.Media.Input.Ffmpeg;

/// <summary>Where ffmpeg and ffprobe are on this machine.</summary>
internal sealed record FfmpegTools(string Ffmpeg, string Ffprobe)
{
    /// <summary>What to say to a user who has none.</summary>
    public const string HowToInstall = "Install ffmpeg: \"apt install ffmpeg\" on Debian or Ubuntu, \"brew install ffmpeg\" on macOS, \"winget install ffmpeg\" on Windows.";

    /// <summary>Looks where the options say, else in PATH.</summary>
    /// <returns>Null when it is not installed.</returns>
    public static FfmpegTools? Find(MediaSourceOptions options)
    {
        string extension = OperatingSystem.IsWindows() ? ".exe" : "";
        if (FindFfmpeg(options.FfmpegPath) is not { } ffmpeg) return null;
        string beside = Path.Combine(Path.GetDirectoryName(ffmpeg) ?? "", "ffprobe" + extension);
        return (File.Exists(beside) ? beside : FindInPath("ffprobe" + extension)) is { } ffprobe ? new FfmpegTools(ffmpeg, ffprobe) : null;
    }

    /// <summary>Looks for ffmpeg alone.</summary>
    public static string? FindFfmpeg(string? path)
    {
        string? ffmpeg = path ?? FindInPath(OperatingSystem.IsWindows() ? "ffmpeg.exe" : "ffmpeg");
        return File.Exists(ffmpeg) ? ffmpeg : null;
    }

    private static string? FindInPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}
