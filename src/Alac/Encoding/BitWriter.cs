using System.Buffers.Binary;

namespace Alac.Encoding;

/// <summary>Writes bits, most significant first. What there is no room for is dropped: ask <see cref="IsFull"/>.</summary>
internal ref struct BitWriter(Span<byte> destination)
{
    private readonly Span<byte> _destination = destination;
    private ulong _pending; // at its upper end
    private int _pendingBits, _length;

    /// <summary>Whether bits were dropped.</summary>
    public bool IsFull { get; private set; }

    /// <summary>Writes the low <paramref name="count"/> bits, 0 to 32, of a value whose other bits are zero.</summary>
    public void Write(uint value, int count) => Write((ulong)value, count);

    /// <summary>Writes the low <paramref name="count"/> bits, 0 to 57, of a value whose other bits are zero.</summary>
    public void Write(ulong value, int count)
    {
        // Whole words go out at the byte that the bits belong to: what of them is not yet known is written over by the next.
        _pendingBits += count;
        _pending |= value << (64 - _pendingBits);
        if (_length <= _destination.Length - sizeof(ulong)) BinaryPrimitives.WriteUInt64BigEndian(_destination[_length..], _pending);
        else WriteEnd();
        _length += _pendingBits >> 3;
        _pending = (_pendingBits & 64) != 0 ? 0 : _pending << (_pendingBits & ~7);
        _pendingBits &= 7;
    }

    /// <summary>Fills the last byte up with zeros.</summary>
    /// <returns>Bytes written in all.</returns>
    public int Finish()
    {
        if (_pendingBits > 0) Write(0, 8 - _pendingBits);
        return _length;
    }

    /// <summary>For writing at length elsewhere: the bytes not yet written to, and the bits, at the upper end, that begin the first of them.</summary>
    public readonly Span<byte> Room(out ulong pending, out int pendingBits)
    {
        (pending, pendingBits) = (_pending, _pendingBits);
        return _destination[Math.Min(_length, _destination.Length)..];
    }

    /// <summary>Takes over from there.</summary>
    /// <param name="bytes">Bytes written to the room.</param>
    /// <param name="pending">Bits that follow, at the upper end.</param>
    /// <param name="pendingBits">Their number; more than 7 say that there was no room for them.</param>
    public void Advance(int bytes, ulong pending, int pendingBits)
    {
        IsFull |= pendingBits > 7;
        (_length, _pending, _pendingBits) = (_length + bytes, pending, pendingBits & 7);
    }

    private void WriteEnd()
    {
        for (int i = 0; i < (_pendingBits + 7) >> 3; i++)
        {
            if (_length + i < _destination.Length) _destination[_length + i] = (byte)(_pending >> (56 - 8 * i));
            else IsFull = true;
        }
    }
}
