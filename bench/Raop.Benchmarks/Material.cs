using Raop.Audio;
using Raop.Media;

namespace Raop.Benchmarks;

/// <summary>What is measured with.</summary>
internal static class Material
{
    public static string Root { get; } = FindRoot();

    public static string MusicFile { get; } = Path.Combine(Root, "testdata", "music", "bach-bwv846-prelude.flac");

    /// <summary>The first seconds of the music: 16 bit, stereo, 44.1 kHz.</summary>
    public static byte[] Pcm(int seconds)
    {
        byte[] pcm = new byte[seconds * 44_100 * 4];
        if (ReadAsync(MusicFile, pcm).GetAwaiter().GetResult() != pcm.Length) throw new InvalidDataException("The music is too short.");
        return pcm;
    }

    /// <summary>Reads until the buffer is full or the file ends.</summary>
    public static async Task<int> ReadAsync(string file, Memory<byte> buffer)
    {
        int length = 0;
        IPcmSource source = await MediaSource.OpenAsync(file).ConfigureAwait(false);
        await using (source.ConfigureAwait(false))
        {
            while (length < buffer.Length && await source.ReadAsync(buffer[length..]).ConfigureAwait(false) is > 0 and int more) length += more;
            return length;
        }
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Raop.slnx"))) return folder.FullName;
        }

        throw new DirectoryNotFoundException("Raop.slnx is in no folder above the program.");
    }
}
