using System.Buffers.Binary;
using System.Numerics;

namespace Raop.Media.Input.Flac;

/// <summary>
/// Bits of a span, most significant first, through 64 of them in a register. Past the end come zeros, and <see cref="IsOverrun"/> says so:
/// the decoder looks at it once a partition, not once a bit.
/// </summary>
internal ref struct FlacBits(ReadOnlySpan<byte> data)
{
    private readonly ReadOnlySpan<byte> _data = data;
    private int _next; // the next byte to load; counts on past the end
    private ulong _cache; // left-justified
    private int _count; // bits in the cache

    /// <summary>Whether more was taken than there is.</summary>
    public readonly bool IsOverrun => ((long)_next * 8) - _count > (long)_data.Length * 8;

    /// <summary>Bytes taken, the last one perhaps in part.</summary>
    public readonly int BytePosition => _next - (_count / 8);

    /// <summary>Up to 32 bits.</summary>
    public uint Read(int bits)
    {
        if (_count < bits) Fill();
        uint value = (uint)(_cache >> 1 >> (63 - bits)); // two steps: a shift by 64 would be none
        _cache <<= bits;
        _count -= bits;
        return value;
    }

    /// <summary>A two's complement number of up to 33 bits.</summary>
    public long ReadSigned(int bits)
    {
        if (bits == 0) return 0;
        if (bits <= 32) return (long)(int)(Read(bits) << (32 - bits)) >> (32 - bits);
        long high = ReadSigned(bits - 32);
        return (high << 32) | Read(32);
    }

    /// <summary>Counts zeros up to the next one bit, and takes it.</summary>
    public int ReadUnary()
    {
        int zeros = 0;
        while (true)
        {
            if (_count == 0) Fill();
            int run = BitOperations.LeadingZeroCount(_cache);
            if (run < _count)
            {
                _cache = _cache << run << 1;
                _count -= run + 1;
                return zeros + run;
            }

            zeros += _count;
            _cache = 0;
            _count = 0;
            if (_next >= _data.Length)
            {
                _next = _data.Length + 1; // ended inside the run
                return zeros;
            }
        }
    }

    /// <summary>Reads Rice codes: a quotient in unary, <paramref name="parameter"/> bits, the sign folded into the lowest.</summary>
    public void ReadRice(Span<long> values, int parameter)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (_count < 40) Fill();
            int quotient = BitOperations.LeadingZeroCount(_cache);
            int length = quotient + 1 + parameter;
            ulong folded;
            if (length <= _count)
            {
                ulong rest = _cache << quotient << 1;
                folded = ((ulong)(uint)quotient << parameter) | (rest >> 1 >> (63 - parameter));
                _cache = rest << parameter;
                _count -= length;
            }
            else
            {
                folded = ((ulong)(uint)ReadUnary() << parameter) | Read(parameter);
            }

            values[i] = (long)(folded >> 1) ^ -(long)(folded & 1);
        }
    }

    /// <summary>Goes to the next whole byte.</summary>
    public void Align()
    {
        int odd = _count & 7;
        _cache <<= odd;
        _count -= odd;
    }

    private void Fill()
    {
        if (_next + 8 <= _data.Length)
        {
            _cache |= BinaryPrimitives.ReadUInt64BigEndian(_data[_next..]) >> _count;
            int bytes = (63 - _count) >> 3;
            _next += bytes;
            _count += bytes * 8;
            _cache &= _count == 64 ? ulong.MaxValue : ~(ulong.MaxValue >> _count);
            return;
        }

        while (_count <= 56)
        {
            ulong value = _next < _data.Length ? _data[_next] : 0UL;
            _cache |= value << (56 - _count);
            _next++;
            _count += 8;
        }
    }
}
