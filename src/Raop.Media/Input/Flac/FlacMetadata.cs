using System.Buffers.Binary;

namespace Raop.Media.Input.Flac;

/// <summary>What stands before the first block of a FLAC file.</summary>
/// <param name="Info">The stream's parameters.</param>
/// <param name="Tags">Title, artist and album of the Vorbis comment.</param>
/// <param name="SeekPoints">Frame and its byte, counted from the first block; ascending. Hints only.</param>
/// <param name="AudioStart">Byte of the first block.</param>
/// <remarks>RFC 9639 section 8.</remarks>
internal sealed record FlacMetadata(FlacStreamInfo Info, MediaTags Tags, List<(long Frame, long Offset)> SeekPoints, long AudioStart)
{
    private const int StreamInfo = 0, SeekTable = 3, VorbisComment = 4, MaxBlocks = 10_000, MaxTextBlock = 1024 * 1024;

    /// <summary>Reads everything before the first block. The reader stands at "fLaC".</summary>
    /// <exception cref="RaopException">CorruptFile.</exception>
    public static async ValueTask<FlacMetadata> ReadAsync(InputReader reader, CancellationToken cancellationToken)
    {
        await NeedAsync(reader, 4, cancellationToken).ConfigureAwait(false);
        reader.Advance(4);
        FlacStreamInfo? info = null;
        var tags = default(MediaTags);
        var points = new List<(long Frame, long Offset)>();
        bool isLast = false;
        for (int blocks = 0; !isLast; blocks++)
        {
            if (blocks == MaxBlocks) throw InputError.Corrupt(reader.Name, $"no audio comes after {MaxBlocks} blocks of metadata");
            await NeedAsync(reader, 4, cancellationToken).ConfigureAwait(false);
            uint head = BinaryPrimitives.ReadUInt32BigEndian(reader.Available);
            isLast = head >> 31 != 0;
            int type = (int)(head >> 24) & 0x7F, size = (int)(head & 0xFF_FFFF);
            reader.Advance(4);
            if (type is StreamInfo or SeekTable or VorbisComment && size <= MaxTextBlock)
            {
                await NeedAsync(reader, size, cancellationToken).ConfigureAwait(false);
                ReadOnlySpan<byte> block = reader.Available[..size];
                if (type == StreamInfo) info = FlacStreamInfo.TryParse(block, out FlacStreamInfo parsed) ? parsed : throw BadInfo(reader);
                else if (type == SeekTable) ParseSeekTable(block, points);
                else tags = ParseComment(block);
            }

            if (info is null) throw BadInfo(reader); // it comes first
            if (!await reader.SkipAsync(size, cancellationToken).ConfigureAwait(false)) throw Cut(reader);
        }

        return new FlacMetadata(info!.Value, tags, points, reader.Position);
    }

    /// <summary>18 bytes a point: frame, offset, block size; placeholders are all ones.</summary>
    private static void ParseSeekTable(ReadOnlySpan<byte> block, List<(long Frame, long Offset)> points)
    {
        for (; block.Length >= 18; block = block[18..])
        {
            long frame = BinaryPrimitives.ReadInt64BigEndian(block), offset = BinaryPrimitives.ReadInt64BigEndian(block[8..]);
            if (frame >= 0 && offset >= 0 && (points.Count == 0 || (frame > points[^1].Frame && offset > points[^1].Offset))) points.Add((frame, offset));
        }
    }

    /// <summary>Lengths little-endian: vendor, then a count of NAME=value in UTF-8.</summary>
    private static MediaTags ParseComment(ReadOnlySpan<byte> block)
    {
        var tags = default(MediaTags);
        if (!TryTake(ref block, out _) || block.Length < 4) return tags;
        block = block[4..];
        while (TryTake(ref block, out ReadOnlySpan<byte> field))
        {
            int equals = field.IndexOf((byte)'=');
            if (equals is < 5 or > 6) continue;
            string key = Text.Decode(field[..equals]), value = Text.Decode(field[(equals + 1)..]);
            if (key.Equals("TITLE", StringComparison.OrdinalIgnoreCase)) tags = tags with { Title = tags.Title ?? MediaTags.Clean(value) };
            else if (key.Equals("ARTIST", StringComparison.OrdinalIgnoreCase)) tags = tags with { Artist = Join(tags.Artist, value) };
            else if (key.Equals("ALBUM", StringComparison.OrdinalIgnoreCase)) tags = tags with { Album = tags.Album ?? MediaTags.Clean(value) };
        }

        return tags;
    }

    /// <summary>Several artists are several fields.</summary>
    private static string? Join(string? before, string value) =>
        MediaTags.Clean(value) is not { } next ? before : before is null ? next : MediaTags.Clean($"{before}, {next}");

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

    private static async ValueTask NeedAsync(InputReader reader, int count, CancellationToken cancellationToken)
    {
        if (await reader.EnsureAsync(count, cancellationToken).ConfigureAwait(false) < count) throw Cut(reader);
    }

    private static RaopException BadInfo(InputReader reader) => InputError.Corrupt(reader.Name, $"there is no valid STREAMINFO at byte {reader.Position}");

    private static RaopException Cut(InputReader reader) => InputError.Truncated(reader.Name, "the FLAC metadata", reader.Position + reader.Available.Length);
}
