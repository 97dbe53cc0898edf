using System.Buffers.Binary;

namespace Raop.Media.Input;

/// <summary>How one number is written.</summary>
internal enum SampleKind
{
    /// <summary>Two's complement, left-justified in its bytes.</summary>
    Signed,

    /// <summary>One byte, 128 is zero: 8-bit WAV.</summary>
    Unsigned8,

    /// <summary>IEEE 754, full scale is 1.0.</summary>
    Float,
}

/// <summary>How a file lays out samples, and their conversion into ours: 16, 24 or 32 bit little-endian.</summary>
/// <param name="Kind">What the bytes mean.</param>
/// <param name="Bytes">Bytes of a sample: 1 to 4, or 4 and 8 for floats.</param>
/// <param name="BigEndian">Byte order.</param>
/// <param name="OutputBits">16, 24 or 32: the narrowest that holds every valid bit. Floats become 32 bit, clipped at full scale.</param>
internal readonly record struct SampleLayout(SampleKind Kind, int Bytes, bool BigEndian, int OutputBits)
{
    public static SampleLayout Integer(int bytes, int validBits, bool bigEndian, bool unsigned8 = false) =>
        new(bytes == 1 && unsigned8 ? SampleKind.Unsigned8 : SampleKind.Signed, bytes, bigEndian, validBits <= 16 ? 16 : validBits <= 24 ? 24 : 32);

    public static SampleLayout Float(int bytes, bool bigEndian) => new(SampleKind.Float, bytes, bigEndian, 32);

    /// <summary>Converts as many samples as <paramref name="destination"/> takes.</summary>
    public void Convert(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        int outputBytes = OutputBits / 8;
        if (Kind == SampleKind.Signed && !BigEndian && Bytes == outputBytes)
        {
            source[..destination.Length].CopyTo(destination);
            return;
        }

        for (int i = 0, o = 0; o < destination.Length; i += Bytes, o += outputBytes)
        {
            int value = Read(source.Slice(i, Bytes));
            switch (outputBytes)
            {
                case 2:
                    BinaryPrimitives.WriteInt16LittleEndian(destination[o..], (short)(value >> 16));
                    break;
                case 3:
                    destination[o] = (byte)(value >> 8);
                    BinaryPrimitives.WriteInt16LittleEndian(destination[(o + 1)..], (short)(value >> 16));
                    break;
                default:
                    BinaryPrimitives.WriteInt32LittleEndian(destination[o..], value);
                    break;
            }
        }
    }

    /// <summary>One sample, left-justified in 32 bits.</summary>
    private int Read(ReadOnlySpan<byte> s) => Kind switch
    {
        SampleKind.Unsigned8 => (s[0] - 128) << 24,
        SampleKind.Float => FromFloat(Bytes == 4
            ? BigEndian ? BinaryPrimitives.ReadSingleBigEndian(s) : BinaryPrimitives.ReadSingleLittleEndian(s)
            : BigEndian ? BinaryPrimitives.ReadDoubleBigEndian(s) : BinaryPrimitives.ReadDoubleLittleEndian(s)),
        _ => (Bytes, BigEndian) switch
        {
            (1, _) => s[0] << 24,
            (2, false) => BinaryPrimitives.ReadInt16LittleEndian(s) << 16,
            (2, true) => BinaryPrimitives.ReadInt16BigEndian(s) << 16,
            (3, false) => (s[0] << 8) | (s[1] << 16) | (s[2] << 24),
            (3, true) => (s[2] << 8) | (s[1] << 16) | (s[0] << 24),
            (_, false) => BinaryPrimitives.ReadInt32LittleEndian(s),
            (_, true) => BinaryPrimitives.ReadInt32BigEndian(s),
        },
    };

    private static int FromFloat(double value) =>
        double.IsNaN(value) ? 0 : (int)Math.Clamp(Math.Round(value * 2147483648.0), int.MinValue, int.MaxValue);
}
