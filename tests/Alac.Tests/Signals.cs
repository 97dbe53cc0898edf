namespace Alac.Tests;

/// <summary>Test signals as interleaved little-endian PCM.</summary>
internal static class Signals
{
    public static readonly string[] Names =
        ["silence", "noise", "quiet noise", "sine", "chord", "notes", "high tones", "square", "extremes", "impulses", "ramp", "disputed value"];

    /// <summary>Makes frames of a signal. Equal arguments give equal bytes.</summary>
    public static byte[] Make(string name, AlacConfig config, int frames, int seed = 1)
    {
        var random = new Random(seed);
        byte[] pcm = new byte[frames * config.BytesPerFrame];
        double full = Math.Pow(2, config.BitDepth - 1) - 1;
        for (int i = 0; i < frames; i++)
        {
            for (int channel = 0; channel < config.Channels; channel++)
            {
                double value = name switch
                {
                    "silence" => 0,
                    "noise" => random.NextDouble() * 2 - 1,
                    "quiet noise" => (random.NextDouble() - 0.5) / 1000,
                    "sine" => Math.Sin(2 * Math.PI * 441 * i / config.SampleRate + channel) * 0.9,
                    "chord" => (Math.Sin(i * 0.031) + Math.Sin(i * 0.047 + channel) + Math.Sin(i * 0.083)) * 0.3 + (random.NextDouble() - 0.5) / 500,
                    "notes" => Note(i, channel) * 0.8 + (random.NextDouble() - 0.5) / 2000,
                    "high tones" => (Math.Sin(i * 0.9 + channel) + Math.Sin(i * 0.61)) * 0.48 + (random.NextDouble() - 0.5) / 500,
                    "square" => i / 50 % 2 == 0 ? 1 : -1.0001,
                    "extremes" => (i + channel) % 2 == 0 ? 1 : -1.0001,
                    "impulses" => i % 97 == 96 ? (channel == 0 ? 1 : -1.0001) : 0,
                    "ramp" => i / 3000.0 - 0.9,
                    "disputed value" => channel == 1 ? 0 : i % 203 < 200 ? -1 / full : i % 203 == 200 ? 1 : 0,
                    _ => throw new ArgumentException("Unknown signal.", nameof(name)),
                };
                Put(pcm, config, i, channel, (int)Math.Clamp(Math.Round(value * full), -full - 1, full));
            }
        }

        return pcm;
    }

    /// <summary>Struck strings, one after another: loud at first, soon quiet.</summary>
    private static double Note(int frame, int channel)
    {
        int number = frame / 5000, at = frame % 5000;
        double pitch = 0.02 * Math.Pow(2, number * 7 % 12 / 12.0);
        return Math.Exp(-at / 900.0) * (Math.Sin(at * pitch) + Math.Sin(at * pitch * 2.01 + channel) * 0.5 + Math.Sin(at * pitch * 3.02) * 0.25) / 1.75;
    }

    /// <summary>Interleaves two channels of 16 bit.</summary>
    public static byte[] Stereo16(ReadOnlySpan<int> left, ReadOnlySpan<int> right) => Stereo(new AlacConfig(), left, right);

    public static byte[] Stereo(AlacConfig config, ReadOnlySpan<int> left, ReadOnlySpan<int> right)
    {
        byte[] pcm = new byte[left.Length * config.BytesPerFrame];
        for (int i = 0; i < left.Length; i++)
        {
            Put(pcm, config, i, 0, left[i]);
            Put(pcm, config, i, 1, right[i]);
        }

        return pcm;
    }

    private static void Put(byte[] pcm, AlacConfig config, int frame, int channel, int sample)
    {
        int bytes = config.BytesPerFrame / config.Channels;
        sample <<= bytes * 8 - config.BitDepth;
        for (int i = 0; i < bytes; i++) pcm[frame * config.BytesPerFrame + channel * bytes + i] = (byte)(sample >> (8 * i));
    }
}
