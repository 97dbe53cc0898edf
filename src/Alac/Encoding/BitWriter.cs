using System.Buffers.Binary;

namespace Alac.Encoding;

/// <summary>Writes bits, most significant first, into memory that is known to be large enough.</summary>
internal ref struct BitWriter(Span<byte> destination) : IBitSink
{
    private readonly Span<byte> _destination = destination;
    private ulong _pending;
    private int _pendingBits, _length;

    public void Write(uint value, int count)
    {
        _pending = _pending << count | value;
        _pendingBits += count;
        if (_pendingBits < 32) return;
        _pendingBits -= 32;
        BinaryPrimitives.WriteUInt32BigEndian(_destination[_length..], (uint)(_pending >> _pendingBits));
        _length += sizeof(uint);
    }

    /// <summary>Fills the last byte up with zeros.</summary>
    /// <returns>Bytes written in all.</returns>
    public int Finish()
    {
        for (; _pendingBits > 0; _pendingBits -= 8)
        {
            _destination[_length++] = (byte)(_pendingBits >= 8 ? _pending >> (_pendingBits - 8) : _pending << (8 - _pendingBits));
        }

        _pendingBits = 0;
        return _length;
    }
}
