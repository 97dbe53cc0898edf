using System.Buffers.Binary;

namespace Alac.Containers;

/// <summary>Writes a Core Audio Format file: head, the packets (data), then their sizes (pakt).</summary>
public sealed class CafWriter : AlacWriter
{
    private const int ChunkHeaderSize = 12, EditCountSize = 4;
    private readonly AlacConfig _config;
    private readonly byte[] _info;

    /// <summary>Begins a file.</summary>
    /// <param name="stream">Takes the file, from its position on; must be able to seek. Disposed with the writer.</param>
    /// <param name="config">Parameters of every packet; size and bit rate are filled in.</param>
    /// <param name="tags">Texts to write, by name. May be null.</param>
    /// <param name="leaveOpen">True: the stream stays the caller's.</param>
    /// <exception cref="ArgumentException"><paramref name="stream"/> cannot write and seek, or <paramref name="config"/> is not valid.</exception>
    /// <exception cref="IOException">The stream failed.</exception>
    public CafWriter(Stream stream, AlacConfig config, IReadOnlyDictionary<string, string>? tags = null, bool leaveOpen = false)
        : base(stream, config, leaveOpen)
    {
        _config = config;
        _info = tags is null || tags.Count == 0 ? [] : CafTags.Write(tags);
        WriteHead();
    }

    private protected override void FillIn()
    {
        Stream.Position = Origin;
        WriteHead();
    }

    /// <summary>Everything up to the first packet; of the same size at the beginning and at the end.</summary>
    private void WriteHead()
    {
        var head = new BoxWriter();
        head.Bytes("caff"u8).UInt16(1).UInt16(0);
        head.Bytes("desc"u8).Int64(32).Int64(BitConverter.DoubleToInt64Bits(_config.SampleRate)).Bytes("alac"u8);
        head.UInt32(_config.BitDepth switch { 16 => 1u, 20 => 2, 24 => 3, _ => 4 }); // format flags: depth of the source
        head.UInt32(0).UInt32(Packets.IsUniform ? (uint)_config.FrameLength : 0).UInt32((uint)_config.Channels).UInt32(0);

        Span<byte> cookie = stackalloc byte[AlacConfig.CookieSize];
        Packets.Config.WriteTo(cookie);
        head.Bytes("kuki"u8).Int64(cookie.Length).Bytes(cookie);
        if (_info.Length > 0) head.Bytes("info"u8).Int64(_info.Length).Bytes(_info);
        head.Bytes("data"u8).Int64(Packets.Bytes + EditCountSize).UInt32(0);
        Stream.Write(head.Written);
    }

    private protected override void WriteIndex()
    {
        long remainder = Packets.IsUniform ? (long)Packets.Count * _config.FrameLength - Packets.Frames : 0;
        var table = new BoxWriter();
        table.Int64(Packets.Count).Int64(Packets.Frames).UInt32(0).UInt32((uint)remainder);
        for (int i = 0; i < Packets.Count; i++)
        {
            WriteNumber(table, Packets[i].Size);
            if (!Packets.IsUniform) WriteNumber(table, Packets[i].Frames);
        }

        Span<byte> header = stackalloc byte[ChunkHeaderSize];
        "pakt"u8.CopyTo(header);
        BinaryPrimitives.WriteInt64BigEndian(header[4..], table.Written.Length);
        Stream.Write(header);
        Stream.Write(table.Written);
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
