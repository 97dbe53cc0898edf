using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Raop.Discovery;

/// <summary>Reads a message from its first byte to its last record.</summary>
internal ref struct DnsReader(ReadOnlySpan<byte> message)
{
    private const ushort TopBit = 0x8000; // of a class: QU in questions, cache-flush in records
    private const int MaxWindow = 32;

    private readonly ReadOnlySpan<byte> _message = message;
    private int _at;

    public bool TryReadMessage([NotNullWhen(true)] out DnsMessage? message)
    {
        message = null;
        if (_message.Length < DnsMessage.HeaderSize) return false;
        int questions = Count(4), answers = Count(6), authorities = Count(8), additionals = Count(10);
        if (questions + answers + authorities + additionals > DnsMessage.MaxEntries) return false;
        _at = DnsMessage.HeaderSize;
        if (!TryReadQuestions(questions, out DnsQuestion[]? asked) || !TryReadRecords(answers, out DnsRecord[]? answered)
            || !TryReadRecords(authorities, out DnsRecord[]? proposed) || !TryReadRecords(additionals, out DnsRecord[]? added)) return false;
        message = new DnsMessage
        {
            Id = BinaryPrimitives.ReadUInt16BigEndian(_message), Flags = BinaryPrimitives.ReadUInt16BigEndian(_message[2..]),
            Questions = asked, Answers = answered, Authorities = proposed, Additionals = added,
        };
        return true;
    }

    private readonly int Count(int offset) => BinaryPrimitives.ReadUInt16BigEndian(_message[offset..]);

    private bool TryReadQuestions(int count, [NotNullWhen(true)] out DnsQuestion[]? questions)
    {
        questions = null;
        var read = new DnsQuestion[count];
        for (int i = 0; i < count; i++)
        {
            if (!DnsName.TryRead(_message, ref _at, out DnsName? name) || !TryReadUInt16(out ushort type) || !TryReadUInt16(out ushort kind)) return false;
            read[i] = new DnsQuestion(name, (DnsType)type, (kind & TopBit) != 0, (ushort)(kind & ~TopBit));
        }

        questions = read;
        return true;
    }

    private bool TryReadRecords(int count, [NotNullWhen(true)] out DnsRecord[]? records)
    {
        records = null;
        var read = new DnsRecord[count];
        for (int i = 0; i < count; i++)
        {
            if (!DnsName.TryRead(_message, ref _at, out DnsName? name) || !TryReadUInt16(out ushort type) || !TryReadUInt16(out ushort kind)
                || !TryReadUInt16(out ushort ttlHigh) || !TryReadUInt16(out ushort ttlLow) || !TryReadUInt16(out ushort length)
                || length > _message.Length - _at || !TryReadData((DnsType)type, _at + length, out DnsData? data)) return false;
            _at += length;
            read[i] = new DnsRecord(name, (DnsType)type, ((uint)ttlHigh << 16) | ttlLow, data, (kind & TopBit) != 0, (ushort)(kind & ~TopBit));
        }

        records = read;
        return true;
    }

    private readonly bool TryReadData(DnsType type, int end, [NotNullWhen(true)] out DnsData? data)
    {
        ReadOnlySpan<byte> bytes = _message[_at..end];
        data = type switch
        {
            DnsType.A => bytes.Length == 4 ? new DnsAddress(new IPAddress(bytes)) : null,
            DnsType.Aaaa => bytes.Length == 16 ? new DnsAddress(new IPAddress(bytes)) : null,
            DnsType.Ptr => TryReadName(_at, end, out DnsName? target) ? new DnsPointer(target) : null,
            DnsType.Srv => bytes.Length > 6 && TryReadName(_at + 6, end, out DnsName? host)
                ? new DnsService(
                    host, BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]),
                    BinaryPrimitives.ReadUInt16BigEndian(bytes), BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]))
                : null,
            DnsType.Txt => new DnsText(bytes.ToArray()),
            DnsType.Nsec => ReadNsec(end),
            _ => new DnsRaw(bytes.ToArray()),
        };
        return data is not null;
    }

    /// <summary>A name that ends where the data ends, wherever its pointers lead.</summary>
    private readonly bool TryReadName(int start, int end, [NotNullWhen(true)] out DnsName? name)
    {
        int at = start;
        return DnsName.TryRead(_message[..end], ref at, out name) && at == end;
    }

    private readonly DnsNsec? ReadNsec(int end)
    {
        int at = _at;
        if (!DnsName.TryRead(_message[..end], ref at, out DnsName? next)) return null;
        var types = new List<DnsType>();
        for (int window = -1; at < end;)
        {
            if (at + 2 > end || _message[at] <= window) return null;
            window = _message[at];
            int length = _message[at + 1];
            at += 2;
            if (length is 0 or > MaxWindow || at + length > end) return null;
            for (int bit = 0; window == 0 && bit < length * 8; bit++)
            {
                if ((_message[at + (bit / 8)] & (0x80 >> (bit % 8))) != 0) types.Add((DnsType)bit);
            }

            at += length;
        }

        return new DnsNsec(next, types);
    }

    private bool TryReadUInt16(out ushort value)
    {
        value = 0;
        if (_message.Length - _at < 2) return false;
        value = BinaryPrimitives.ReadUInt16BigEndian(_message[_at..]);
        _at += 2;
        return true;
    }
}
