using System.Buffers.Binary;

namespace Raop.Media.Input.Tags;

/// <summary>Tags of FLAC, Ogg Vorbis, Opus and Speex.</summary>
/// <remarks>RFC 9639 section 8.6: lengths little-endian; vendor, then a count of NAME=value in UTF-8.</remarks>
internal static class VorbisComment
{
    private const int MaxFields = 10_000, MaxName = 32;

    public static void Parse(ReadOnlySpan<byte> block, TagBuilder tags)
    {
        if (!TryTake(ref block, out _) || block.Length < 4) return;
        uint count = Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(block), MaxFields);
        block = block[4..];
        for (; count > 0 && TryTake(ref block, out ReadOnlySpan<byte> field); count--)
        {
            int equals = field.IndexOf((byte)'=');
            if (equals is < 1 or > MaxName) continue;
            Add(Text.Decode(field[..equals]).ToUpperInvariant(), field[(equals + 1)..], tags);
        }
    }

    private static void Add(string name, ReadOnlySpan<byte> value, TagBuilder tags)
    {
        if (name == "METADATA_BLOCK_PICTURE") FlacPicture.ParseBase64(value, tags);
        else if (name == "COVERART") FlacPicture.ParseBareBase64(value, tags);
        else if (FieldOf(name) is { } field) tags.Add(field, Text.Decode(value));
    }

    private static TagField? FieldOf(string name) => name switch
    {
        "TITLE" => TagField.Title,
        "ARTIST" => TagField.Artist,
        "ALBUM" => TagField.Album,
        "ALBUMARTIST" or "ALBUM ARTIST" or "ALBUM_ARTIST" => TagField.AlbumArtist,
        "COMPOSER" => TagField.Composer,
        "GENRE" => TagField.Genre,
        "DATE" or "YEAR" => TagField.Date,
        "TRACKNUMBER" => TagField.Track,
        "TRACKTOTAL" or "TOTALTRACKS" => TagField.TrackCount,
        "DISCNUMBER" => TagField.Disc,
        "DISCTOTAL" or "TOTALDISCS" => TagField.DiscCount,
        _ => null,
    };

    private static bool TryTake(ref ReadOnlySpan<byte> block, out ReadOnlySpan<byte> field)
    {
        field = default;
        if (block.Length < 4) return false;
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(block);
        if (length > block.Length - 4) return false;
        field = block.Slice(4, (int)length);
        block = block[(4 + (int)length)..];
        return true;
    }
}
