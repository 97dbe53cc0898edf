using System.Buffers.Binary;

namespace Raop.Rtp;

/// <summary>The 4 bytes before an audio packet that is sent again.</summary>
internal static class ResentPacket
{
    public const int PrefixSize = 4;

    private const byte Version2 = 0x80, MarkerBit = 0x80;

    /// <summary>Takes the whole original packet, RTP header first, out of a datagram.</summary>
    /// <returns>False for anything else, and for iOS's 8-byte form, which means that it has the packet no more.</returns>
    public static bool TryUnwrap(ReadOnlySpan<byte> datagram, out ReadOnlySpan<byte> packet)
    {
        packet = default;
        if (datagram.Length < PrefixSize + RtpHeader.Size || datagram[0] != Version2 || (datagram[1] | MarkerBit) != RtpPacketType.Resent) return false;
        packet = datagram[PrefixSize..];
        return true;
    }

    /// <summary>Writes the 4 bytes.</summary>
    /// <param name="destination">Before the packet.</param>
    /// <param name="sequence">The packet's own number, as pyatv has it; receivers do not look.</param>
    public static void WritePrefix(Span<byte> destination, ushort sequence)
    {
        destination[0] = Version2;
        destination[1] = RtpPacketType.Resent;
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], sequence);
    }
}
