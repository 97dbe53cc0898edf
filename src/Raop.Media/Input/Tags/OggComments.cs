using System.Buffers.Binary;
using Raop.Metadata;

namespace Raop.Media.Input.Tags;

/// <summary>Finds the tags in the first pages of an Ogg file: Vorbis, Opus, FLAC, Speex. Looks on as more of the file comes.</summary>
/// <remarks>Pages: RFC 3533. Tags: Vorbis I section 5, RFC 7845 section 5.2, RFC 9639 section 10.1.</remarks>
internal sealed class OggComments(TagBuilder tags)
{
    private const int PageHeaderSize = 27, MaxPacket = (Artwork.MaxSize / 3 * 4) + (1024 * 1024), MaxPackets = 100;
    private const byte FirstPage = 2;
    private readonly MemoryStream _packet = new();
    private int _at, _packets;
    private uint _serial;
    private Codec _codec;
    private bool _isDone;

    private enum Codec
    {
        Unknown,
        Vorbis,
        Opus,
        Flac,
        Speex,
    }

    /// <summary>Takes whole pages.</summary>
    /// <param name="start">The file's first bytes: the same as before and perhaps more.</param>
    /// <returns>How many bytes it takes to go on; 0 when the tags have been read or there are none.</returns>
    public int Feed(ReadOnlySpan<byte> start)
    {
        while (!_isDone)
        {
            ReadOnlySpan<byte> page = start[_at..];
            if (page.Length < PageHeaderSize) return _at + PageHeaderSize;
            if (!page.StartsWith("OggS"u8) || page[4] != 0) return 0;
            int header = PageHeaderSize + page[26];
            if (page.Length < header) return _at + header;
            int size = header;
            foreach (byte lacing in page[PageHeaderSize..header]) size += lacing;
            if (page.Length < size) return _at + size;
            TakePage(page[..size], header);
            _at += size;
        }

        return 0;
    }

    private void TakePage(ReadOnlySpan<byte> page, int header)
    {
        uint serial = BinaryPrimitives.ReadUInt32LittleEndian(page[14..]);
        if (_codec == Codec.Unknown)
        {
            if ((page[5] & FirstPage) == 0) _isDone = true; // all first pages come before any other: no sound that we know
            _codec = CodecOf(page[header..]);
            _serial = serial;
            return;
        }

        if (serial != _serial) return;
        ReadOnlySpan<byte> body = page[header..];
        foreach (byte lacing in page[PageHeaderSize..header])
        {
            _packet.Write(body[..lacing]);
            body = body[lacing..];
            if (_packet.Length > MaxPacket) _isDone = true;
            if (lacing == byte.MaxValue) continue; // it goes on
            if (!_isDone) TakePacket(_packet.GetBuffer().AsSpan(0, (int)_packet.Length));
            _packet.SetLength(0);
            if (_isDone) return;
        }
    }

    private static Codec CodecOf(ReadOnlySpan<byte> packet) =>
        packet.StartsWith("\u0001vorbis"u8) ? Codec.Vorbis
        : packet.StartsWith("OpusHead"u8) ? Codec.Opus
        : packet.StartsWith("\u007fFLAC"u8) ? Codec.Flac
        : packet.StartsWith("Speex   "u8) ? Codec.Speex
        : Codec.Unknown;

    /// <summary>The second packet has the tags; FLAC has a packet for each block, and tags may be in any.</summary>
    private void TakePacket(ReadOnlySpan<byte> packet)
    {
        _isDone = _codec != Codec.Flac || ++_packets == MaxPackets;
        if (_codec == Codec.Vorbis && packet.StartsWith("\u0003vorbis"u8)) VorbisComment.Parse(packet[7..], tags);
        else if (_codec == Codec.Opus && packet.StartsWith("OpusTags"u8)) VorbisComment.Parse(packet[8..], tags);
        else if (_codec == Codec.Speex) VorbisComment.Parse(packet, tags);
        else if (_codec == Codec.Flac) TakeBlock(packet);
    }

    private void TakeBlock(ReadOnlySpan<byte> packet)
    {
        const int comment = 4, picture = 6, blockHeaderSize = 4;
        const byte isLast = 0x80, sound = 0xFF;
        if (packet.Length < blockHeaderSize || packet[0] == sound || (packet[0] & isLast) != 0) _isDone = true;
        if (packet.Length < blockHeaderSize || packet[0] == sound) return;
        int type = packet[0] & 0x7F;
        if (type == comment) VorbisComment.Parse(packet[blockHeaderSize..], tags);
        else if (type == picture) FlacPicture.Parse(packet[blockHeaderSize..], tags);
    }
}
