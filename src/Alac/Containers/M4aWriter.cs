using System.Buffers.Binary;

namespace Alac.Containers;

/// <summary>Writes an M4A file: the packets (mdat), then the index (moov).</summary>
public sealed class M4aWriter : AlacWriter
{
    private const int MediaHeaderSize = 16; // room for a size of 64 bits
    private readonly IReadOnlyDictionary<string, string>? _tags;
    private readonly long _mediaStart;

    /// <summary>Begins a file.</summary>
    /// <param name="stream">Takes the file, from its position on; must be able to seek. Disposed with the writer.</param>
    /// <param name="config">Parameters of every packet; size and bit rate are filled in.</param>
    /// <param name="tags">Texts to write, by the names of <see cref="AlacReader.Tags"/>; others are left out. May be null.</param>
    /// <param name="leaveOpen">True: the stream stays the caller's.</param>
    /// <exception cref="ArgumentException"><paramref name="stream"/> cannot write and seek, or <paramref name="config"/> is not valid.</exception>
    /// <exception cref="IOException">The stream failed.</exception>
    public M4aWriter(Stream stream, AlacConfig config, IReadOnlyDictionary<string, string>? tags = null, bool leaveOpen = false)
        : base(stream, config, leaveOpen)
    {
        _tags = tags;
        var head = new BoxWriter();
        int type = head.Begin("ftyp"u8);
        head.Bytes("M4A "u8).UInt32(0).Bytes("M4A mp42isom"u8);
        head.End(type);
        head.UInt32(8).Bytes("free"u8).UInt32(0).Bytes("mdat"u8);
        Stream.Write(head.Written);
        _mediaStart = Stream.Position;
    }

    private protected override void WriteIndex() => Stream.Write(new MovieIndex(Packets, _mediaStart - Origin, _tags).Build());

    private protected override void FillIn()
    {
        long size = Packets.Bytes + BoxReader.HeaderSize;
        Span<byte> header = stackalloc byte[MediaHeaderSize];
        if (size <= uint.MaxValue)
        {
            BinaryPrimitives.WriteUInt32BigEndian(header, 8);
            "free"u8.CopyTo(header[4..]);
            BinaryPrimitives.WriteUInt32BigEndian(header[8..], (uint)size);
            "mdat"u8.CopyTo(header[12..]);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(header, 1); // the size follows the type, in place of the free box
            "mdat"u8.CopyTo(header[4..]);
            BinaryPrimitives.WriteInt64BigEndian(header[8..], size + BoxReader.HeaderSize);
        }

        Stream.Position = _mediaStart - MediaHeaderSize;
        Stream.Write(header);
    }
}
