using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Alac.Decoding;

/// <summary>Writes interleaved little-endian PCM.</summary>
internal static class PcmWriter
{
    /// <summary>Writes one channel.</summary>
    /// <param name="samples">A sample of each frame.</param>
    /// <param name="config">The stream's parameters.</param>
    /// <param name="channel">Index of the channel.</param>
    /// <param name="pcm">As many frames.</param>
    public static void Write(ReadOnlySpan<int> samples, AlacConfig config, int channel, Span<byte> pcm)
    {
        int frame = config.BytesPerFrame, bytesPerSample = frame / config.Channels, at = channel * bytesPerSample;
        int justify = bytesPerSample * 8 - config.BitDepth; // 4 at 20 bit
        foreach (int sample in samples)
        {
            int value = sample << justify;
            pcm[at] = (byte)value;
            pcm[at + 1] = (byte)(value >> 8);
            if (bytesPerSample > 2) pcm[at + 2] = (byte)(value >> 16);
            if (bytesPerSample > 3) pcm[at + 3] = (byte)(value >> 24);
            at += frame;
        }
    }

    /// <summary>Writes two channels of 16 bit, unmixed on the way.</summary>
    /// <param name="left">Left, or the weighted middle.</param>
    /// <param name="right">Right, or the difference; as many samples.</param>
    /// <param name="mixBits">Fraction bits of the weight, 0 to 31 if <paramref name="mixRes"/> is not 0.</param>
    /// <param name="mixRes">The weight, 0: nothing is mixed.</param>
    /// <param name="pcm">4 bytes a frame.</param>
    public static void WriteStereo16(ReadOnlySpan<int> left, ReadOnlySpan<int> right, int mixBits, int mixRes, Span<byte> pcm)
    {
        right = right[..left.Length];
        int i = 0;
        if (BitConverter.IsLittleEndian)
        {
            Span<int> frames = MemoryMarshal.Cast<byte, int>(pcm);
            for (; i <= left.Length - Vector<int>.Count; i += Vector<int>.Count)
            {
                Vector<int> l = new(left[i..]), r = new(right[i..]);
                if (mixRes != 0)
                {
                    l = StereoUnmixer.Left(l, r, mixBits, mixRes);
                    r = l - r;
                }

                ((l & new Vector<int>(ushort.MaxValue)) | Vector.ShiftLeft(r, 16)).CopyTo(frames[i..]);
            }
        }

        for (; i < left.Length; i++)
        {
            int l = left[i], r = right[i];
            if (mixRes != 0)
            {
                l = StereoUnmixer.Left(l, r, mixBits, mixRes);
                r = l - r;
            }

            BinaryPrimitives.WriteInt32LittleEndian(pcm[(i * 4)..], (l & ushort.MaxValue) | r << 16);
        }
    }

    /// <summary>Writes 16-bit samples that a packet has as they are, big-endian and at any bit.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="position">Bits before the first sample.</param>
    /// <param name="pcm">Takes as many samples as it has room for; the packet has them all.</param>
    public static void WriteEscape16(ReadOnlySpan<byte> packet, int position, Span<byte> pcm)
    {
        ReadOnlySpan<byte> source = packet[(position >> 3)..];
        int shift = position & 7, i = 0;
        Span<ushort> samples = MemoryMarshal.Cast<byte, ushort>(pcm);
        if (BitConverter.IsLittleEndian)
        {
            // A sample is two bytes and some bits of a third: take the first two of it and the last two, each moved to its place.
            for (; i <= samples.Length - Vector<ushort>.Count && i * 2 + 1 + Vector<byte>.Count <= source.Length; i += Vector<ushort>.Count)
            {
                Vector<ushort> first = Swap(Vector.AsVectorUInt16(new Vector<byte>(source[(i * 2)..])));
                Vector<ushort> last = Swap(Vector.AsVectorUInt16(new Vector<byte>(source[(i * 2 + 1)..])));
                (Vector.ShiftLeft(first, shift) | Vector.ShiftRightLogical(last, 8 - shift)).CopyTo(samples[i..]);
            }
        }

        var reader = new BitReader(source);
        reader.Skip(shift + i * 16);
        for (; i < samples.Length; i++) BinaryPrimitives.WriteUInt16LittleEndian(pcm[(i * 2)..], (ushort)reader.Read(16));
    }

    private static Vector<ushort> Swap(Vector<ushort> values) => Vector.ShiftLeft(values, 8) | Vector.ShiftRightLogical(values, 8);
}
