using System.Buffers.Binary;

namespace Alac.Containers;

/// <summary>
/// Writes ALAC packets to a Core Audio Format file: the packets as they come, then their sizes (pakt). The stream must be able
/// to seek, because head and size are filled in at the end; without <see cref="Finish"/> the file cannot be played.
/// </summary>
public sealed class CafWriter : IDisposable
{
    private const int ChunkHeaderSize = 12, EditCountSize = 4;
    private readonly Stream _stream;
    private readonly bool _leaveOpen;
    private readonly PacketLog _packets;
    private readonly AlacConfig _config;
    private readonly byte[] _info;
    private readonly long _origin;
    private bool _isFinished;

    /// <summary>Begins a file.</summary>
    /// <param name="stream">Takes the file, from its position on; must be able to seek. Disposed with the writer.</param>
    /// <param name="config">Parameters of every packet; size and bit rate are filled in.</param>
    /// <param name="tags">Texts to write, by name. May be null.</param>
    /// <param name="leaveOpen">True: the stream stays the caller's.</param>
    /// <exception cref="ArgumentException"><paramref name="stream"/> cannot write and seek, or <paramref name="config"/> is not valid.</exception>
    /// <exception cref="IOException">The stream failed.</exception>
    public CafWriter(Stream stream, AlacConfig config, IReadOnlyDictionary<string, string>? tags = null, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(config);
        config.ThrowIfInvalid(nameof(config));
        if (!stream.CanWrite || !stream.CanSeek) throw new ArgumentException("A stream that can write and seek is needed.", nameof(stream));
        (_stream, _leaveOpen, _packets, _config, _origin) = (stream, leaveOpen, new PacketLog(config), config, stream.Position);
        _info = tags is null || tags.Count == 0 ? [] : CafTags.Write(tags);
        WriteHead();
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

    /// <summary>Writes the sizes of the packets and fills the head in. Nothing can be written afterwards.</summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public void Finish()
    {
        if (_isFinished) return;
        _isFinished = true;
        WritePacketTable();
        long end = _stream.Position;
        _stream.Position = _origin;
        WriteHead();
        _stream.Position = end;
        _stream.Flush();
    }

    /// <summary>Closes the stream, unless it is to stay open. Does not finish the file.</summary>
    public void Dispose()
    {
        if (!_leaveOpen) _stream.Dispose();
    }

    /// <summary>Everything up to the first packet; of the same size at the beginning and at the end.</summary>
    private void WriteHead()
    {
        var head = new BoxWriter();
        head.Bytes("caff"u8).UInt16(1).UInt16(0);
        head.Bytes("desc"u8).Int64(32).Int64(BitConverter.DoubleToInt64Bits(_config.SampleRate)).Bytes("alac"u8);
        head.UInt32(_config.BitDepth switch { 16 => 1u, 20 => 2, 24 => 3, _ => 4 }); // format flags: depth of the source
        head.UInt32(0).UInt32(_packets.IsUniform ? (uint)_config.FrameLength : 0).UInt32((uint)_config.Channels).UInt32(0);

        Span<byte> cookie = stackalloc byte[AlacConfig.CookieSize];
        _packets.Config.WriteTo(cookie);
        head.Bytes("kuki"u8).Int64(cookie.Length).Bytes(cookie);
        if (_info.Length > 0) head.Bytes("info"u8).Int64(_info.Length).Bytes(_info);
        head.Bytes("data"u8).Int64(_packets.Bytes + EditCountSize).UInt32(0);
        _stream.Write(head.Written);
    }

    private void WritePacketTable()
    {
        long remainder = _packets.IsUniform ? (long)_packets.Count * _config.FrameLength - _packets.Frames : 0;
        var table = new BoxWriter();
        table.Int64(_packets.Count).Int64(_packets.Frames).UInt32(0).UInt32((uint)remainder);
        for (int i = 0; i < _packets.Count; i++)
        {
            WriteNumber(table, _packets[i].Size);
            if (!_packets.IsUniform) WriteNumber(table, _packets[i].Frames);
        }

        Span<byte> header = stackalloc byte[ChunkHeaderSize];
        "pakt"u8.CopyTo(header);
        BinaryPrimitives.WriteInt64BigEndian(header[4..], table.Written.Length);
        _stream.Write(header);
        _stream.Write(table.Written);
    }

    /// <summary>Seven bits a byte, the most significant first; the top bit says that more follow. At most 28 bits.</summary>
    private static void WriteNumber(BoxWriter table, int value)
    {
        for (int shift = 21; shift > 0; shift -= 7)
        {
            if (value >> shift != 0) table.UInt8((byte)(value >> shift | 0x80));
        }

        table.UInt8((byte)(value & 0x7f));
    }
}
