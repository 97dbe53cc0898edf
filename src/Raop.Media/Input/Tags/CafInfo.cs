using System.Buffers.Binary;

namespace Raop.Media.Input.Tags;

/// <summary>Tags of CAF files: chunk 'info', a count, then keys and values that end in zeros.</summary>
/// <remarks>Apple, Core Audio Format Specification 1.0, "Information Chunk"; ffmpeg writes its own names into it.</remarks>
internal static class CafInfo
{
    private const int MaxChunks = 1000, MaxSize = 1024 * 1024, MaxTexts = 1000, FileHeaderSize = 8, ChunkHeaderSize = 12;

    /// <summary>Reads the tags of a file that can seek. The reader stands anywhere afterwards.</summary>
    public static async ValueTask ReadAsync(InputReader reader, TagBuilder tags, CancellationToken cancellationToken)
    {
        long at = reader.Position + FileHeaderSize, length = reader.Length!.Value;
        for (int chunks = 0; chunks < MaxChunks && length - at >= ChunkHeaderSize; chunks++)
        {
            await reader.SeekAsync(at, cancellationToken).ConfigureAwait(false);
            if (await reader.EnsureAsync(ChunkHeaderSize, cancellationToken).ConfigureAwait(false) < ChunkHeaderSize) return;
            bool isInfo = reader.Available.StartsWith("info"u8);
            long size = BinaryPrimitives.ReadInt64BigEndian(reader.Available[4..]);
            at += ChunkHeaderSize;
            if (size < 0 || size > length - at) return;
            if (isInfo && size <= MaxSize)
            {
                reader.Advance(ChunkHeaderSize);
                if (await reader.TakeAsync((int)size, cancellationToken).ConfigureAwait(false) is { } info) Parse(info, tags);
                return;
            }

            at += size;
        }
    }

    public static void Parse(ReadOnlySpan<byte> info, TagBuilder tags)
    {
        if (info.Length < 4) return;
        uint count = Math.Min(BinaryPrimitives.ReadUInt32BigEndian(info), MaxTexts);
        info = info[4..];
        for (; count > 0 && !info.IsEmpty; count--)
        {
            string key = Text.Decode(Id3Text.TakeText(ref info, isWide: false));
            ReadOnlySpan<byte> value = Id3Text.TakeText(ref info, isWide: false);
            if (FieldOf(key.ToLowerInvariant()) is { } field) tags.Add(field, Text.Decode(value));
        }
    }

    private static TagField? FieldOf(string key) => key switch
    {
        "title" => TagField.Title,
        "artist" => TagField.Artist,
        "album" => TagField.Album,
        "album_artist" or "album artist" => TagField.AlbumArtist,
        "composer" => TagField.Composer,
        "genre" => TagField.Genre,
        "year" or "date" or "recorded date" => TagField.Date,
        "track number" or "track" => TagField.Track,
        "disc" => TagField.Disc,
        _ => null,
    };
}
