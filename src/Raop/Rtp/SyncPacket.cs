using System.Buffers.Binary;

namespace Raop.Rtp;

/// <summary>Ties the sender's clock to the RTP time line: 20 bytes to the receiver's control port, once a second.</summary>
/// <param name="IsFirst">First one after RECORD or FLUSH (the extension bit). Not every sender sets it: do not depend on it.</param>
/// <param name="Flags">The field where RTP has its sequence number: 7 from iTunes and all open senders, 4 from iOS and macOS.</param>
/// <param name="PlayNow">RTP time, in frames, said to be played now: <paramref name="Next"/> less the notified latency.</param>
/// <param name="NtpTime">The sender's clock, NTP 32.32 fixed point, any epoch.</param>
/// <param name="Next">RTP time of the next audio packet, in frames.</param>
/// <remarks>docs/protocol/README.md; captured: 90d40007 3e93bbf3 83b08f19 ba24ea9b 3e95147b.</remarks>
internal readonly record struct SyncPacket(bool IsFirst, ushort Flags, uint PlayNow, ulong NtpTime, uint Next)
{
    public const int Size = 20;

    /// <summary>What open senders write into <see cref="Flags"/>.</summary>
    public const ushort UsualFlags = 7;

    private const byte Version2 = 0x80, MarkerBit = 0x80, ExtensionBit = 0x10;

    public static bool TryParse(ReadOnlySpan<byte> datagram, out SyncPacket packet)
    {
        packet = default;
        if (datagram.Length < Size || (datagram[0] & ~ExtensionBit) != Version2 || (datagram[1] | MarkerBit) != RtpPacketType.Sync) return false;
        packet = new SyncPacket(
            IsFirst: (datagram[0] & ExtensionBit) != 0,
            Flags: BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]),
            PlayNow: BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]),
            NtpTime: BinaryPrimitives.ReadUInt64BigEndian(datagram[8..]),
            Next: BinaryPrimitives.ReadUInt32BigEndian(datagram[16..]));
        return true;
    }

    public void WriteTo(Span<byte> destination)
    {
        destination[0] = IsFirst ? (byte)(Version2 | ExtensionBit) : Version2;
        destination[1] = RtpPacketType.Sync;
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], Flags);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], PlayNow);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], NtpTime);
        BinaryPrimitives.WriteUInt32BigEndian(destination[16..], Next);
    }
}
