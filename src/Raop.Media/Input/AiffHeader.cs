using System.Buffers.Binary;
using Raop.Media.Input.Tags;

namespace Raop.Media.Input;

/// <summary>Finds the samples of an AIFF or AIFF-C file.</summary>
/// <remarks>Apple "Audio Interchange File Format AIFF-C", draft of 1991; "sowt" and "fl64" as QuickTime wrote them. All numbers big-endian.</remarks>
internal static class AiffHeader
{
    private const int MaxChunks = 10_000;
    private const uint None = 0x4E4F4E45, Twos = 0x74776F73, Sowt = 0x736F7774, Fl32 = 0x666C3332, FL32 = 0x464C3332, Fl64 = 0x666C3634, FL64 = 0x464C3634;
    private const uint In24 = 0x696E3234, In32 = 0x696E3332;

    /// <summary>Whether a file that begins so is an AIFF file.</summary>
    public static bool Matches(ReadOnlySpan<byte> start) =>
        start.Length >= 12 && start.StartsWith("FORM"u8) && (start[8..12].SequenceEqual("AIFF"u8) || start[8..12].SequenceEqual("AIFC"u8));

    /// <summary>Reads the chunks and goes to the first sample. Chunks come in any order; a pipe must bring COMM before SSND.</summary>
    /// <param name="reader">Stands at the start.</param>
    /// <param name="tags">Takes the tags on the way; null when nobody asks for them.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    /// <returns>Where the samples are, or the name of an encoding that is not plain samples of one or two channels.</returns>
    /// <exception cref="RaopException">CorruptFile: the header is cut or contradicts itself.</exception>
    public static async ValueTask<(PcmLocation? Location, string? Other)> ReadAsync(InputReader reader, TagBuilder? tags, CancellationToken cancellationToken)
    {
        await NeedAsync(reader, 12, cancellationToken).ConfigureAwait(false);
        bool isCompressedForm = reader.Available[11] == (byte)'C';
        reader.Advance(12);
        Common? common = null;
        (long Start, uint Size)? sound = null;
        for (int chunks = 0; chunks < MaxChunks; chunks++)
        {
            int available = await reader.EnsureAsync(8, cancellationToken).ConfigureAwait(false);
            if (available < 8)
            {
                if (common is not null && sound is not null) break; // the end of a file: all is known
                throw Cut(reader);
            }

            uint id = BinaryPrimitives.ReadUInt32BigEndian(reader.Available), size = BinaryPrimitives.ReadUInt32BigEndian(reader.Available[4..]);
            reader.Advance(8);
            long next = (long)size + (size & 1);
            switch (id)
            {
                case 0x434F4D4D: // COMM
                    int length = (int)Math.Min(size, 22u);
                    await NeedAsync(reader, length, cancellationToken).ConfigureAwait(false);
                    common = ParseCommon(reader.Available[..length], isCompressedForm, reader);
                    break;
                case 0x53534E44: // SSND: offset, block size, samples
                    await NeedAsync(reader, 8, cancellationToken).ConfigureAwait(false);
                    sound = (reader.Position + 8 + BinaryPrimitives.ReadUInt32BigEndian(reader.Available), size);
                    break;
                default:
                    if (tags is not null) next -= await ChunkTags.TakeAsync(reader, id, size, tags, cancellationToken).ConfigureAwait(false);
                    break;
            }

            if (common is { Other: { } other }) return (null, other);
            if (sound is not null && (common is not null || !reader.CanSeek)) break;
            if (!await reader.SkipAsync(next, cancellationToken).ConfigureAwait(false) && (common is null || sound is null)) throw Cut(reader);
        }

        if (sound is not { } samples || common is not { } c)
            throw InputError.Corrupt(reader.Name, sound is null ? "it has no samples" : $"its samples before byte {reader.Position} come before their format");
        await GoToAsync(reader, samples.Start, cancellationToken).ConfigureAwait(false);
        return (new PcmLocation(c.Layout, c.SampleRate, c.Channels, samples.Start, DataLength(c, samples.Size)), null);
    }

