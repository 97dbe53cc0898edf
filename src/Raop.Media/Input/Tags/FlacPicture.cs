using System.Buffers.Binary;
using System.Buffers.Text;
using Raop.Metadata;

namespace Raop.Media.Input.Tags;

/// <summary>A picture as FLAC keeps it, and Ogg in base64.</summary>
/// <remarks>RFC 9639 section 8.8: type, media type, description, width, height, depth, colours, picture; numbers big-endian, texts and picture after their length.</remarks>
internal static class FlacPicture
{
    /// <summary>The longest block that is looked at, in bytes: the picture and texts beside it.</summary>
    public const int MaxSize = Artwork.MaxSize + (64 * 1024);

    private const int DimensionsSize = 16;

    public static void Parse(ReadOnlySpan<byte> block, TagBuilder tags)
    {
        if (block.Length < 4) return;
        uint type = BinaryPrimitives.ReadUInt32BigEndian(block);
        block = block[4..];
        if (!TryTake(ref block, out _) || !TryTake(ref block, out _) || block.Length < DimensionsSize) return;
        block = block[DimensionsSize..];
        if (TryTake(ref block, out ReadOnlySpan<byte> picture)) tags.AddPicture(type, picture);
    }

    /// <summary>The same in base64.</summary>
    public static void ParseBase64(ReadOnlySpan<byte> text, TagBuilder tags)
    {
        if (text.Length <= Base64.GetMaxEncodedToUtf8Length(MaxSize)) Parse(Decode(text), tags);
    }

    /// <summary>A picture alone in base64, as Ogg files had it before there was <see cref="ParseBase64"/>.</summary>
    public static void ParseBareBase64(ReadOnlySpan<byte> text, TagBuilder tags)
    {
        if (text.Length <= Base64.GetMaxEncodedToUtf8Length(MaxSize)) tags.AddPicture(type: 0, Decode(text));
    }

    /// <summary>Decodes as far as it is base64: what is missing shows in the lengths.</summary>
    private static ReadOnlySpan<byte> Decode(ReadOnlySpan<byte> text)
    {
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        _ = Base64.DecodeFromUtf8(text, bytes, out _, out int written);
        return bytes.AsSpan(0, written);
    }

    private static bool TryTake(ref ReadOnlySpan<byte> block, out ReadOnlySpan<byte> field)
    {
        field = default;
        if (block.Length < 4) return false;
        uint length = BinaryPrimitives.ReadUInt32BigEndian(block);
        if (length > block.Length - 4) return false;
        field = block.Slice(4, (int)length);
        block = block[(4 + (int)length)..];
        return true;
    }
}
