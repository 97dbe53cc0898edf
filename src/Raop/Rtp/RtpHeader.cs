using System.Buffers.Binary;

namespace Raop.Rtp;

/// <summary>The 12 bytes before each audio packet.</summary>
/// <param name="Marker">First packet after RECORD or FLUSH.</param>
/// <param name="PayloadType">0 to 127; audio is 96.</param>
/// <param name="Sequence">One more for each packet, wraps.</param>
/// <param name="Timestamp">RTP time of the first frame, wraps.</param>
/// <param name="Ssrc">Random; receivers do not look at it.</param>
/// <remarks>
/// Layout: RFC 3550 section 5.1. No RAOP sender uses padding, extension or CSRC, and such a packet is refused. Not every AirTunes v1
/// sender writes this over TCP: VLC has F0 FF and ten zero bytes.
/// </remarks>
internal readonly record struct RtpHeader(bool Marker, byte PayloadType, ushort Sequence, uint Timestamp, uint Ssrc)
{
    public const int Size = 12;

    /// <summary>The payload type of audio.</summary>
    public const byte Audio = 96;

    /// <summary>The marker in the second byte.</summary>
    public const byte MarkerBit = 0x80;

    private const byte Version2 = 0x80;

    public static bool TryParse(ReadOnlySpan<byte> packet, out RtpHeader header)
    {
        header = default;
        if (packet.Length < Size || packet[0] != Version2) return false;
        header = new RtpHeader(
            Marker: (packet[1] & MarkerBit) != 0,
            PayloadType: (byte)(packet[1] & ~MarkerBit),
            Sequence: BinaryPrimitives.ReadUInt16BigEndian(packet[2..]),
            Timestamp: BinaryPrimitives.ReadUInt32BigEndian(packet[4..]),
            Ssrc: BinaryPrimitives.ReadUInt32BigEndian(packet[8..]));
        return true;
    }

    public void WriteTo(Span<byte> destination)
    {
        destination[0] = Version2;
        destination[1] = (byte)(Marker ? PayloadType | MarkerBit : PayloadType & ~MarkerBit);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], Sequence);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], Timestamp);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], Ssrc);
    }
}
