using System.Buffers.Binary;
using Raop.Media.Input.Tags;

namespace Raop.Media.Input.Flac;

/// <summary>What stands before the first block of a FLAC file.</summary>
/// <param name="Info">The stream's parameters.</param>
/// <param name="SeekPoints">Frame and its byte, counted from the first block; ascending. Hints only.</param>
/// <param name="AudioStart">Byte of the first block.</param>
/// <remarks>RFC 9639 section 8.</remarks>
internal sealed record FlacMetadata(FlacStreamInfo Info, List<(long Frame, long Offset)> SeekPoints, long AudioStart)
{
    private const int StreamInfo = 0, SeekTable = 3, Comment = 4, Picture = 6, MaxBlocks = 10_000;

    /// <summary>Reads everything before the first block.</summary>
    /// <param name="reader">Stands at "fLaC".</param>
    /// <param name="tags">Takes the tags and the cover.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    /// <exception cref="RaopException">CorruptFile.</exception>
    public static async ValueTask<FlacMetadata> ReadAsync(InputReader reader, TagBuilder tags, CancellationToken cancellationToken)
    {
        await NeedAsync(reader, 4, cancellationToken).ConfigureAwait(false);
        reader.Advance(4);
        FlacStreamInfo? info = null;
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
            if (type is StreamInfo or SeekTable)
            {
                await NeedAsync(reader, size, cancellationToken).ConfigureAwait(false);
                ReadOnlySpan<byte> block = reader.Available[..size];
                if (type == StreamInfo) info = FlacStreamInfo.TryParse(block, out FlacStreamInfo parsed) ? parsed : throw BadInfo(reader);
                else if (points.Count == 0) ParseSeekTable(block, points); // there is one at most; each may have 900,000
            }

            if (info is null) throw BadInfo(reader); // it comes first
            if (type is Comment or Picture) size = await TakeTagsAsync(reader, type, size, tags, cancellationToken).ConfigureAwait(false);
            if (!await reader.SkipAsync(size, cancellationToken).ConfigureAwait(false)) throw Cut(reader);
        }

        return new FlacMetadata(info!.Value, points, reader.Position);
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

    /// <summary>Reads a block of tags, or a picture that is better than those before.</summary>
    /// <returns>Bytes of the block that are left.</returns>
    private static async ValueTask<int> TakeTagsAsync(InputReader reader, int type, int size, TagBuilder tags, CancellationToken cancellationToken)
    {
        if (type == Picture)
        {
            if (size is < 4 or > FlacPicture.MaxSize) return size;
            await NeedAsync(reader, 4, cancellationToken).ConfigureAwait(false);
            if (!tags.WantsPicture(BinaryPrimitives.ReadUInt32BigEndian(reader.Available))) return size;
        }

        if (await reader.TakeAsync(size, cancellationToken).ConfigureAwait(false) is not { } block) throw Cut(reader);
        if (type == Picture) FlacPicture.Parse(block, tags);
        else VorbisComment.Parse(block, tags);
        return 0;
    }

    private static async ValueTask NeedAsync(InputReader reader, int count, CancellationToken cancellationToken)
    {
        if (await reader.EnsureAsync(count, cancellationToken).ConfigureAwait(false) < count) throw Cut(reader);
    }

    private static RaopException BadInfo(InputReader reader) => InputError.Corrupt(reader.Name, $"there is no valid STREAMINFO at byte {reader.Position}");

    private static RaopException Cut(InputReader reader) => InputError.Truncated(reader.Name, "the FLAC metadata", reader.Position + reader.Available.Length);
}
