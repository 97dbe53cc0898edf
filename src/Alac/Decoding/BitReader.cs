using System.Buffers.Binary;
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

    /// <summary>What is read from.</summary>
    public readonly ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Bits read so far.</summary>
    public int Position
    {
        readonly get => _position;
        set => _position = value;
    }

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

    /// <summary>The next 32 bits.</summary>
    private readonly uint Peek()
    {
        int at = _position >> 3;
        ulong window = at <= _bytes.Length - sizeof(ulong) ? BinaryPrimitives.ReadUInt64BigEndian(_bytes[at..]) : ReadTail(_bytes, at);
        return (uint)(window << (_position & 7) >> 32);
    }

    /// <summary>Eight bytes of which some lie behind the end: those are zero.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static ulong ReadTail(ReadOnlySpan<byte> bytes, int at)
    {
        ulong window = 0;
        for (int i = 0; i < sizeof(ulong); i++) window = window << 8 | (at + i < bytes.Length ? bytes[at + i] : 0u);
        return window;
    }
}
