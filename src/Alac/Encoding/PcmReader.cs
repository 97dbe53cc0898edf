using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Alac.Encoding;

/// <summary>Reads interleaved little-endian PCM.</summary>
internal static class PcmReader
{
    /// <summary>Reads one channel.</summary>
    /// <param name="pcm">Whole frames.</param>
    /// <param name="config">The stream's parameters.</param>
    /// <param name="channel">Index of the channel.</param>
    /// <param name="samples">Takes a sample of each frame.</param>
    public static void Read(ReadOnlySpan<byte> pcm, AlacConfig config, int channel, Span<int> samples)
    {
        int bytesPerSample = config.BytesPerFrame / config.Channels, at = channel * bytesPerSample;
        int justify = bytesPerSample * 8 - config.BitDepth;
        for (int i = 0; i < samples.Length; i++)
        {
            samples[i] = ReadSample(pcm[at..], bytesPerSample) >> justify;
            at += config.BytesPerFrame;
        }
    }

    /// <summary>Reads two channels of 16 bit.</summary>
    /// <param name="pcm">Whole frames.</param>
    /// <param name="left">Takes a sample of each frame.</param>
    /// <param name="right">As many.</param>
    public static void ReadStereo16(ReadOnlySpan<byte> pcm, Span<int> left, Span<int> right)
    {
        right = right[..left.Length];
        int i = 0;
        if (BitConverter.IsLittleEndian)
        {
            ReadOnlySpan<int> frames = MemoryMarshal.Cast<byte, int>(pcm);
            for (; i <= left.Length - Vector<int>.Count; i += Vector<int>.Count)
            {
                Vector<int> both = new(frames[i..]);
                Vector.ShiftRightArithmetic(Vector.ShiftLeft(both, 16), 16).CopyTo(left[i..]);
                Vector.ShiftRightArithmetic(both, 16).CopyTo(right[i..]);
            }
        }

        for (; i < left.Length; i++)
        {
            left[i] = ReadSample(pcm[(i * 4)..], 2);
            right[i] = ReadSample(pcm[(i * 4 + 2)..], 2);
        }
    }

    /// <summary>Reads a sample of 2, 3 or 4 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ReadSample(ReadOnlySpan<byte> pcm, int bytes) => bytes switch
    {
        2 => pcm[0] | (sbyte)pcm[1] << 8,
        3 => pcm[0] | pcm[1] << 8 | (sbyte)pcm[2] << 16,
        _ => pcm[0] | pcm[1] << 8 | pcm[2] << 16 | pcm[3] << 24,
    };
}
