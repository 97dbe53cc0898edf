namespace Alac.Containers;

/// <summary>
/// Reads ALAC packets out of an MP4 (M4A, QuickTime) or CAF file. The whole index is checked when it is opened: a file that
/// opens has all of its packets. Not for use by two threads at once.
/// </summary>
public sealed class AlacReader : IDisposable
{
    private const int HeadSize = 8;
    private readonly Stream _stream;
    private readonly bool _leaveOpen;
    private readonly PacketTable _table;

    private AlacReader(Stream stream, bool leaveOpen, PacketTable table)
    {
        _stream = stream;
        _leaveOpen = leaveOpen;
        _table = table;
    }

    /// <summary>Parameters of every packet. No packet is larger than <see cref="AlacConfig.MaxPacketSize"/>.</summary>
    public AlacConfig Config => _table.Config;

    /// <summary>Frames to be heard: those of all packets less what edit list or priming leave out.</summary>
    public long Length => _table.Length;

    /// <summary>Frames to leave out at the start.</summary>
    public long LeadIn => _table.LeadIn;

    /// <summary>Packets in the file.</summary>
    public int PacketCount => _table.Count;

    /// <summary>Texts by name, lower case: title, artist, album, album_artist, composer, genre, date, comment. Empty when there are none.</summary>
    public IReadOnlyDictionary<string, string> Tags => _table.Tags;

    /// <summary>Opens a file and reads its index.</summary>
    /// <param name="stream">The file, from its first byte; must be able to seek. Disposed with the reader, and when this fails.</param>
    /// <param name="leaveOpen">True: the stream stays the caller's.</param>
    /// <exception cref="AlacException">The file is no ALAC file, or damaged: see <see cref="AlacException.Error"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="stream"/> cannot read and seek.</exception>
    /// <exception cref="IOException">The stream failed.</exception>
    public static AlacReader Open(Stream stream, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (!stream.CanRead || !stream.CanSeek) throw new ArgumentException("A stream that can read and seek is needed.", nameof(stream));
        try
        {
            return new AlacReader(stream, leaveOpen, ReadIndex(stream));
        }
        catch (EndOfStreamException)
        {
            if (!leaveOpen) stream.Dispose();
            throw AlacException.Truncated("the index");
        }
        catch
        {
            if (!leaveOpen) stream.Dispose();
            throw;
        }
    }

    /// <summary>Finds the packet to begin with.</summary>
    /// <param name="frame">A frame to be heard, 0 to <see cref="Length"/>; beyond the end is the end.</param>
    /// <returns>The packet and the frames of it to leave out; (<see cref="PacketCount"/>, 0) at the end.</returns>
    public (int Packet, int Skip) Locate(long frame)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(frame);
        if (frame >= Length) return (PacketCount, 0);
        int packet = _table.Find(frame + LeadIn);
        return (packet, (int)(frame + LeadIn - _table.Start(packet)));
    }

    /// <summary>The first frame of a packet, counted from the first packet's: frame 0 to be heard is number <see cref="LeadIn"/>.</summary>
    public long PacketStart(int index) => _table.Start(Check(index));

    /// <summary>Frames of a packet, 1 to <see cref="AlacConfig.FrameLength"/>, heard or not.</summary>
    public int PacketFrames(int index) => (int)(_table.Start(Check(index) + 1) - _table.Start(index));

    /// <summary>Bytes of a packet.</summary>
    public int PacketSize(int index) => _table.Size(Check(index));

    /// <summary>Reads a packet.</summary>
    /// <param name="index">0 to <see cref="PacketCount"/> less one, in any order.</param>
    /// <param name="destination">Takes the packet; <see cref="AlacConfig.MaxPacketSize"/> bytes are always enough.</param>
    /// <returns>Bytes of the packet.</returns>
    /// <exception cref="AlacException">The file has become shorter since it was opened.</exception>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is too short.</exception>
    /// <exception cref="IOException">The stream failed.</exception>
    public int ReadPacket(int index, Span<byte> destination)
    {
        int size = PacketSize(index);
        if (destination.Length < size) throw new ArgumentException($"Packet {index} has {size} bytes.", nameof(destination));
        long offset = _table.Offset(index);
        if (_stream.Position != offset) _stream.Position = offset;
        if (_stream.ReadAtLeast(destination[..size], size, throwOnEndOfStream: false) < size) throw AlacException.Truncated($"packet {index}");
        return size;
    }

    /// <summary>Closes the stream, unless it is to stay open.</summary>
    public void Dispose()
    {
        if (!_leaveOpen) _stream.Dispose();
    }

    private static PacketTable ReadIndex(Stream stream)
    {
        Span<byte> head = stackalloc byte[HeadSize];
        stream.Position = 0;
        int read = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        if (read == head.Length && head[..4].SequenceEqual("caff"u8)) return CafParser.Parse(stream);
        ReadOnlySpan<byte> type = head[4..];
        if (read == head.Length && (type.SequenceEqual("ftyp"u8) || type.SequenceEqual("moov"u8) || type.SequenceEqual("mdat"u8)
            || type.SequenceEqual("wide"u8) || type.SequenceEqual("free"u8) || type.SequenceEqual("skip"u8)))
        {
            return Mp4Parser.Parse(stream);
        }

        throw new AlacException(AlacError.UnknownContainer, "The file is neither MP4 (M4A) nor CAF.");
    }

    private int Check(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, PacketCount);
        return index;
    }
}
