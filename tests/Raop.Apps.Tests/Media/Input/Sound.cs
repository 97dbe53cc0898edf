using System.Buffers.Binary;

namespace Raop.Apps.Tests.Media.Input;

/// <summary>Samples for tests, repeatable from a seed.</summary>
internal static class Sound
{
    /// <summary>Frames of little-endian PCM.</summary>
    /// <param name="kind">music, noise (full scale), silence, square (full scale) or wasted (the low three bits zero).</param>
    /// <param name="frames">How many.</param>
    /// <param name="bits">8 (unsigned), 16, 24 or 32.</param>
    /// <param name="channels">1 or 2.</param>
    public static byte[] Make(string kind, int frames, int bits, int channels)
    {
        var random = new Random(frames + bits + channels);
        int bytes = bits / 8;
        var pcm = new byte[frames * channels * bytes];
        double full = Math.Pow(2, bits - 1) - 1;
        for (int i = 0; i < frames; i++)
        {
            double common = Math.Sin(i * 0.031) + (0.5 * Math.Sin(i * 0.0713)) + (0.3 * Math.Sin(i * i * 1e-6));
            for (int channel = 0; channel < channels; channel++)
            {
                double value = kind switch
                {
                    "noise" => (random.NextDouble() * 2) - 1,
                    "silence" => 0,
                    "square" => i / 37 % 2 == 0 ? 1 : -1,
                    "music" => (0.3 * common) + (0.1 * Math.Sin(i * (0.11 + (0.05 * channel)))) + (0.001 * random.NextDouble()),
                    _ => 0.4 * common,
                };
                long sample = (long)Math.Round(value * full);
                if (kind == "wasted") sample &= ~7L;
                if (bits == 8) sample += 128;
                for (int b = 0; b < bytes; b++) pcm[(((i * channels) + channel) * bytes) + b] = (byte)(sample >> (8 * b));
            }
        }

        return pcm;
    }

    /// <summary>8 bit unsigned as it comes out: 16 bit signed, the low byte zero.</summary>
    public static byte[] Widen8(byte[] pcm) => [.. pcm.SelectMany(b => new byte[] { 0, (byte)(b - 128) })];

    public static byte[] Little16(params short[] samples)
    {
        var bytes = new byte[samples.Length * 2];
        for (int i = 0; i < samples.Length; i++) BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(i * 2), samples[i]);
        return bytes;
    }
}
