using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Alac.Decoding;

/// <summary>Reads bits, most significant first. Past the end it reads zeros: ask <see cref="IsPastEnd"/> after a group of reads.</summary>
/// <param name="bytes">At most 16 MB, so that positions in bits stay small.</param>
internal ref struct BitReader(ReadOnlySpan<byte> bytes)
{
    /// <summary>More bytes than any packet has.</summary>
    public const int MaxBytes = 1 << 24;

    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _position;

    public readonly int Remaining => _bytes.Length * 8 - _position;

    public readonly bool IsPastEnd => Remaining < 0;

    /// <summary>Reads 0 to 32 bits.</summary>
    public uint Read(int count)
    {
        uint value = (uint)((ulong)Peek() >> (32 - count));
        _position += count;
        return value;
    }

    public void Skip(int count) => _position += count;

    public void AlignToByte() => _position = (_position + 7) & ~7;

    /// <summary>Reads a Golomb-Rice value.</summary>
    /// <param name="divisor">What a bit of the prefix counts for.</param>
    /// <param name="parameter">Bits of the remainder, 1 to 23.</param>
    /// <param name="rawBits">Bits of a value that is sent raw, after nine ones.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint ReadRice(uint divisor, int parameter, int rawBits)
    {
        const int Escape = 9;
        uint window = Peek();
        int prefix = BitOperations.LeadingZeroCount(~window);
        if (prefix >= Escape)
        {
            _position += Escape;
            return Read(rawBits);
        }

        uint remainder = window << (prefix + 1) >> (32 - parameter);
        uint value = (uint)prefix * divisor;
        if (remainder < 2)
        {
            _position += prefix + parameter; // a zero remainder is one bit shorter
            return value;
        }

        _position += prefix + 1 + parameter;
        return value + remainder - 1;
    }

    /// <summary>The next 32 bits.</summary>
    private readonly uint Peek()
    {
        int at = _position >> 3;
        ulong window = at <= _bytes.Length - sizeof(ulong) ? BinaryPrimitives.ReadUInt64BigEndian(_bytes[at..]) : PeekTail(at);
        return (uint)(window << (_position & 7) >> 32);
    }

    private readonly ulong PeekTail(int at)
    {
        ulong window = 0;
        for (int i = 0; i < sizeof(ulong); i++) window = window << 8 | (at + i < _bytes.Length ? _bytes[at + i] : 0u);
        return window;
    }
}
