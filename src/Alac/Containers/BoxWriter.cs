using System.Buffers.Binary;

namespace Alac.Containers;

/// <summary>Builds MP4 boxes, or any big-endian bytes, in memory.</summary>
internal sealed class BoxWriter
{
    private byte[] _bytes = new byte[1024];
    private int _length;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    /// <summary>Begins a box; <see cref="End"/> fills its size in.</summary>
    /// <returns>What <see cref="End"/> needs.</returns>
    public int Begin(ReadOnlySpan<byte> type)
    {
        int start = _length;
        UInt32(0).Bytes(type);
        return start;
    }

    /// <summary>Begins a box with version and flags.</summary>
    public int BeginFull(ReadOnlySpan<byte> type, uint version = 0, uint flags = 0)
    {
        int start = Begin(type);
        UInt32(version << 24 | flags);
        return start;
    }

    public void End(int start) => PatchUInt32(start, (uint)(_length - start));

    public void PatchUInt32(int at, uint value) => BinaryPrimitives.WriteUInt32BigEndian(_bytes.AsSpan(at), value);

    public BoxWriter UInt8(byte value)
    {
        Grow(1)[0] = value;
        return this;
    }

    public BoxWriter UInt16(int value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(Grow(2), (ushort)value);
        return this;
    }

    public BoxWriter UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(Grow(4), value);
        return this;
    }

    public BoxWriter Int64(long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(Grow(8), value);
        return this;
    }

    /// <summary>A length in time: eight bytes in boxes of version 1, else four.</summary>
    public BoxWriter Time(long value, uint version) => version == 1 ? Int64(value) : UInt32((uint)value);

    public BoxWriter Zeros(int count)
    {
        Grow(count).Clear();
        return this;
    }

    public BoxWriter Bytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Grow(bytes.Length));
        return this;
    }

    private Span<byte> Grow(int count)
    {
        if (_length + count > _bytes.Length) Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + count));
        _length += count;
        return _bytes.AsSpan(_length - count, count);
    }
}
