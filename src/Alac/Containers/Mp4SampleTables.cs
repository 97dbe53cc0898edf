using System.Buffers.Binary;

namespace Alac.Containers;

/// <summary>Reads the tables of an MP4 track: sizes (stsz, stz2), times (stts), chunks (stsc, stco, co64).</summary>
internal static class Mp4SampleTables
{
    private const int CountOffset = 4, TableOffset = 8, SizeCountOffset = 8, SizeTableOffset = 12;

    public static PacketTable Parse(ReadOnlySpan<byte> tables, AlacConfig config, long fileLength)
    {
        ReadOnlySpan<byte> compact = BoxReader.Find(tables, "stz2"u8);
        ReadOnlySpan<byte> sizes = compact.IsEmpty ? BoxReader.Require(tables, "stsz"u8, SizeTableOffset) : compact;
        if (sizes.Length < SizeTableOffset) throw AlacException.Corrupt("Box 'stz2' is too short.");
        int bits = compact.IsEmpty ? 32 : compact[7];
        uint commonSize = compact.IsEmpty ? BinaryPrimitives.ReadUInt32BigEndian(sizes[4..]) : 0;
        uint count = BinaryPrimitives.ReadUInt32BigEndian(sizes[SizeCountOffset..]);
        if (bits is not (4 or 8 or 16 or 32)) throw AlacException.Corrupt($"Packet sizes of {bits} bits do not exist.");
        if (count > PacketTable.MaxPackets) throw AlacException.Unsupported($"The file has {count} packets; {PacketTable.MaxPackets} are supported.");
        if (commonSize == 0 && ((long)count * bits + 7) / 8 > sizes.Length - SizeTableOffset) throw AlacException.Corrupt("The table of packet sizes is cut off.");
        if (commonSize != 0 && (long)count * commonSize > fileLength) throw AlacException.Truncated($"the {count} packets of {commonSize} bytes");

        var table = new PacketTable(config, fileLength, (int)count);
        PlacePackets(table, tables, sizes[SizeTableOffset..], commonSize, bits);
        SetFrames(table, BoxReader.Require(tables, "stts"u8, TableOffset));
        return table;
    }

    private static void PlacePackets(PacketTable table, ReadOnlySpan<byte> tables, ReadOnlySpan<byte> sizes, uint commonSize, int bits)
    {
        ReadOnlySpan<byte> large = BoxReader.Find(tables, "co64"u8);
        int width = large.IsEmpty ? 4 : 8;
        ReadOnlySpan<byte> chunks = Rows(large.IsEmpty ? BoxReader.Require(tables, "stco"u8, TableOffset) : large, width);
        ReadOnlySpan<byte> runs = Rows(BoxReader.Require(tables, "stsc"u8, TableOffset), 12);
        int packet = 0, chunkCount = chunks.Length / width;
        for (int chunk = 0; chunk < chunkCount && packet < table.Count; chunk++)
        {
            // A run: first chunk (from 1), packets in each chunk, sample entry. It holds until the next begins.
            while (runs.Length >= 24 && BinaryPrimitives.ReadUInt32BigEndian(runs[12..]) <= chunk + 1) runs = runs[12..];
            if (runs.IsEmpty || BinaryPrimitives.ReadUInt32BigEndian(runs) > chunk + 1) throw AlacException.Corrupt($"Chunk {chunk} has no packets.");
            uint packets = BinaryPrimitives.ReadUInt32BigEndian(runs[4..]);
            if (packets == 0 || BinaryPrimitives.ReadUInt32BigEndian(runs[8..]) != 1) throw AlacException.Corrupt($"Chunk {chunk} has no packets of the first kind.");
            long offset = width == 4 ? BinaryPrimitives.ReadUInt32BigEndian(chunks[(chunk * 4)..]) : BinaryPrimitives.ReadInt64BigEndian(chunks[(chunk * 8)..]);
            for (; packets > 0 && packet < table.Count; packets--, packet++)
            {
                uint size = commonSize != 0 ? commonSize : ReadSize(sizes, packet, bits);
                table.Place(packet, offset, size);
                offset += size;
            }
        }

        if (packet < table.Count) throw AlacException.Corrupt($"The chunks hold {packet} of {table.Count} packets.");
    }

    private static void SetFrames(PacketTable table, ReadOnlySpan<byte> times)
    {
        int packet = 0;
        for (ReadOnlySpan<byte> rows = Rows(times, 8); !rows.IsEmpty && packet < table.Count; rows = rows[8..])
        {
            uint count = BinaryPrimitives.ReadUInt32BigEndian(rows), frames = BinaryPrimitives.ReadUInt32BigEndian(rows[4..]);
            for (; count > 0 && packet < table.Count; count--) table.SetFrames(packet++, frames);
        }

        if (packet < table.Count) throw AlacException.Corrupt($"The table of times covers {packet} of {table.Count} packets.");
    }

    private static uint ReadSize(ReadOnlySpan<byte> sizes, int packet, int bits) => bits switch
    {
        4 => (uint)(sizes[packet / 2] >> (packet % 2 == 0 ? 4 : 0)) & 0x0f,
        8 => sizes[packet],
        16 => BinaryPrimitives.ReadUInt16BigEndian(sizes[(packet * 2)..]),
        _ => BinaryPrimitives.ReadUInt32BigEndian(sizes[(packet * 4)..]),
    };

    /// <summary>The rows of a table: version and flags, count, rows.</summary>
    private static ReadOnlySpan<byte> Rows(ReadOnlySpan<byte> box, int width)
    {
        if (box.Length < TableOffset) throw AlacException.Corrupt("A table of the index is too short.");
        uint count = BinaryPrimitives.ReadUInt32BigEndian(box[CountOffset..]);
        if (count > (box.Length - TableOffset) / width) throw AlacException.Corrupt("A table of the index is longer than its box.");
        return box.Slice(TableOffset, (int)count * width);
    }
}
