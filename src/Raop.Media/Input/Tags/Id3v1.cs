namespace Raop.Media.Input.Tags;

/// <summary>The tag of 128 bytes at the end of a file: texts of 30 characters.</summary>
/// <remarks>id3.org, ID3v1; the track number is ID3v1.1.</remarks>
internal static class Id3v1
{
    public const int Size = 128;

    public static void Parse(ReadOnlySpan<byte> tag, TagBuilder tags)
    {
        if (tag.Length < Size || !tag.StartsWith("TAG"u8)) return;
        tags.Add(TagField.Title, Text.Decode(tag.Slice(3, 30)));
        tags.Add(TagField.Artist, Text.Decode(tag.Slice(33, 30)));
        tags.Add(TagField.Album, Text.Decode(tag.Slice(63, 30)));
        tags.Add(TagField.Date, Text.Decode(tag.Slice(93, 4)));
        if (tag[125] == 0) tags.AddTrack(tag[126], 0);
        tags.Add(TagField.Genre, Id3Genre.Name(tag[127]));
    }
}
