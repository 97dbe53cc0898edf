using System.Buffers.Binary;
using System.Text;

namespace Raop.Discovery;

/// <summary>Types of D-Bus messages.</summary>
internal enum DBusMessageType : byte
{
    Invalid = 0,
    Call = 1,
    Return = 2,
    Error = 3,
    Signal = 4,
}

/// <summary>A D-Bus message in little-endian form (D-Bus specification, "Message Protocol"), as far as talking to Avahi needs it.</summary>
internal sealed class DBusMessage
{
    /// <summary>Longest message that is taken. Avahi's are below 70 KiB, the length of the longest TXT record.</summary>
    public const int MaxLength = 256 * 1024;

    /// <summary>What stands before the header's fields: enough to know the whole length.</summary>
    public const int FixedLength = 16;

    private const byte LittleEndian = (byte)'l', Version = 1;
    private const byte Path = 1, Interface = 2, Member = 3, ErrorName = 4, ReplySerial = 5, Destination = 6, SenderField = 7, SignatureField = 8;

    public DBusMessageType Type { get; private init; }

    public uint ReplyTo { get; private set; }

    public string PathText { get; private set; } = "";

    public string MemberName { get; private set; } = "";

    public string Error { get; private set; } = "";

    /// <summary>Who sent it, by its own name on the bus, ":1.7"; the bus sees to it that nobody gives another's.</summary>
    public string Sender { get; private set; } = "";

    public string Signature { get; private set; } = "";

    public ReadOnlyMemory<byte> Body { get; private init; }

    /// <summary>A method call.</summary>
    public static byte[] Call(uint serial, string destination, string path, string type, string member, string signature, ReadOnlySpan<byte> body)
    {
        var writer = new DBusWriter();
        writer.Byte(LittleEndian).Byte((byte)DBusMessageType.Call).Byte(0).Byte(Version).UInt32((uint)body.Length).UInt32(serial);
        int length = writer.Count;
        writer.UInt32(0);
        writer.Align(8).Byte(Path).Signature("o").String(path);
        writer.Align(8).Byte(Interface).Signature("s").String(type);
        writer.Align(8).Byte(Member).Signature("s").String(member);
        writer.Align(8).Byte(Destination).Signature("s").String(destination);
        if (signature.Length > 0) writer.Align(8).Byte(SignatureField).Signature("g").Signature(signature);
        writer.SetUInt32(length, (uint)(writer.Count - FixedLength));
        writer.Align(8).Bytes(body);
        return writer.ToArray();
    }

    /// <summary>Length of the message that begins here.</summary>
    /// <returns>Bytes; 0 when <see cref="FixedLength"/> bytes are not there yet; −1 when it is none, or too long.</returns>
    public static int LengthOf(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < FixedLength) return 0;
        uint body = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]), fields = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);
        if (bytes[0] != LittleEndian || bytes[3] != Version || body > MaxLength || fields > MaxLength) return -1;
        int length = FixedLength + (((int)fields + 7) & ~7) + (int)body;
        return length > MaxLength ? -1 : length;
    }

    /// <summary>Reads a whole message.</summary>
    /// <returns>Null when it breaks the rules, or is not whole.</returns>
    public static DBusMessage? Read(ReadOnlyMemory<byte> bytes)
    {
        ReadOnlySpan<byte> span = bytes.Span;
        if (LengthOf(span) is not (> 0 and var length) || span.Length < length) return null;
        int fields = (int)BinaryPrimitives.ReadUInt32LittleEndian(span[12..]), body = FixedLength + ((fields + 7) & ~7);
        var message = new DBusMessage { Type = (DBusMessageType)span[1], Body = bytes[body..length] };
        var reader = new DBusReader(span[..(FixedLength + fields)]) { At = FixedLength };
        while (reader.At < FixedLength + fields && !reader.IsBroken)
        {
            reader.Align(8);
            byte field = reader.Byte();
            switch (reader.Signature())
            {
                case "s" or "o": message.Set(field, reader.String()); break;
                case "u": message.Set(field, reader.UInt32()); break;
                case "g": message.Set(field, reader.Signature()); break;
                default: return null;
            }
        }

        return reader.IsBroken ? null : message;
    }

    private void Set(byte field, string text)
    {
        if (field == Path) PathText = text;
        if (field == Member) MemberName = text;
        if (field == ErrorName) Error = text;
        if (field == SenderField) Sender = text;
        if (field == SignatureField) Signature = text;
    }

    private void Set(byte field, uint number)
    {
        if (field == ReplySerial) ReplyTo = number;
    }
}

/// <summary>Writes D-Bus values, little-endian, each at its own alignment.</summary>
internal sealed class DBusWriter
{
    private readonly List<byte> _bytes = [];

    public int Count => _bytes.Count;

    public byte[] ToArray() => [.. _bytes];

    public DBusWriter Align(int to)
    {
        while (_bytes.Count % to != 0) _bytes.Add(0);
        return this;
    }

    public DBusWriter Byte(byte value)
    {
        _bytes.Add(value);
        return this;
    }

    public DBusWriter Bytes(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public DBusWriter UInt32(uint value)
    {
        Align(4);
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return Bytes(bytes);
    }

    public DBusWriter Int32(int value) => UInt32((uint)value);

    public DBusWriter String(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        return UInt32((uint)utf8.Length).Bytes(utf8).Byte(0);
    }

    public DBusWriter Signature(string text) => Byte((byte)text.Length).Bytes(Encoding.ASCII.GetBytes(text)).Byte(0);

    public void SetUInt32(int at, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        for (int i = 0; i < 4; i++) _bytes[at + i] = bytes[i];
    }
}

/// <summary>Reads D-Bus values. What is not there reads as nothing, and <see cref="IsBroken"/> says so.</summary>
internal ref struct DBusReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    public int At { get; set; }

    public bool IsBroken { get; private set; }

    public void Align(int to) => Take(-At & (to - 1));

    public byte Byte() => Take(1) is [var value] ? value : (byte)0;

    public uint UInt32()
    {
        Align(4);
        return Take(4) is { Length: 4 } value ? BinaryPrimitives.ReadUInt32LittleEndian(value) : 0;
    }

    public int Int32() => (int)UInt32();

    public ushort UInt16()
    {
        Align(2);
        return Take(2) is { Length: 2 } value ? BinaryPrimitives.ReadUInt16LittleEndian(value) : (ushort)0;
    }

    /// <summary>Bytes with their length before them: "ay".</summary>
    public ReadOnlySpan<byte> Array()
    {
        uint length = UInt32();
        return Take(length > DBusMessage.MaxLength ? int.MaxValue : (int)length);
    }

    public string String()
    {
        string text = Encoding.UTF8.GetString(Array());
        Take(1);
        return text;
    }

    public string Signature()
    {
        string text = Encoding.ASCII.GetString(Take(Byte()));
        Take(1);
        return text;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        IsBroken |= count > _bytes.Length - At;
        if (IsBroken) return default;
        ReadOnlySpan<byte> taken = _bytes.Slice(At, count);
        At += count;
        return taken;
    }
}
