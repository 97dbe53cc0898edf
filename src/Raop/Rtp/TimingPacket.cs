using System.Buffers.Binary;

namespace Raop.Rtp;

/// <summary>A question for the sender's time, or its answer: 32 bytes between the timing ports.</summary>
/// <param name="IsReply">Answer or question.</param>
/// <param name="Sequence">7 in the question, copied into the answer. PipeWire answers only a question with 7.</param>
/// <param name="Origin">In an answer: the question's <paramref name="Transmit"/>. NTP 32.32 fixed point, as all three.</param>
/// <param name="Receive">In an answer: the sender's clock when the question came.</param>
/// <param name="Transmit">In a question: anything by which the receiver knows it again. In an answer: the sender's clock when it left.</param>
internal readonly record struct TimingPacket(bool IsReply, ushort Sequence, ulong Origin, ulong Receive, ulong Transmit)
{
    public const int Size = 32;

    /// <summary>What every receiver writes into <see cref="Sequence"/>.</summary>
    public const ushort UsualSequence = 7;

    private const byte Version2 = 0x80, MarkerBit = 0x80;

    public static bool TryParse(ReadOnlySpan<byte> datagram, out TimingPacket packet)
    {
        packet = default;
        if (datagram.Length < Size || datagram[0] != Version2 || (datagram[1] | MarkerBit) is not (RtpPacketType.TimingRequest or RtpPacketType.TimingReply)) return false;
        packet = new TimingPacket(
            IsReply: (datagram[1] | MarkerBit) == RtpPacketType.TimingReply,
            Sequence: BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]),
            Origin: BinaryPrimitives.ReadUInt64BigEndian(datagram[8..]),
            Receive: BinaryPrimitives.ReadUInt64BigEndian(datagram[16..]),
            Transmit: BinaryPrimitives.ReadUInt64BigEndian(datagram[24..]));
        return true;
    }

    public void WriteTo(Span<byte> destination)
    {
        destination[0] = Version2;
        destination[1] = IsReply ? RtpPacketType.TimingReply : RtpPacketType.TimingRequest;
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], Sequence);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], 0);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Origin);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], Receive);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], Transmit);
    }
}
