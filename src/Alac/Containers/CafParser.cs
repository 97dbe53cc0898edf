using System.Buffers.Binary;

namespace Alac.Containers;

/// <summary>Reads the chunks of a Core Audio Format file: 4 bytes type, 8 bytes size, body (Apple's CAF specification 1.0).</summary>
internal sealed class CafParser
{
    private const int FileHeaderSize = 8, ChunkHeaderSize = 12, DescriptionSize = 32, EditCountSize = 4, PacketHeaderSize = 24;
    private const int MaxChunkSize = 1 << 26, MaxChunks = 10_000;
    private byte[]? _description, _cookie, _packets, _info;
    private long _dataStart = -1, _dataEnd;

    public static PacketTable Parse(Stream stream)
    {
        var parser = new CafParser();
        parser.ReadChunks(stream);
        return parser.Build(stream);
    }

    private void ReadChunks(Stream stream)
    {
        Span<byte> header = stackalloc byte[ChunkHeaderSize];
        long length = stream.Length;
        int chunks = 0;
        for (long at = FileHeaderSize; at < length;)
        {
            if (chunks++ == MaxChunks) throw AlacException.Unsupported($"The file has more than {MaxChunks} chunks.");
            stream.Position = at;
            if (stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length) throw AlacException.Truncated("a chunk's header");
            ReadOnlySpan<byte> type = header[..4];
            long size = BinaryPrimitives.ReadInt64BigEndian(header[4..]);
            at += ChunkHeaderSize;
            bool isData = type.SequenceEqual("data"u8);
            if (isData && size == -1) size = length - at; // not known when it was written: to the end
            if (size < 0) throw AlacException.Corrupt($"Chunk '{BoxReader.Name(type)}' has {size} bytes.");
            if (size > length - at) throw AlacException.Truncated($"chunk '{BoxReader.Name(type)}'");
            if (isData) (_dataStart, _dataEnd) = (at + EditCountSize, at + size);
            else if (type.SequenceEqual("desc"u8)) _description ??= Read(stream, size);
            else if (type.SequenceEqual("kuki"u8)) _cookie ??= Read(stream, size);
            else if (type.SequenceEqual("pakt"u8)) _packets ??= Read(stream, size);
            else if (type.SequenceEqual("info"u8)) _info ??= Read(stream, size);
            at += size;
        }
    }

    private static byte[] Read(Stream stream, long size)
    {
        if (size > MaxChunkSize) throw AlacException.Unsupported($"A chunk has {size} bytes; {MaxChunkSize} are supported.");
        byte[] body = new byte[size];
        stream.ReadExactly(body);
        return body;
    }

