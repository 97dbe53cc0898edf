using System.Buffers.Binary;
using System.Net;

namespace Raop.Tests.Captures;

/// <summary>Reads the TCP segments and the UDP datagrams of a classic pcap file: little-endian, microseconds, Ethernet, IPv4.</summary>
/// <remarks>Layout: draft-ietf-opsawg-pcap; RFC 791 section 3.1; RFC 9293 section 3.1; RFC 768.</remarks>
internal static class Pcap
{
    private const uint Magic = 0xA1B2C3D4, Ethernet = 1;
    private const int FileHeader = 24, RecordHeader = 16, EthernetHeader = 14, LeastIpHeader = 20, TypeIPv4 = 0x0800;
    private const byte ProtocolTcp = 6, ProtocolUdp = 17;
    private const int LeastTcpHeader = 20, UdpHeader = 8, MoreFragments = 0x2000, FragmentOffset = 0x1FFF;

    /// <exception cref="InvalidDataException">Not such a file, or a record is cut short.</exception>
    public static IReadOnlyList<TcpSegment> ReadTcp(ReadOnlySpan<byte> file)
    {
        List<TcpSegment> segments = [];
        foreach (Packet packet in ReadIp(file, ProtocolTcp, LeastTcpHeader))
        {
            ReadOnlySpan<byte> tcp = packet.Body;
            segments.Add(new TcpSegment(
                packet.Time,
                packet.Source,
                packet.Destination,
                BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]),
                (TcpFlags)tcp[13],
                tcp[((tcp[12] >> 4) * 4)..].ToArray()));
        }

        return segments;
    }

    /// <exception cref="InvalidDataException">Not such a file, a record is cut short, or a datagram came in fragments.</exception>
    public static IReadOnlyList<UdpDatagram> ReadUdp(ReadOnlySpan<byte> file)
    {
        List<UdpDatagram> datagrams = [];
        foreach (Packet packet in ReadIp(file, ProtocolUdp, UdpHeader))
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(packet.Body.AsSpan(4));
            if (length < UdpHeader || length > packet.Body.Length) throw new InvalidDataException("A datagram is cut short.");
            datagrams.Add(new UdpDatagram(packet.Time, packet.Source, packet.Destination, packet.Body[UdpHeader..length]));
        }

        return datagrams;
    }

    private static List<Packet> ReadIp(ReadOnlySpan<byte> file, byte protocol, int leastBody)
    {
        if (file.Length < FileHeader || BinaryPrimitives.ReadUInt32LittleEndian(file) != Magic || BinaryPrimitives.ReadUInt32LittleEndian(file[20..]) != Ethernet)
            throw new InvalidDataException("Not a little-endian microsecond Ethernet pcap.");

        List<Packet> packets = [];
        ReadOnlySpan<byte> rest = file[FileHeader..];
        while (!rest.IsEmpty)
        {
            if (rest.Length < RecordHeader) throw new InvalidDataException("The last record's head is cut short.");
            TimeSpan time = TimeSpan.FromSeconds(BinaryPrimitives.ReadUInt32LittleEndian(rest)) +
                TimeSpan.FromMicroseconds(BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]));
            uint captured = BinaryPrimitives.ReadUInt32LittleEndian(rest[8..]), length = BinaryPrimitives.ReadUInt32LittleEndian(rest[12..]);
            if (captured > rest.Length - RecordHeader || captured != length) throw new InvalidDataException("A record is cut short.");
            if (ReadIp(rest.Slice(RecordHeader, (int)captured), time, protocol, leastBody) is { } packet) packets.Add(packet);
            rest = rest[(RecordHeader + (int)captured)..];
        }

        return packets;
    }

    /// <returns>Null for another protocol.</returns>
    private static Packet? ReadIp(ReadOnlySpan<byte> frame, TimeSpan time, byte protocol, int leastBody)
    {
        if (frame.Length < EthernetHeader + LeastIpHeader || BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) != TypeIPv4) return null;
        ReadOnlySpan<byte> ip = frame[EthernetHeader..];
        if (ip[9] != protocol) return null;
        int header = (ip[0] & 15) * 4, length = BinaryPrimitives.ReadUInt16BigEndian(ip[2..]); // what follows is Ethernet's padding
        if (length > ip.Length || length < header + leastBody) throw new InvalidDataException("An IP packet is cut short.");
        if ((BinaryPrimitives.ReadUInt16BigEndian(ip[6..]) & (MoreFragments | FragmentOffset)) != 0) throw new InvalidDataException("An IP packet is a fragment.");
        byte[] body = ip[header..length].ToArray();
        return new Packet(
            time,
            new IPEndPoint(new IPAddress(ip[12..16]), BinaryPrimitives.ReadUInt16BigEndian(body)),
            new IPEndPoint(new IPAddress(ip[16..20]), BinaryPrimitives.ReadUInt16BigEndian(body.AsSpan(2))),
            body);
    }

    /// <param name="Body">From the TCP or UDP header on: both begin with the two ports.</param>
    private sealed record Packet(TimeSpan Time, IPEndPoint Source, IPEndPoint Destination, byte[] Body);
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

/// <summary>One captured datagram.</summary>
/// <param name="Time">Since 1970.</param>
internal sealed record UdpDatagram(TimeSpan Time, IPEndPoint Source, IPEndPoint Destination, byte[] Payload);
