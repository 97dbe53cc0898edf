using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Raop.Discovery;

/// <summary>
/// A domain name: labels of 1 to 63 bytes, 255 in all on the wire. Immutable. Two names are equal if they differ in the case of ASCII letters
/// alone (RFC 6762 section 16); the bytes stay as they were written.
/// </summary>
internal sealed class DnsName : IEquatable<DnsName>
{
    public const int MaxLabel = 63;

    /// <summary>On the wire, with the length bytes and the empty label at the end.</summary>
    public const int MaxLength = 255;

    private const byte PointerBits = 0xC0;

    /// <summary>In one name: each but the last leads to another label, of which there are 127 at most.</summary>
    private const int MaxPointers = 127;

    private readonly byte[] _wire;
    private readonly int _hash;

    private DnsName(byte[] wire)
    {
        _wire = wire;
        var hash = new HashCode();
        foreach (byte b in wire) hash.Add(Lower(b));
        _hash = hash.ToHashCode();
    }

    /// <summary>The name without labels.</summary>
    public static DnsName Root { get; } = new([0]);

    /// <summary>Length bytes and labels, uncompressed, with the empty label at the end.</summary>
    public ReadOnlySpan<byte> Wire => _wire;

    public bool IsRoot => _wire.Length == 1;

    public int LabelCount
    {
        get
        {
            int count = 0;
            for (int i = 0; _wire[i] != 0; i += _wire[i] + 1) count++;
            return count;
        }
    }

    /// <summary>Text of the first label, unescaped: the instance of a service; empty for the root. Bytes that are not UTF-8 become U+FFFD.</summary>
    public string FirstLabel => Encoding.UTF8.GetString(_wire.AsSpan(1, _wire[0]));

    /// <summary>The name without its first label; the root has itself.</summary>
    public DnsName Parent => IsRoot ? this : new DnsName(_wire[(_wire[0] + 1)..]);

    public static bool operator ==(DnsName? a, DnsName? b) => a is null ? b is null : a.Equals(b);

    public static bool operator !=(DnsName? a, DnsName? b) => !(a == b);

    /// <summary>Makes a name of text as people write it: labels between dots, <c>\.</c> and <c>\\</c> for the characters, <c>\065</c> for a byte.</summary>
    /// <exception cref="FormatException">It is no name.</exception>
    public static DnsName Parse(string text) => TryParse(text, out DnsName? name) ? name : throw new FormatException($"'{text}' is no domain name.");

    /// <summary>As <see cref="Parse"/>, without the exception. A dot at the end changes nothing.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out DnsName? name)
    {
        name = null;
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        var wire = new ArrayBufferWriter<byte>(bytes.Length + 2);
        Span<byte> label = stackalloc byte[MaxLabel];
        int length = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            byte b = bytes[i];
            if (b == '.')
            {
                if (length == 0) return bytes.Length == 1 && (name = Root) is not null;
                Append(wire, label[..length]);
                length = 0;
                continue;
            }

            if (b == '\\' && !TryUnescape(bytes, ref i, out b)) return false;
            if (length == MaxLabel) return false;
            label[length++] = b;
        }

