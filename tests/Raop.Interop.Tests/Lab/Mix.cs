using System.Buffers.Binary;

namespace Raop.Interop.Tests.Lab;

/// <summary>
/// The source signal of the captures and the peers' tests: two triangle sweeps with noise, so that no block of it comes twice.
/// 44,100 Hz, 16 bit, stereo, little-endian; integers only (testdata/captures/README.md states the rule and its digest).
/// </summary>
internal static class Mix
{
    public const int Rate = 44_100, FrameBytes = 4;

    /// <summary>The first <paramref name="frames"/> frames, then <paramref name="silence"/> frames of zeros.</summary>
    public static byte[] Pcm(int frames, int silence = 0)
    {
        byte[] pcm = new byte[(frames + silence) * FrameBytes];
        uint noise = 0x52414F50, left = 0, right = 0;
        for (int n = 0; n < frames; n++)
        {
            noise ^= noise << 13;
            noise ^= noise >> 17;
            noise ^= noise << 5;
            left += unchecked((uint)(10_000_000L + 400L * n));
            right += (uint)Math.Max(300_000_000L - 400L * n, 10_000_000L);
            Span<byte> frame = pcm.AsSpan(n * FrameBytes);
            BinaryPrimitives.WriteInt16LittleEndian(frame, (short)((Triangle(left) >> 1) + (int)((noise >> 16) & 1023) - 512));
            BinaryPrimitives.WriteInt16LittleEndian(frame[2..], (short)((Triangle(right) >> 1) + (int)(noise & 1023) - 512));
        }

        return pcm;
    }

    public static byte[] Seconds(double seconds, double silence = 0) => Pcm((int)(seconds * Rate), (int)(silence * Rate));

    /// <summary>Silence, then the signal, then silence again.</summary>
    public static byte[] Between(double lead, double seconds, double tail) => [.. new byte[(int)(lead * Rate) * FrameBytes], .. Seconds(seconds, tail)];

    private static int Triangle(uint phase) => 16_384 - Math.Abs((int)(phase >> 16) - 32_768);
}
