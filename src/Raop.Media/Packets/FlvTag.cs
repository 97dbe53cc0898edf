using System.Buffers.Binary;

namespace Raop.Media.Packets;

/// <summary>
/// An audio tag of FLV, the container in which ffmpeg takes raw AAC packets with a time for each and gives PCM back with the same times.
/// </summary>
/// <remarks>
/// Layout: Adobe Flash Video File Format Specification 10.1, annex E. After the file's head of 13 bytes tags follow: type (8 audio), length in 24 bits, ms
/// in 24 bits and 8 higher ones, stream 0 in 24 bits, the data, and the tag's length in 32 bits. The data begins with a byte of format.
/// </remarks>
internal static class FlvTag
{
    /// <summary>Bytes before the data.</summary>
    public const int HeadSize = 11;

    /// <summary>Bytes after it.</summary>
    public const int TailSize = 4;

    /// <summary>Bytes of a file's head and of the tag length, 0, that comes before the first tag.</summary>
    public const int FileHeadSize = 13;

    public const byte Audio = 8;

    /// <summary>First byte of AAC's data; the second says what follows.</summary>
    public const byte Aac = 0xAF;

    public const byte AacConfiguration = 0, AacPacket = 1;

    /// <summary>The head of a file that has audio alone.</summary>
    public static ReadOnlySpan<byte> FileHead => [(byte)'F', (byte)'L', (byte)'V', 1, 4, 0, 0, 0, 9, 0, 0, 0, 0];

    /// <summary>Bytes of a tag with AAC.</summary>
    public static int AacSize(int payload) => HeadSize + 2 + payload + TailSize;

    /// <summary>Writes a tag with AAC.</summary>
    /// <returns>Its bytes.</returns>
    public static int WriteAac(Span<byte> to, byte kind, uint milliseconds, ReadOnlySpan<byte> payload)
    {
        int length = payload.Length + 2;
        BinaryPrimitives.WriteUInt32BigEndian(to, ((uint)Audio << 24) | (uint)length);
        BinaryPrimitives.WriteUInt32BigEndian(to[4..], (milliseconds << 8) | (milliseconds >> 24)); // the upper eight bits come last
        to[8..HeadSize].Clear();
        (to[HeadSize], to[HeadSize + 1]) = (Aac, kind);
        payload.CopyTo(to[(HeadSize + 2)..]);
        BinaryPrimitives.WriteUInt32BigEndian(to[(HeadSize + length)..], (uint)(HeadSize + length));
        return HeadSize + length + TailSize;
    }

    /// <summary>Reads a tag's head.</summary>
    public static (byte Type, int Length, uint Milliseconds) ReadHead(ReadOnlySpan<byte> head) =>
        (head[0], (head[1] << 16) | (head[2] << 8) | head[3], ((uint)head[7] << 24) | ((uint)head[4] << 16) | ((uint)head[5] << 8) | head[6]);
}
