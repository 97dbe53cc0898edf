using System.Buffers.Binary;

namespace Alac.Containers;

/// <summary>
/// Writes ALAC packets to an M4A file: the packets as they come, then the index (moov). The stream must be able to seek, because
/// the size before the packets is filled in at the end; without <see cref="Finish"/> the file has no index and cannot be played.
/// </summary>
public sealed class M4aWriter : IDisposable
{
    private const int MediaHeaderSize = 16; // room for a size of 64 bits
    private readonly Stream _stream;
    private readonly bool _leaveOpen;
    private readonly PacketLog _packets;
    private readonly IReadOnlyDictionary<string, string>? _tags;
    private readonly long _origin, _mediaStart;
    private bool _isFinished;

    /// <summary>Begins a file.</summary>
    /// <param name="stream">Takes the file, from its position on; must be able to seek. Disposed with the writer.</param>
    /// <param name="config">Parameters of every packet; size and bit rate are filled in.</param>
    /// <param name="tags">Texts to write, by the names of <see cref="AlacReader.Tags"/>; others are left out. May be null.</param>
    /// <param name="leaveOpen">True: the stream stays the caller's.</param>
    /// <exception cref="ArgumentException"><paramref name="stream"/> cannot write and seek, or <paramref name="config"/> is not valid.</exception>
    /// <exception cref="IOException">The stream failed.</exception>
    public M4aWriter(Stream stream, AlacConfig config, IReadOnlyDictionary<string, string>? tags = null, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(config);
        config.ThrowIfInvalid(nameof(config));
        if (!stream.CanWrite || !stream.CanSeek) throw new ArgumentException("A stream that can write and seek is needed.", nameof(stream));
        (_stream, _leaveOpen, _packets, _tags, _origin) = (stream, leaveOpen, new PacketLog(config), tags, stream.Position);
        var head = new BoxWriter();
        int type = head.Begin("ftyp"u8);
        head.Bytes("M4A "u8).UInt32(0).Bytes("M4A mp42isom"u8);
        head.End(type);
        head.UInt32(8).Bytes("free"u8).UInt32(0).Bytes("mdat"u8);
        _stream.Write(head.Written);
        _mediaStart = _stream.Position;
    }

    /// <summary>Frames written so far.</summary>
    public long Frames => _packets.Frames;

    /// <summary>Writes a packet.</summary>
    /// <param name="packet">The packet, as an encoder gave it.</param>
    /// <param name="frames">Frames in it, 1 to <see cref="AlacConfig.FrameLength"/>.</param>
    /// <exception cref="ArgumentException">No packet has that many bytes or frames.</exception>
    /// <exception cref="InvalidOperationException">The file is finished.</exception>
    /// <exception cref="IOException">The stream failed.</exception>
    public void WritePacket(ReadOnlySpan<byte> packet, int frames)
    {
        if (_isFinished) throw new InvalidOperationException("The file is finished.");
        _packets.Add(packet.Length, frames);
        _stream.Write(packet);
    }

    /// <summary>Writes the index and fills the sizes in. Nothing can be written afterwards.</summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public void Finish()
    {
        if (_isFinished) return;
        _isFinished = true;
        _stream.Write(new MovieIndex(_packets, _mediaStart - _origin, _tags).Build());
        long end = _stream.Position, size = _packets.Bytes + BoxReader.HeaderSize;
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

        _stream.Position = _mediaStart - MediaHeaderSize;
        _stream.Write(header);
        _stream.Position = end;
        _stream.Flush();
    }

    /// <summary>Closes the stream, unless it is to stay open. Does not finish the file.</summary>
    public void Dispose()
    {
        if (!_leaveOpen) _stream.Dispose();
    }
}
