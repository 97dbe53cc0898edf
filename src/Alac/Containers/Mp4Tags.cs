using System.Buffers.Binary;

namespace Alac.Containers;

/// <summary>Texts of an MP4 file as iTunes keeps them: moov, udta, meta, ilst, one box a text, in it a 'data' box.</summary>
internal static class Mp4Tags
{
    private const uint Utf8 = 1;
    private const int DataHeaderSize = 8;

    /// <summary>Box types with the copyright sign, which is one byte here, and the names that <see cref="AlacReader.Tags"/> has.</summary>
    public static readonly (uint Type, string Name)[] Known =
    [
        (0xa96e616d, "title"), (0xa9415254, "artist"), (0xa9616c62, "album"), (0x61415254, "album_artist"),
        (0xa9777274, "composer"), (0xa967656e, "genre"), (0xa9646179, "date"), (0xa9636d74, "comment"),
    ];

    public static Dictionary<string, string> Parse(ReadOnlySpan<byte> movie)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            ReadOnlySpan<byte> meta = BoxReader.Find(BoxReader.Find(movie, "udta"u8), "meta"u8);
            if (meta.Length < 4) return tags;
            var items = new BoxReader(BoxReader.Find(meta[4..], "ilst"u8));
            while (items.Next()) Add(tags, BinaryPrimitives.ReadUInt32BigEndian(items.Type), items.Body);
        }
        catch (AlacException)
        {
            // Damaged texts do not keep anyone from the music.
        }

        return tags;
    }

    private static void Add(Dictionary<string, string> tags, uint type, ReadOnlySpan<byte> item)
    {
        foreach ((uint known, string name) in Known)
        {
            if (known != type) continue;
            ReadOnlySpan<byte> data = BoxReader.Find(item, "data"u8);
            if (data.Length < DataHeaderSize || BinaryPrimitives.ReadUInt32BigEndian(data) != Utf8) return;
            tags.TryAdd(name, System.Text.Encoding.UTF8.GetString(data[DataHeaderSize..]));
        }
    }
}
