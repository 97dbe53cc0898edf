using System.Buffers.Binary;
using System.Text;

namespace Alac.Containers;

/// <summary>Walks over the boxes of an MP4 file: 4 bytes size, 4 bytes type, body (ISO/IEC 14496-12 section 4.2).</summary>
internal ref struct BoxReader(ReadOnlySpan<byte> boxes)
{
    public const int HeaderSize = 8, LargeHeaderSize = 16;
    private ReadOnlySpan<byte> _rest = boxes;

    /// <summary>Type of the box that <see cref="Next"/> found.</summary>
    public ReadOnlySpan<byte> Type { get; private set; }

    /// <summary>Its body.</summary>
    public ReadOnlySpan<byte> Body { get; private set; }

    /// <summary>Goes to the next box.</summary>
    /// <returns>False at the end; fewer than eight bytes at the end are padding.</returns>
    public bool Next()
    {
        if (_rest.Length < HeaderSize) return false;
        Type = _rest.Slice(4, 4);
        (int header, ulong size) = (HeaderSize, BinaryPrimitives.ReadUInt32BigEndian(_rest));
        if (size == 1 && _rest.Length >= LargeHeaderSize) (header, size) = (LargeHeaderSize, BinaryPrimitives.ReadUInt64BigEndian(_rest[8..]));
        if (size == 0) size = (ulong)_rest.Length; // to the end; QuickTime also ends lists so
        if (size < (ulong)header || size > (ulong)_rest.Length)
        {
            throw AlacException.Corrupt($"Box '{Name(Type)}' has {size} bytes; {_rest.Length} are left.");
        }

        Body = _rest[header..(int)size];
        _rest = _rest[(int)size..];
        return true;
    }

    /// <summary>The body of the first box of a type, or nothing.</summary>
    public static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> boxes, ReadOnlySpan<byte> type)
    {
        var reader = new BoxReader(boxes);
        while (reader.Next())
        {
            if (reader.Type.SequenceEqual(type)) return reader.Body;
        }

        return [];
    }

    /// <summary>The body of the first box of a type, at least as long as stated.</summary>
    public static ReadOnlySpan<byte> Require(ReadOnlySpan<byte> boxes, ReadOnlySpan<byte> type, int length)
    {
        ReadOnlySpan<byte> body = Find(boxes, type);
        if (body.Length < length) throw AlacException.Corrupt($"Box '{Name(type)}' is missing or shorter than {length} bytes.");
        return body;
    }

    /// <summary>A box's type as text for people.</summary>
    public static string Name(ReadOnlySpan<byte> type)
    {
        var name = new StringBuilder(4);
        foreach (byte b in type) name.Append(b is >= 0x20 and < 0x7f ? (char)b : '?');
        return name.ToString();
    }
}
