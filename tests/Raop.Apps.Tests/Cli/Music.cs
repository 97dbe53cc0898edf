using Raop.Audio;
using Raop.Media;

namespace Raop.Apps.Tests.Cli;

/// <summary>Files to play.</summary>
internal static class Music
{
    /// <summary>Noise, the same for the same seed.</summary>
    public static byte[] Samples(int frames, int seed = 1, PcmFormat? format = null)
    {
        byte[] samples = new byte[frames * (format ?? PcmFormat.AirTunes).BytesPerFrame];
        new Random(seed).NextBytes(samples);
        return samples;
    }

    /// <summary>Writes a WAV file; its samples come back.</summary>
    public static async Task<byte[]> WriteWavAsync(string path, int frames, int seed = 1, PcmFormat? format = null)
    {
        byte[] samples = Samples(frames, seed, format);
        await using IPcmSink sink = MediaSink.Open("wav:" + path);
        await sink.StartAsync(format ?? PcmFormat.AirTunes, TestContext.Current.CancellationToken);
        await sink.WriteAsync(samples, default, TestContext.Current.CancellationToken);
        return samples;
    }
}
