using System.Net;
using System.Text;

namespace Raop.Tests.Captures;

public class UdpConversationTests
{
    private static readonly IPAddress Here = IPAddress.Loopback;

    private static readonly TcpConversation Rtsp = new()
    {
        Opened = TimeSpan.FromSeconds(100), Client = new IPEndPoint(Here, 40_000), Server = new IPEndPoint(Here, 5000), ToServer = [], ToClient = [], Pieces = [],
    };

    [Fact]
    public void Tells_the_two_directions_apart_and_counts_from_the_connection()
    {
        UdpConversation udp = Assemble(Datagram(101, 7, 6003, "audio"), Datagram(102, 6004, 6001, "again"), Datagram(102.5, 6001, 6004, "there"));
        Assert.Equal(
            [(1, true, 7, 6003, "audio"), (2, false, 6004, 6001, "again"), (2.5, true, 6001, 6004, "there")],
            udp.Pieces.Select(piece => (piece.At.TotalSeconds, piece.FromSender, piece.SourcePort, piece.DestinationPort, Encoding.ASCII.GetString(piece.Bytes))));
        Assert.Equal("there", Encoding.ASCII.GetString(Assert.Single(udp.To(udp.ReceiverControlPort)).Bytes));
    }

    [Fact]
    public void Refuses_a_datagram_to_nobody() => Assert.Throws<InvalidDataException>(() => Assemble(Datagram(101, 6001, 6006, "?")));

    [Theory]
    [InlineData("vlc-tcp-rsa.pcap")] // no UDP
    [InlineData("node-airtunes2-udp-rsa-password.pcap")] // no session
    public Task Refuses_a_capture_without_a_session_over_udp(string file) =>
        Assert.ThrowsAsync<InvalidDataException>(() => UdpConversation.ReadAsync(Capture.Load(file)));

    [Fact]
    public void Refuses_every_truncation_of_a_capture()
    {
        byte[] file = File.ReadAllBytes(Path.Combine(Capture.Folder, "cliraop-udp-rsa-alac-password.pcap"));
        int records = 0;
        for (int length = 0; length < 1_000; length++)
        {
            try
            {
                Pcap.ReadUdp(file.AsSpan(0, length));
                records++; // cut between two records: a shorter capture
            }
            catch (InvalidDataException)
            {
            }
        }

        Assert.InRange(records, 1, 20);
    }

    private static UdpConversation Assemble(params UdpDatagram[] datagrams) => UdpConversation.Assemble(datagrams, Rtsp, (6001, 6002), (6003, 6004, 6005));

    private static UdpDatagram Datagram(double seconds, int source, int destination, string text) =>
        new(TimeSpan.FromSeconds(seconds), new IPEndPoint(Here, source), new IPEndPoint(Here, destination), Encoding.ASCII.GetBytes(text));
}
