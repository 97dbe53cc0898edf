using System.Buffers.Binary;
using Raop.Media.Input.Tags;

namespace Raop.Media.Input;

/// <summary>Finds the samples of a WAV file: RIFF, and RF64 or BW64 for more than 4 GiB.</summary>
/// <remarks>Microsoft "Multiple Channel Audio Data and WAVE Files"; EBU Tech 3306 (RF64). All numbers little-endian.</remarks>
internal static class WavHeader
{
    private const int MaxFormatChunk = 4096, MaxChunks = 10_000;
    private const ushort Pcm = 1, IeeeFloat = 3, Extensible = 0xFFFE;

    /// <summary>The last 14 bytes of the GUIDs KSDATAFORMAT_SUBTYPE_PCM and _IEEE_FLOAT; the first two are the format tag.</summary>
    private static ReadOnlySpan<byte> SubFormatTail => [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

    /// <summary>Whether a file that begins so is a WAV file.</summary>
    public static bool Matches(ReadOnlySpan<byte> start) =>
        start.Length >= 12 && start[8..12].SequenceEqual("WAVE"u8) &&
        (start.StartsWith("RIFF"u8) || start.StartsWith("RF64"u8) || start.StartsWith("BW64"u8));

    /// <summary>Reads up to the first sample.</summary>
    /// <param name="reader">Stands at the start.</param>
    /// <param name="tags">Takes the tags before the samples; null when nobody asks for them.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    /// <returns>Where the samples are, or the name of an encoding that is not plain samples of one or two channels.</returns>
    /// <exception cref="RaopException">CorruptFile: the header is cut or contradicts itself.</exception>
    public static async ValueTask<(PcmLocation? Location, string? Other)> ReadAsync(InputReader reader, TagBuilder? tags, CancellationToken cancellationToken)
    {
        await NeedAsync(reader, 12, cancellationToken).ConfigureAwait(false);
        bool is64 = !reader.Available.StartsWith("RIFF"u8);
        long riffEnd = reader.Position + 8 + BinaryPrimitives.ReadUInt32LittleEndian(reader.Available[4..]);
        reader.Advance(12);
        (long Bytes, long Frames)? size64 = null;
        WavFormat? format = null;
        for (int chunks = 0; chunks < MaxChunks; chunks++)
        {
            await NeedAsync(reader, 8, cancellationToken).ConfigureAwait(false);
            uint id = BinaryPrimitives.ReadUInt32BigEndian(reader.Available), size = BinaryPrimitives.ReadUInt32LittleEndian(reader.Available[4..]);
            reader.Advance(8);
            if (id == 0x64617461) // "data"
            {
                if (format is not { } f) throw InputError.Corrupt(reader.Name, $"its samples at byte {reader.Position} come before their format");
                if (f.Other is { } other) return (null, other);
                long? length = DataLength(size, is64 ? size64 : null, reader.Position, riffEnd);
                return (new PcmLocation(f.Layout, f.SampleRate, f.Channels, reader.Position, length), null);
            }

            long next = (long)size + (size & 1);
            if (id == 0x666D7420 && size <= MaxFormatChunk) // "fmt "
            {
                await NeedAsync(reader, (int)size, cancellationToken).ConfigureAwait(false);
                format = ParseFormat(reader.Available[..(int)size], reader);
            }
            else if (id == 0x64733634 && size is >= 24 and <= MaxFormatChunk) // "ds64": RIFF size, data size, frames
            {
                await NeedAsync(reader, (int)size, cancellationToken).ConfigureAwait(false);
                size64 = (BinaryPrimitives.ReadInt64LittleEndian(reader.Available[8..]), BinaryPrimitives.ReadInt64LittleEndian(reader.Available[16..]));
            }
            else if (tags is not null)
            {
                next -= await ChunkTags.TakeAsync(reader, id, size, tags, cancellationToken).ConfigureAwait(false);
            }

            if (!await reader.SkipAsync(next, cancellationToken).ConfigureAwait(false)) throw Cut(reader);
        }

        throw InputError.Corrupt(reader.Name, $"no samples come in its first {MaxChunks} chunks");
    }

    /// <summary>
    /// Programs that write to a pipe cannot know the length: ffmpeg says 0xFFFFFFFF, others 0, sox 0x7FFFF000 and arecord about 0x80000000 less the header.
    /// Then the samples reach to the end of the stream.
    /// </summary>
    private static long? DataLength(uint size, (long Bytes, long Frames)? size64, long dataStart, long riffEnd)
    {
        if (size64 is { } said && (size == uint.MaxValue || said.Bytes > uint.MaxValue))
        {
            if (said.Bytes == said.Frames + 1) return said.Frames; // one byte a frame, and ffmpeg counts the byte that pads them
            return said.Bytes is > 0 and < long.MaxValue / 2 ? said.Bytes : null;
        }

        return size switch
        {
            0 => riffEnd > dataStart && riffEnd < uint.MaxValue ? 0 : null, // other chunks follow: really empty
            >= 0x7FFF_0000 and <= 0x8000_0000 or >= 0xFFFF_FF00 => null,
            _ => size,
        };
    }

    private readonly record struct WavFormat(SampleLayout Layout, int SampleRate, int Channels, string? Other);

    private static WavFormat ParseFormat(ReadOnlySpan<byte> chunk, InputReader reader)
    {
        if (chunk.Length < 14) throw InputError.Corrupt(reader.Name, $"its format chunk at byte {reader.Position} has {chunk.Length} bytes, at least 16 are due");
        ushort tag = BinaryPrimitives.ReadUInt16LittleEndian(chunk);
        int channels = BinaryPrimitives.ReadUInt16LittleEndian(chunk[2..]);
        uint rate = BinaryPrimitives.ReadUInt32LittleEndian(chunk[4..]);
        int blockAlign = BinaryPrimitives.ReadUInt16LittleEndian(chunk[12..]);
        int bits = chunk.Length >= 16 ? BinaryPrimitives.ReadUInt16LittleEndian(chunk[14..]) : 0, valid = bits;
        if (tag == Extensible && chunk.Length >= 40 && chunk.Slice(26, 14).SequenceEqual(SubFormatTail))
        {
            tag = BinaryPrimitives.ReadUInt16LittleEndian(chunk[24..]);
            int said = BinaryPrimitives.ReadUInt16LittleEndian(chunk[18..]);
            if (said > 0 && said < bits) valid = said;
        }

        if (channels == 0 || rate is 0 or > 10_000_000) throw InputError.Corrupt(reader.Name, $"its header says {channels} channels at {rate} Hz");
        string? other = tag is not (Pcm or IeeeFloat) ? $"WAV with {EncodingName(tag)}" : channels > 2 ? $"WAV with {channels} channels" : null;
        if (other is not null) return new WavFormat(default, (int)rate, channels, other);

        int bytes = (bits + 7) / 8;
        bool known = tag == Pcm ? bytes is >= 1 and <= 4 : bits is 32 or 64;
        if (!known || blockAlign != bytes * channels)
            throw InputError.Corrupt(reader.Name, $"its header says {channels} channels of {bits} bits in {blockAlign} bytes");
        SampleLayout layout = tag == Pcm ? SampleLayout.Integer(bytes, valid, bigEndian: false, unsigned8: true) : SampleLayout.Float(bytes, bigEndian: false);
        return new WavFormat(layout, (int)rate, channels, null);
    }

    private static string EncodingName(ushort tag) => tag switch
    {
        2 or 0x11 => "ADPCM samples",
        6 => "A-law samples",
        7 => "µ-law samples",
        0x55 => "MP3 inside",
        _ => $"encoding 0x{tag:X4}",
    };

    private static async ValueTask NeedAsync(InputReader reader, int count, CancellationToken cancellationToken)
    {
        if (await reader.EnsureAsync(count, cancellationToken).ConfigureAwait(false) < count) throw Cut(reader);
    }

    private static RaopException Cut(InputReader reader) => InputError.Truncated(reader.Name, "the WAV header", reader.Position + reader.Available.Length);
}
