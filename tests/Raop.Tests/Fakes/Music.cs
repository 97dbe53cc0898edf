using System.Buffers.Binary;

namespace Raop.Tests.Fakes;

/// <summary>Material of which every frame can be told from every other.</summary>
internal static class Music
{
    /// <summary>16-bit stereo: two sweeps with noise, never two equal frames near each other.</summary>
    public static byte[] Frames(int count, int seed = 1)
    {
        var random = new Random(seed);
        byte[] pcm = new byte[count * 4];
        for (int i = 0; i < count; i++)
        {
            double t = i / 44100.0;
            BinaryPrimitives.WriteInt16LittleEndian(pcm.AsSpan(i * 4), (short)(12000 * Math.Sin(900 * t * (1 + t)) + random.Next(-900, 900)));
            BinaryPrimitives.WriteInt16LittleEndian(pcm.AsSpan(i * 4 + 2), (short)(9000 * Math.Sin(2500 * t) + random.Next(-900, 900)));
        }

        return pcm;
    }
}
