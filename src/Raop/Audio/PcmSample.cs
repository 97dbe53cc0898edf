using System.Buffers.Binary;

namespace Raop.Audio;

/// <summary>One little-endian sample of 16, 24 or 32 bit as a number in steps of its own depth: exact in a double.</summary>
internal static class PcmSample
{
    /// <summary>The value, in steps.</summary>
    /// <param name="sample">2, 3 or 4 bytes.</param>
    public static double Read(ReadOnlySpan<byte> sample) => sample.Length switch
    {
        2 => BinaryPrimitives.ReadInt16LittleEndian(sample),
        3 => sample[0] | (sample[1] << 8) | ((sbyte)sample[2] << 16),
        _ => BinaryPrimitives.ReadInt32LittleEndian(sample),
    };

    /// <summary>Rounds to the nearest step and cuts at full scale.</summary>
    /// <param name="sample">2, 3 or 4 bytes.</param>
    /// <param name="value">In steps.</param>
    public static void Write(Span<byte> sample, double value)
    {
        double rounded = Math.Round(value);
        switch (sample.Length)
        {
            case 2:
                BinaryPrimitives.WriteInt16LittleEndian(sample, (short)Math.Clamp(rounded, short.MinValue, short.MaxValue));
                break;
            case 3:
                int bits = (int)Math.Clamp(rounded, -(1 << 23), (1 << 23) - 1);
                sample[0] = (byte)bits;
                sample[1] = (byte)(bits >> 8);
                sample[2] = (byte)(bits >> 16);
                break;
            default:
                BinaryPrimitives.WriteInt32LittleEndian(sample, (int)Math.Clamp(rounded, int.MinValue, int.MaxValue));
                break;
        }
    }

    /// <summary>Refuses formats other than 16, 24 or 32 bit, 1 or 2 channels, 8 to 192 kHz.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Another format.</exception>
    public static PcmFormat Check(PcmFormat format) =>
        format is { BitsPerSample: 16 or 24 or 32, Channels: 1 or 2, SampleRate: >= 8_000 and <= 192_000 }
            ? format
            : throw new ArgumentOutOfRangeException(nameof(format), format, "16, 24 or 32 bit, 1 or 2 channels, 8 to 192 kHz.");
}
