using System.Buffers.Binary;
using System.Net;

namespace Raop.Tests.Captures;

/// <summary>Reads the TCP segments of a classic pcap file: little-endian, microseconds, Ethernet, IPv4.</summary>
/// <remarks>Layout: draft-ietf-opsawg-pcap; RFC 791 section 3.1; RFC 9293 section 3.1.</remarks>
internal static class Pcap
{
    private const uint Magic = 0xA1B2C3D4, Ethernet = 1;
    private const int FileHeader = 24, RecordHeader = 16, EthernetHeader = 14, TypeIPv4 = 0x0800, ProtocolTcp = 6;

    /// <exception cref="InvalidDataException">Not such a file, or a record is cut short.</exception>
    public static IReadOnlyList<TcpSegment> ReadTcp(ReadOnlySpan<byte> file)
    {
        if (file.Length < FileHeader || BinaryPrimitives.ReadUInt32LittleEndian(file) != Magic || BinaryPrimitives.ReadUInt32LittleEndian(file[20..]) != Ethernet)
            throw new InvalidDataException("Not a little-endian microsecond Ethernet pcap.");

        List<TcpSegment> segments = [];
        ReadOnlySpan<byte> rest = file[FileHeader..];
        while (!rest.IsEmpty)
        {
            if (rest.Length < RecordHeader) throw new InvalidDataException("The last record's head is cut short.");
            TimeSpan time = TimeSpan.FromSeconds(BinaryPrimitives.ReadUInt32LittleEndian(rest)) +
                TimeSpan.FromMicroseconds(BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]));
            uint captured = BinaryPrimitives.ReadUInt32LittleEndian(rest[8..]), length = BinaryPrimitives.ReadUInt32LittleEndian(rest[12..]);
            if (captured > rest.Length - RecordHeader || captured != length) throw new InvalidDataException("A record is cut short.");
            if (TryReadTcp(rest.Slice(RecordHeader, (int)captured), time, out TcpSegment? segment)) segments.Add(segment!);
            rest = rest[(RecordHeader + (int)captured)..];
        }

        return segments;
    }

    private static bool TryReadTcp(ReadOnlySpan<byte> frame, TimeSpan time, out TcpSegment? segment)
    {
        segment = null;
        if (frame.Length < EthernetHeader + 20 || BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) != TypeIPv4) return false;
        ReadOnlySpan<byte> ip = frame[EthernetHeader..];
        if (ip[9] != ProtocolTcp) return false;
        ReadOnlySpan<byte> tcp = ip[((ip[0] & 15) * 4)..BinaryPrimitives.ReadUInt16BigEndian(ip[2..])]; // without Ethernet's padding
        segment = new TcpSegment(
            time,
            new IPEndPoint(new IPAddress(ip[12..16]), BinaryPrimitives.ReadUInt16BigEndian(tcp)),
            new IPEndPoint(new IPAddress(ip[16..20]), BinaryPrimitives.ReadUInt16BigEndian(tcp[2..])),
            BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]),
            (TcpFlags)tcp[13],
            tcp[((tcp[12] >> 4) * 4)..].ToArray());
        return true;
    }
}

/// <summary>The control bits that matter here (RFC 9293 section 3.1).</summary>
[Flags]
internal enum TcpFlags
{
    None = 0,
    Fin = 1,
    Syn = 2,
    Reset = 4,
    Push = 8,
    Ack = 16,
}

/// <summary>One captured TCP segment.</summary>
/// <param name="Time">Since 1970.</param>
internal sealed record TcpSegment(TimeSpan Time, IPEndPoint Source, IPEndPoint Destination, uint Sequence, TcpFlags Flags, byte[] Payload);
