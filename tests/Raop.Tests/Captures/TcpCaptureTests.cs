using System.Security.Cryptography;
using System.Text;

namespace Raop.Tests.Captures;

/// <summary>Sessions of real senders over TCP, read from the wire and decoded to the PCM whose digest the capture states.</summary>
public class TcpCaptureTests
{
    [Theory]
    [InlineData("vlc-tcp-rsa.pcap", 1, "ANNOUNCE")]
    [InlineData("pulseaudio-tcp-rsa.pcap", 2, "OPTIONS")]
    public void Connections_are_put_together(string file, int rtspConnections, string firstMethod)
    {
        List<TcpConversation> rtsp = [.. Capture.Load(file).Conversations()];
        Assert.Equal(rtspConnections, rtsp.Count);
        Assert.StartsWith(firstMethod, Encoding.ASCII.GetString(rtsp[0].ToServer), StringComparison.Ordinal);
        Assert.All(rtsp, conversation => Assert.StartsWith("RTSP/1.0 200 OK", Encoding.ASCII.GetString(conversation.ToClient), StringComparison.Ordinal));
    }
}
