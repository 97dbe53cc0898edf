using System.Buffers.Binary;
using System.Text;
using Raop.Metadata;

namespace Raop.Media.Input.Tags;

/// <summary>Tags of MP4 files as iTunes keeps them: moov, udta, meta, ilst, a box an item, in it 'data' boxes. Only what is wanted is read.</summary>
/// <remarks>Boxes: ISO/IEC 14496-12 section 4.2. Items: Apple, QuickTime File Format, "Metadata"; data types 0 and 1 UTF-8, 2 UTF-16, 13 JPEG, 14 PNG.</remarks>
internal static class Mp4Items
{
    private const int MaxBoxes = 1000, MaxText = 64 * 1024, DataHeaderSize = 8;
    private const uint Movie = 0x6D6F6F76, UserData = 0x75647461, Meta = 0x6D657461, Handler = 0x68646C72, List = 0x696C7374, Data = 0x64617461;
    private const uint Cover = 0x636F7672, Track = 0x74726B6E, Disc = 0x6469736B, GenreNumber = 0x676E7265;

    private readonly record struct Box(uint Type, long Start, long End)
    {
        public long Size => End - Start;
    }

    /// <summary>Reads the tags of a file that can seek. The reader stands anywhere afterwards.</summary>
    public static async ValueTask ReadAsync(InputReader reader, TagBuilder tags, CancellationToken cancellationToken)
    {
        if (await FindAsync(reader, new Box(0, reader.Position, reader.Length!.Value), Movie, cancellationToken).ConfigureAwait(false) is not { } movie) return;
        Box parent = await FindAsync(reader, movie, UserData, cancellationToken).ConfigureAwait(false) ?? movie;
        if (await FindAsync(reader, parent, Meta, cancellationToken).ConfigureAwait(false) is not { } meta) return;
        meta = await PassVersionAsync(reader, meta, cancellationToken).ConfigureAwait(false);
        if (await FindAsync(reader, meta, List, cancellationToken).ConfigureAwait(false) is not { } list) return;
        long at = list.Start;
        for (int items = 0; items < MaxBoxes && await NextAsync(reader, at, list.End, cancellationToken).ConfigureAwait(false) is { } item; items++)
        {
            if (FieldOf(item.Type) is not null || item.Type is Cover or Track or Disc or GenreNumber)
                await ReadItemAsync(reader, item, tags, cancellationToken).ConfigureAwait(false);
            at = item.End;
        }
    }

    /// <summary>A version of four bytes comes first in 'meta', but QuickTime has none.</summary>
    private static async ValueTask<Box> PassVersionAsync(InputReader reader, Box meta, CancellationToken cancellationToken)
    {
        await reader.SeekAsync(meta.Start, cancellationToken).ConfigureAwait(false);
        int available = await reader.EnsureAsync(8, cancellationToken).ConfigureAwait(false);
        bool isBare = available >= 8 && BinaryPrimitives.ReadUInt32BigEndian(reader.Available[4..]) == Handler;
        return isBare ? meta : meta with { Start = Math.Min(meta.Start + 4, meta.End) };
    }

    private static async ValueTask ReadItemAsync(InputReader reader, Box item, TagBuilder tags, CancellationToken cancellationToken)
    {
        long at = item.Start;
        for (int count = 0; count < MaxBoxes && await NextAsync(reader, at, item.End, cancellationToken).ConfigureAwait(false) is { } data; count++)
        {
            at = data.End;
            int most = item.Type == Cover ? Artwork.MaxSize : MaxText;
            if (data.Type != Data || data.Size < DataHeaderSize || data.Size - DataHeaderSize > most) continue;
            if (item.Type == Cover && !tags.WantsPicture(FrontCover)) return;
            await reader.SeekAsync(data.Start, cancellationToken).ConfigureAwait(false);
            if (await reader.TakeAsync((int)data.Size, cancellationToken).ConfigureAwait(false) is not { } body) return;
            Add(item.Type, BinaryPrimitives.ReadUInt32BigEndian(body) & 0xFF_FFFF, body.AsSpan(DataHeaderSize), tags);
        }
    }

    private const uint FrontCover = 3;

    private static void Add(uint item, uint type, ReadOnlySpan<byte> value, TagBuilder tags)
    {
        switch (item)
        {
            case Cover:
                tags.AddPicture(FrontCover, value);
                break;
            case Track when value.Length >= 4:
                tags.AddTrack(BinaryPrimitives.ReadUInt16BigEndian(value[2..]), value.Length >= 6 ? BinaryPrimitives.ReadUInt16BigEndian(value[4..]) : 0);
                break;
            case Disc when value.Length >= 4:
                tags.AddDisc(BinaryPrimitives.ReadUInt16BigEndian(value[2..]), value.Length >= 6 ? BinaryPrimitives.ReadUInt16BigEndian(value[4..]) : 0);
                break;
            case GenreNumber when value.Length >= 2:
                tags.Add(TagField.Genre, Id3Genre.Name(BinaryPrimitives.ReadUInt16BigEndian(value) - 1)); // counted from 1 here
                break;
            default:
                const uint utf8 = 1, utf16 = 2;
                if (FieldOf(item) is { } field && type <= utf16) tags.Add(field, type <= utf8 ? Text.Decode(value) : Encoding.BigEndianUnicode.GetString(value));
                break;
        }
    }

    /// <summary>Types that begin with the copyright sign, one byte here.</summary>
    private static TagField? FieldOf(uint type) => type switch
    {
        0xA96E616D => TagField.Title, // ©nam
        0xA9415254 => TagField.Artist, // ©ART
        0x61415254 => TagField.AlbumArtist, // aART
        0xA9616C62 => TagField.Album, // ©alb
        0xA9777274 => TagField.Composer, // ©wrt
        0xA967656E => TagField.Genre, // ©gen
        0xA9646179 => TagField.Date, // ©day
        _ => null,
    };

    private static async ValueTask<Box?> FindAsync(InputReader reader, Box parent, uint type, CancellationToken cancellationToken)
    {
        long at = parent.Start;
        for (int boxes = 0; boxes < MaxBoxes && await NextAsync(reader, at, parent.End, cancellationToken).ConfigureAwait(false) is { } box; boxes++)
        {
            if (box.Type == type) return box;
            at = box.End;
        }

        return null;
    }

    /// <summary>The box at a byte: size and type, size 1 means that it follows in 64 bits, 0 to the end. Null: none, or one that does not fit.</summary>
    private static async ValueTask<Box?> NextAsync(InputReader reader, long at, long end, CancellationToken cancellationToken)
    {
        const int small = 8, large = 16;
        if (end - at < small) return null;
        await reader.SeekAsync(at, cancellationToken).ConfigureAwait(false);
        int available = await reader.EnsureAsync(large, cancellationToken).ConfigureAwait(false);
        if (available < small) return null;
        ReadOnlySpan<byte> header = reader.Available;
        long size = BinaryPrimitives.ReadUInt32BigEndian(header);
        int headerSize = small;
        if (size == 1 && available >= large) (headerSize, size) = (large, BinaryPrimitives.ReadInt64BigEndian(header[8..]));
        else if (size == 0) size = end - at;
        return size < headerSize || size > end - at ? null : new Box(BinaryPrimitives.ReadUInt32BigEndian(header[4..]), at + headerSize, at + size);
    }
}