        if (length > 0) Append(wire, label[..length]);
        if (wire.WrittenCount + 1 > MaxLength) return false;
        name = new DnsName([.. wire.WrittenSpan, 0]);
        return true;
    }

    /// <summary>Reads a name of a message, following its compression pointers, which may only point back (RFC 1035 section 4.1.4).</summary>
    /// <param name="message">The message from its first byte.</param>
    /// <param name="offset">Where the name begins; afterwards, what follows it.</param>
    /// <param name="name">The name.</param>
    public static bool TryRead(ReadOnlySpan<byte> message, ref int offset, [NotNullWhen(true)] out DnsName? name)
    {
        name = null;
        Span<byte> wire = stackalloc byte[MaxLength];
        int length = 0, at = offset, lowest = offset, after = -1, pointers = 0;
        while (true)
        {
            if ((uint)at >= (uint)message.Length) return false;
            byte first = message[at];
            if ((first & PointerBits) == PointerBits)
            {
                if (at + 1 >= message.Length) return false;
                int target = ((first & ~PointerBits) << 8) | message[at + 1];
                if (target >= lowest || ++pointers > MaxPointers) return false; // forward, to itself, round and round, or from pointer to pointer
                if (after < 0) after = at + 2;
                at = lowest = target;
                continue;
            }

            if (first > MaxLabel || at + 1 + first > message.Length || length + 1 + first > MaxLength - (first == 0 ? 0 : 1)) return false;
            message.Slice(at, first + 1).CopyTo(wire[length..]);
            length += first + 1;
            at += first + 1;
            if (first == 0) break;
        }

        offset = after < 0 ? at : after;
        name = new DnsName(wire[..length].ToArray());
        return true;
    }

    /// <summary>This name with a label before it.</summary>
    /// <param name="label">Text as it is, not escaped; 1 to 63 bytes of UTF-8.</param>
    /// <exception cref="ArgumentException">The label or the name is empty or too long.</exception>
    public DnsName Prepend(string label)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(label);
        if (bytes.Length is 0 or > MaxLabel) throw new ArgumentException($"A label has 1 to {MaxLabel} bytes.", nameof(label));
        if (bytes.Length + 1 + _wire.Length > MaxLength) throw new ArgumentException($"A name has {MaxLength} bytes at most.", nameof(label));
        return new DnsName([(byte)bytes.Length, .. bytes, .. _wire]);
    }

    /// <summary>Whether it is the other name or lies below it.</summary>
    public bool EndsWith(DnsName suffix)
    {
        int i = 0;
        while (_wire.Length - i > suffix._wire.Length) i += _wire[i] + 1;
        return Same(_wire.AsSpan(i), suffix._wire);
    }

    public bool Equals(DnsName? other) => other is not null && _hash == other._hash && Same(_wire, other._wire);

    public override bool Equals(object? obj) => Equals(obj as DnsName);

    public override int GetHashCode() => _hash;

    /// <summary>Text that <see cref="Parse"/> reads back, without a dot at the end; control characters and bytes that are not UTF-8 as \DDD.</summary>
    public override string ToString()
    {
        if (IsRoot) return ".";
        var text = new StringBuilder(_wire.Length);
        for (int i = 0; _wire[i] != 0; i += _wire[i] + 1)
        {
            if (i > 0) text.Append('.');
            AppendEscaped(text, _wire.AsSpan(i + 1, _wire[i]));
        }

        return text.ToString();
    }

    private static void AppendEscaped(StringBuilder text, ReadOnlySpan<byte> label)
    {
        while (!label.IsEmpty)
        {
            OperationStatus status = Rune.DecodeFromUtf8(label, out Rune rune, out int used);
            if (status != OperationStatus.Done || Rune.IsControl(rune))
            {
                foreach (byte b in label[..used]) text.Append($"\\{b:D3}");
            }
            else
            {
                if (rune.Value is '.' or '\\') text.Append('\\');
                text.Append(rune.ToString());
            }

            label = label[used..];
        }
    }

    private static void Append(ArrayBufferWriter<byte> wire, ReadOnlySpan<byte> label)
    {
        wire.Write([(byte)label.Length]);
        wire.Write(label);
    }

    private static bool TryUnescape(byte[] bytes, ref int i, out byte b)
    {
        b = 0;
        if (++i >= bytes.Length) return false;
        if (!char.IsAsciiDigit((char)bytes[i]))
        {
            b = bytes[i];
            return true;
        }

        if (i + 2 >= bytes.Length || !char.IsAsciiDigit((char)bytes[i + 1]) || !char.IsAsciiDigit((char)bytes[i + 2])) return false;
        int value = ((bytes[i] - '0') * 100) + ((bytes[i + 1] - '0') * 10) + bytes[i + 2] - '0';
        i += 2;
        b = (byte)value;
        return value <= byte.MaxValue;
    }

    /// <summary>Length bytes are below the letters, so that all may be compared alike.</summary>
    private static bool Same(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        if (a.Length != b.Length) return false;
        for (int i = 0; i < a.Length; i++)
        {
            if (Lower(a[i]) != Lower(b[i])) return false;
        }

        return true;
    }

    private static byte Lower(byte b) => b is >= (byte)'A' and <= (byte)'Z' ? (byte)(b | 0x20) : b;
}
