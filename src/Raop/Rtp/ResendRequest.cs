using System.Buffers.Binary;

namespace Raop.Rtp;

/// <summary>A receiver asks for audio packets again: 8 bytes to the sender's control port.</summary>
/// <param name="Sequence">The request's own number; every receiver writes 1.</param>
/// <param name="First">Sequence number of the first missing packet.</param>
/// <param name="Count">How many in a row, from 1; a hostile one may say 65,535.</param>
internal readonly record struct ResendRequest(ushort Sequence, ushort First, ushort Count)
{
    public const int Size = 8;

    private const byte Version2 = 0x80, MarkerBit = 0x80;

    public static bool TryParse(ReadOnlySpan<byte> datagram, out ResendRequest request)
    {
        request = default;
        if (datagram.Length < Size || datagram[0] != Version2 || (datagram[1] | MarkerBit) != RtpPacketType.ResendRequest) return false;
        request = new ResendRequest(
            Sequence: BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]),
            First: BinaryPrimitives.ReadUInt16BigEndian(datagram[4..]),
            Count: BinaryPrimitives.ReadUInt16BigEndian(datagram[6..]));
        return true;
    }

    public void WriteTo(Span<byte> destination)
    {
        destination[0] = Version2;
        destination[1] = RtpPacketType.ResendRequest;
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], Sequence);
        BinaryPrimitives.WriteUInt16BigEndian(destination[4..], First);
        BinaryPrimitives.WriteUInt16BigEndian(destination[6..], Count);
    }
}