    /// <summary>COMM counts frames, SSND bytes. Writers to a pipe leave both at zero or all ones: then until the end.</summary>
    private static long? DataLength(Common common, uint soundSize) =>
        common.Frames is 0 or uint.MaxValue && soundSize is <= 8 or >= 0x7FFF_0000 ? soundSize == 8 ? 0 : null : (long)common.Frames * common.Layout.Bytes * common.Channels;

    private readonly record struct Common(SampleLayout Layout, int SampleRate, int Channels, uint Frames, string? Other);

    /// <summary>Channels 16, frames 32, bits 16, rate 80-bit float, and in AIFF-C the compression's type.</summary>
    private static Common ParseCommon(ReadOnlySpan<byte> chunk, bool isCompressedForm, InputReader reader)
    {
        if (chunk.Length < (isCompressedForm ? 22 : 18)) throw InputError.Corrupt(reader.Name, $"its COMM chunk at byte {reader.Position} has only {chunk.Length} bytes");
        int channels = BinaryPrimitives.ReadUInt16BigEndian(chunk), bits = BinaryPrimitives.ReadUInt16BigEndian(chunk[6..]);
        uint frames = BinaryPrimitives.ReadUInt32BigEndian(chunk[2..]);
        double rate = ReadExtended(chunk[8..]);
        if (channels == 0 || !(rate is >= 1 and <= 10_000_000)) throw InputError.Corrupt(reader.Name, $"its header says {channels} channels at {rate} Hz");
        uint type = isCompressedForm ? BinaryPrimitives.ReadUInt32BigEndian(chunk[18..]) : None;
        SampleLayout? layout = type switch
        {
            None or Twos or Sowt when bits is >= 1 and <= 32 => SampleLayout.Integer((bits + 7) / 8, bits, bigEndian: type != Sowt),
            In24 => SampleLayout.Integer(3, 24, bigEndian: true),
            In32 => SampleLayout.Integer(4, 32, bigEndian: true),
            Fl32 or FL32 => SampleLayout.Float(4, bigEndian: true),
            Fl64 or FL64 => SampleLayout.Float(8, bigEndian: true),
            _ => null,
        };
        if (layout is null && type is None or Twos or Sowt) throw InputError.Corrupt(reader.Name, $"its header says {bits} bits a sample");
        string? other = layout is null ? $"AIFF-C with encoding \"{Text.Decode(chunk[18..22])}\"" : channels > 2 ? $"AIFF with {channels} channels" : null;
        return new Common(layout ?? default, (int)Math.Round(rate), channels, frames, other);
    }

    /// <summary>An 80-bit float: sign and exponent in 16 bits, mantissa in 64 with its leading one.</summary>
    private static double ReadExtended(ReadOnlySpan<byte> bytes)
    {
        int exponent = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        return exponent >= 0x8000 ? -1 : Math.ScaleB(BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]), exponent - 16383 - 63);
    }

    private static async ValueTask GoToAsync(InputReader reader, long position, CancellationToken cancellationToken)
    {
        if (position > reader.Length) throw Cut(reader);
        if (reader.CanSeek) await reader.SeekAsync(position, cancellationToken).ConfigureAwait(false);
        else if (!await reader.SkipAsync(position - reader.Position, cancellationToken).ConfigureAwait(false)) throw Cut(reader);
    }

    private static async ValueTask NeedAsync(InputReader reader, int count, CancellationToken cancellationToken)
    {
        if (await reader.EnsureAsync(count, cancellationToken).ConfigureAwait(false) < count) throw Cut(reader);
    }

    private static RaopException Cut(InputReader reader) => InputError.Truncated(reader.Name, "the AIFF header", reader.Position + reader.Available.Length);
}
