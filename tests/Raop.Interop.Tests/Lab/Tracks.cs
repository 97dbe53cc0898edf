using System.Globalization;

namespace Raop.Interop.Tests.Lab;

/// <summary>What the tests play.</summary>
internal static class Tracks
{
    /// <summary>The shipped piece of music, FLAC, 44.1 kHz, 16 bit, stereo.</summary>
    public static string Music()
    {
        string folder = Repository.TestData("music");
        Assert.True(Directory.Exists(folder), $"{folder} is missing.");
        return Directory.EnumerateFiles(folder, "*.flac").Order(StringComparer.Ordinal).First();
    }

    /// <summary>The samples of a file as somebody else's decoder reads them: 16 or 24 bit, little-endian.</summary>
    public static async Task<byte[]> DecodedByFfmpegAsync(string path, int bits = 16)
    {
        Need.Programs("ffmpeg");
        Child ffmpeg = await Child.RunAsync("ffmpeg", ["-nostdin", "-v", "error", "-i", path, "-f", $"s{bits}le", "-c:a", $"pcm_s{bits}le", "-"]);
        Assert.True(ffmpeg.Errors.Length == 0, ffmpeg.Errors);
        return ffmpeg.Output;
    }

    /// <summary>ALAC as somebody else encodes it; the container by the name's ending.</summary>
    public static async Task<string> EncodedByFfmpegAsync(this PeerLab lab, string wav, string name)
    {
        Need.Programs("ffmpeg");
        string path = lab.PathOf(name);
        await Child.RunAsync("ffmpeg", ["-nostdin", "-v", "error", "-i", wav, "-c:a", "alac", path]);
        return path;
    }

    /// <summary>The lengths of a file's packets, bytes.</summary>
    public static async Task<int[]> PacketSizesAsync(string path)
    {
        Need.Programs("ffprobe");
        Child ffprobe = await Child.RunAsync("ffprobe", ["-v", "error", "-show_entries", "packet=size", "-of", "csv=p=0", path]);
        return [.. ffprobe.OutputText.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => int.Parse(line.TrimEnd(','), CultureInfo.InvariantCulture))];
    }
}