    private PacketTable Build(Stream stream)
    {
        if (_description is null) throw AlacException.Truncated("the file's head: chunk 'desc' is missing");
        if (_description.Length < DescriptionSize) throw AlacException.Corrupt("Chunk 'desc' is too short.");
        ReadOnlySpan<byte> format = _description.AsSpan(8, 4);
        if (!format.SequenceEqual("alac"u8)) throw new AlacException(AlacError.NotAlac, $"The file holds '{BoxReader.Name(format)}', not ALAC.");
        if (_cookie is null) throw AlacException.Truncated("the file's head: chunk 'kuki' is missing");
        if (_dataStart < 0 || _packets is null) throw AlacException.Truncated("the file: chunk 'data' or 'pakt' is missing");
        if (_packets.Length < PacketHeaderSize) throw AlacException.Corrupt("Chunk 'pakt' is too short.");
        AlacConfig config = PacketTable.ParseCookie(_cookie);

        uint bytesPerPacket = BinaryPrimitives.ReadUInt32BigEndian(_description.AsSpan(16));
        uint framesPerPacket = BinaryPrimitives.ReadUInt32BigEndian(_description.AsSpan(20));
        long count = BinaryPrimitives.ReadInt64BigEndian(_packets);
        long valid = BinaryPrimitives.ReadInt64BigEndian(_packets.AsSpan(8));
        int priming = BinaryPrimitives.ReadInt32BigEndian(_packets.AsSpan(16));
        int columns = (bytesPerPacket == 0 ? 1 : 0) + (framesPerPacket == 0 ? 1 : 0);
        if (count < 0 || (columns > 0 && count > (_packets.Length - PacketHeaderSize) / columns))
        {
            throw AlacException.Corrupt($"Chunk 'pakt' is too short for {count} packets.");
        }

        if (count > PacketTable.MaxPackets) throw AlacException.Unsupported($"The file has {count} packets; {PacketTable.MaxPackets} are supported.");
        if (bytesPerPacket > 0 && count > (_dataEnd - _dataStart) / bytesPerPacket) throw AlacException.Truncated("chunk 'data'");
        if (framesPerPacket > (uint)config.FrameLength) throw AlacException.Corrupt($"Packets of {framesPerPacket} frames do not fit the cookie's {config.FrameLength}.");
        var table = new PacketTable(config, _dataEnd, (int)count);
        FillTable(table, bytesPerPacket, framesPerPacket);
        if (framesPerPacket != 0 && count > 0) CorrectLastPacket(table, stream);
        Trim(table, valid, priming, nominal: Math.Max(table.Frames, count * framesPerPacket));
        table.Tags = CafTags.Parse(_info);
        return table;
    }

    private void FillTable(PacketTable table, uint bytesPerPacket, uint framesPerPacket)
    {
        ReadOnlySpan<byte> numbers = _packets.AsSpan(PacketHeaderSize);
        long offset = _dataStart;
        for (int i = 0; i < table.Count; i++)
        {
            uint size = bytesPerPacket != 0 ? bytesPerPacket : ReadNumber(ref numbers);
            uint frames = framesPerPacket != 0 ? framesPerPacket : ReadNumber(ref numbers);
            table.Place(i, offset, size);
            table.SetFrames(i, frames);
            offset += size;
        }
    }

    /// <summary>The last packet itself says how short it is; the chunk's count of missing frames is not filled in by every writer.</summary>
    private static void CorrectLastPacket(PacketTable table, Stream stream)
    {
        int last = table.Count - 1;
        Span<byte> start = stackalloc byte[Math.Min(table.Size(last), AlacDecoder.LongestHeader)];
        stream.Position = table.Offset(last);
        stream.ReadExactly(start);
        if (AlacDecoder.PeekFrames(start) is int frames && frames <= table.Config.FrameLength) table.SetFrames(last, frames);
    }

    /// <param name="table">The packets.</param>
    /// <param name="valid">Frames to be heard.</param>
    /// <param name="priming">Frames before them.</param>
    /// <param name="nominal">Frames there would be if every packet were full: what some writers call valid.</param>
    private static void Trim(PacketTable table, long valid, int priming, long nominal)
    {
        if (priming < 0 || valid < 0 || priming > table.Frames || valid > nominal - priming)
        {
            throw AlacException.Corrupt($"Chunk 'pakt' names {valid} frames after {priming}; the packets hold {table.Frames}.");
        }

        (table.LeadIn, table.Length) = (priming, Math.Min(valid, table.Frames - priming));
    }

    /// <summary>Reads a number of seven bits a byte, the most significant first; the top bit says that more follow.</summary>
    private static uint ReadNumber(ref ReadOnlySpan<byte> numbers)
    {
        ulong value = 0;
        for (int i = 0; i < 5 && i < numbers.Length; i++)
        {
            value = value << 7 | (numbers[i] & 0x7fu);
            if ((numbers[i] & 0x80) != 0) continue;
            numbers = numbers[(i + 1)..];
            return (uint)Math.Min(value, uint.MaxValue);
        }

        throw AlacException.Corrupt("Chunk 'pakt' is too short for its packets.");
    }
}
