using System.Net;
using System.Text;

namespace Raop.Tests.Captures;

public class TcpConversationTests
{
    private static readonly IPEndPoint Client = new(IPAddress.Loopback, 40_000), Server = new(IPAddress.Loopback, 5000);

    [Fact]
    public void Puts_segments_in_order_and_drops_what_came_twice()
    {
        TcpConversation conversation = Assert.Single(TcpConversation.Assemble(
            [
                Up(uint.MaxValue - 1, "", TcpFlags.Syn), // sequence numbers wrap inside the stream
                Up(2, "lo wor"),
                Up(uint.MaxValue, "hell"),
                Up(uint.MaxValue, "hello"),
                Up(8, "ld"),
            ],
            5000));
        Assert.Equal("hello world", Encoding.ASCII.GetString(conversation.ToServer));
        Assert.Equal(["hell", "o wor", "ld"], conversation.Pieces.Select(piece => Encoding.ASCII.GetString(piece.Bytes)));
        Assert.Empty(conversation.ToClient);
    }

    [Fact]
    public void Refuses_a_hole() => Assert.Throws<InvalidDataException>(
        () => TcpConversation.Assemble([Up(0, "", TcpFlags.Syn), Up(1, "a"), Up(3, "c")], 5000));

    [Fact]
    public void Tells_connections_of_the_same_port_apart()
    {
        IReadOnlyList<TcpConversation> conversations = TcpConversation.Assemble(
            [Up(0, "", TcpFlags.Syn), Up(1, "first"), Up(77, "", TcpFlags.Syn), Up(78, "second")], 5000);
        Assert.Equal(["first", "second"], conversations.Select(c => Encoding.ASCII.GetString(c.ToServer)));
    }

    [Fact]
    public void Refuses_every_truncation_of_a_capture()
    {
        byte[] file = File.ReadAllBytes(Path.Combine(Capture.Folder, "vlc-tcp-rsa.pcap"));
        int records = 0;
        for (int length = 0; length < 1_000; length++)
        {
            try
            {
                Pcap.ReadTcp(file.AsSpan(0, length));
                records++; // cut between two records: a shorter capture
            }
            catch (InvalidDataException)
            {
            }
        }

        Assert.InRange(records, 1, 20);
    }

    private static TcpSegment Up(uint sequence, string text, TcpFlags flags = TcpFlags.Ack) =>
        new(TimeSpan.Zero, Client, Server, sequence, flags, Encoding.ASCII.GetBytes(text));
}
