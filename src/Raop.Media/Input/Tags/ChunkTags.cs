using System.Buffers.Binary;

namespace Raop.Media.Input.Tags;

/// <summary>Tags in the chunks of WAV and AIFF, before the samples or after them.</summary>
/// <remarks>RIFF: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0", INFO list; ID3v2 in a chunk of its own is everybody's custom.</remarks>
internal static class ChunkTags
{
    private const int MaxChunks = 1000, MaxText = 1024 * 1024, FileHeaderSize = 12, ChunkHeaderSize = 8;
    private const uint List = 0x4C495354, Id3Lower = 0x69643320, Id3Upper = 0x49443320, Name = 0x4E414D45, Author = 0x41555448, Data = 0x64617461, Size64 = 0x64733634;

    /// <summary>Reads all chunks of a file that can seek. The reader stands anywhere afterwards.</summary>
    public static async ValueTask ReadAsync(InputReader reader, bool isBigEndian, TagBuilder tags, CancellationToken cancellationToken)
    {
        long at = reader.Position + FileHeaderSize, length = reader.Length!.Value, dataSize = uint.MaxValue;
        for (int chunks = 0; chunks < MaxChunks && length - at >= ChunkHeaderSize; chunks++)
        {
            await reader.SeekAsync(at, cancellationToken).ConfigureAwait(false);
            int available = await reader.EnsureAsync(ChunkHeaderSize + 16, cancellationToken).ConfigureAwait(false);
            if (available < ChunkHeaderSize) return;
            (uint id, uint said) = Header(reader.Available, isBigEndian);
            if (id == Size64 && available >= ChunkHeaderSize + 16) dataSize = BinaryPrimitives.ReadInt64LittleEndian(reader.Available[16..]);
            reader.Advance(ChunkHeaderSize);
            await TakeAsync(reader, id, said, tags, cancellationToken).ConfigureAwait(false);
            long size = id == Data && said == uint.MaxValue ? dataSize : said;
            if (size < 0 || size > length) return;
            at += ChunkHeaderSize + size + (size & 1);
        }
    }

    /// <summary>Takes a chunk if it is one with tags. The reader stands after its header.</summary>
    /// <returns>Bytes that the reader moved on: all of it or none; also none where the stream ends inside it.</returns>
    public static async ValueTask<int> TakeAsync(InputReader reader, uint id, uint size, TagBuilder tags, CancellationToken cancellationToken)
    {
        bool isWanted = id switch
        {
            List or Name or Author => size <= MaxText,
            Id3Lower or Id3Upper => size <= Id3v2.MaxSize,
            _ => false,
        };
        if (!isWanted || await reader.TakeAsync((int)size, cancellationToken).ConfigureAwait(false) is not { } chunk) return 0;
        switch (id)
        {
            case List:
                ParseInfo(chunk, tags);
                break;
            case Name:
                tags.Add(TagField.Title, Text.Decode(chunk));
                break;
            case Author:
                tags.Add(TagField.Artist, Text.Decode(chunk));
                break;
            default:
                Id3v2.Parse(chunk, tags);
                break;
        }

        return chunk.Length;
    }

    private static (uint Id, uint Size) Header(ReadOnlySpan<byte> header, bool isBigEndian) => (
        BinaryPrimitives.ReadUInt32BigEndian(header),
        isBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(header[4..]) : BinaryPrimitives.ReadUInt32LittleEndian(header[4..]));

    /// <summary>A list of type INFO; texts end at a zero byte and have an even length.</summary>
    private static void ParseInfo(ReadOnlySpan<byte> list, TagBuilder tags)
    {
        if (!list.StartsWith("INFO"u8)) return;
        list = list[4..];
        while (list.Length >= ChunkHeaderSize)
        {
            (uint id, uint said) = Header(list, isBigEndian: false);
            int size = (int)Math.Min(said, (uint)(list.Length - ChunkHeaderSize));
            if (FieldOf(id) is { } field) tags.Add(field, Text.Decode(list.Slice(ChunkHeaderSize, size)));
            list = list[Math.Min(ChunkHeaderSize + size + (size & 1), list.Length)..];
        }
    }

    private static TagField? FieldOf(uint id) => id switch
    {
        0x494E414D => TagField.Title, // INAM
        0x49415254 => TagField.Artist, // IART
        0x49505244 => TagField.Album, // IPRD
        0x49474E52 => TagField.Genre, // IGNR
        0x49435244 => TagField.Date, // ICRD
        0x49505254 or 0x4954524B => TagField.Track, // IPRT, ITRK
        _ => null,
    };
}
