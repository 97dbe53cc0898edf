using System.Buffers.Binary;

namespace Raop.Discovery;

/// <summary>Sections of records, in their order.</summary>
internal enum DnsSection
{
    Answer,
    Authority,
    Additional,
}

/// <summary>Writes a message piece by piece: questions, answers, authorities, additional records. What does not fit is left out whole.</summary>
/// <param name="capacity">Most bytes of a message.</param>
/// <param name="compresses">Whether names are; those in SRV as well, as only multicast DNS may (RFC 6762 section 18.14).</param>
internal sealed class DnsWriter(int capacity, bool compresses = true)
{
    private const ushort TopBit = 0x8000;
    private const int MaxPointer = 0x3FFF, QuestionCount = 4, AnswerCount = 6, FlagsAt = 2;
    private const ushort TruncatedBit = 0x0200;

    private readonly byte[] _buffer = new byte[capacity];
    private readonly List<int> _labels = []; // where one begins that a pointer may lead to
    private int _at;
    private bool _fits;

    /// <summary>The message so far.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _at);

    /// <summary>Whether there is nothing but the header.</summary>
    public bool IsEmpty => _at <= DnsMessage.HeaderSize;

    /// <summary>Begins anew.</summary>
    public void Begin(ushort id, ushort flags)
    {
        _labels.Clear();
        _buffer.AsSpan(0, DnsMessage.HeaderSize).Clear();
        BinaryPrimitives.WriteUInt16BigEndian(_buffer, id);
        BinaryPrimitives.WriteUInt16BigEndian(_buffer.AsSpan(FlagsAt), flags);
        _at = DnsMessage.HeaderSize;
    }

    /// <summary>Sets TC.</summary>
    public void MarkTruncated() => _buffer[FlagsAt] |= TruncatedBit >> 8;

    /// <returns>False if it does not fit; the message is as before.</returns>
    public bool TryAdd(DnsQuestion question)
    {
        int before = _at;
        _fits = true;
        Name(question.Name);
        UInt16((ushort)question.Type);
        UInt16((ushort)(question.Class | (question.WantsUnicast ? TopBit : 0)));
        return Keep(before, QuestionCount);
    }

    /// <returns>False if it does not fit; the message is as before.</returns>
    public bool TryAdd(DnsSection section, DnsRecord record)
    {
        int before = _at;
        _fits = true;
        Name(record.Name);
        UInt16((ushort)record.Type);
        UInt16((ushort)(record.Class | (record.IsUnique ? TopBit : 0)));
        UInt16((ushort)(record.Ttl >> 16));
        UInt16((ushort)record.Ttl);
        int length = _at;
        UInt16(0);
        int start = _at;
        Data(record.Data);
        if (_fits) BinaryPrimitives.WriteUInt16BigEndian(_buffer.AsSpan(length), (ushort)(_at - start));
        return Keep(before, AnswerCount + (2 * (int)section));
    }

    /// <summary>The data alone.</summary>
    public byte[] Bytes(DnsData data)
    {
        _at = 0;
        _fits = true;
        Data(data);
        return Written.ToArray();
    }

    private bool Keep(int before, int count)
    {
        if (_fits)
        {
            Span<byte> field = _buffer.AsSpan(count);
            BinaryPrimitives.WriteUInt16BigEndian(field, (ushort)(BinaryPrimitives.ReadUInt16BigEndian(field) + 1));
            return true;
        }

        _at = before;
        _labels.RemoveAll(label => label >= before);
        return false;
    }

    private void Data(DnsData data)
    {
        switch (data)
        {
            case DnsAddress { Address: var address }: Raw(address.GetAddressBytes()); break;
            case DnsPointer { Target: var target }: Name(target); break;
            case DnsText { Strings: var strings }: Raw(strings.Span); break;
            case DnsRaw { Bytes: var bytes }: Raw(bytes.Span); break;
            case DnsService service:
                UInt16((ushort)service.Priority);
                UInt16((ushort)service.Weight);
                UInt16((ushort)service.Port);
                Name(service.Target);
                break;
            case DnsNsec nsec:
                Name(nsec.Next);
                Bits(nsec.Types);
                break;
        }
    }

    private void Bits(IReadOnlyList<DnsType> types)
    {
        if (types.Count == 0) return;
        Span<byte> bits = stackalloc byte[32];
        bits.Clear();
        foreach (DnsType type in types)
        {
            if ((int)type < 256) bits[(int)type / 8] |= (byte)(0x80 >> ((int)type % 8));
        }

        int length = bits.LastIndexOfAnyExcept((byte)0) + 1;
        Raw([0, (byte)length]);
        Raw(bits[..length]);
    }

    private void Name(DnsName name)
    {
        ReadOnlySpan<byte> wire = name.Wire;
        while (wire[0] != 0)
        {
            if (compresses && Find(wire) is >= 0 and var at)
            {
                UInt16((ushort)(at | 0xC000));
                return;
            }

            if (_at <= MaxPointer) _labels.Add(_at);
            Raw(wire[..(wire[0] + 1)]);
            wire = wire[(wire[0] + 1)..];
        }

        Raw([0]);
    }

    /// <summary>Where these very labels stand already: case counts, so that every name is read as it was written.</summary>
    private int Find(ReadOnlySpan<byte> wire)
    {
        foreach (int label in _labels)
        {
            int at = label, i = 0;
            while (true)
            {
                if (at >= _at) break; // the name that is being written
                if (_buffer[at] >= 0xC0)
                {
                    at = BinaryPrimitives.ReadUInt16BigEndian(_buffer.AsSpan(at)) & MaxPointer;
                    continue;
                }

                int length = _buffer[at] + 1;
                if (i + length > wire.Length || !wire.Slice(i, length).SequenceEqual(_buffer.AsSpan(at, length))) break;
                if (length == 1) return label;
                (at, i) = (at + length, i + length);
            }
        }

        return -1;
    }

    private void UInt16(ushort value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
        Raw(bytes);
    }

    private void Raw(ReadOnlySpan<byte> bytes)
    {
        _fits &= bytes.Length <= _buffer.Length - _at;
        if (!_fits) return;
        bytes.CopyTo(_buffer.AsSpan(_at));
        _at += bytes.Length;
    }
}
