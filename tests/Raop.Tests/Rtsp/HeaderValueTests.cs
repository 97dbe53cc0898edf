using System.Net;
using CsCheck;
using Raop.Rtsp;

namespace Raop.Tests.Rtsp;

public sealed class HeaderValueTests
{
    [Theory]
    [InlineData("rtsp://10.0.1.101/3172942895", "3172942895", "/3172942895")]
    [InlineData("rtsp://fe80::217:f2ff:fe0f:e0f6/3413821438", "3413821438", "/3413821438")]
    [InlineData("rtsp://[fe80::1]:5000/34/", "34", "/34/")]
    [InlineData("rtsp://host", "", "/")]
    [InlineData("*", "*", "*")]
    [InlineData("/auth-setup", "auth-setup", "/auth-setup")]
    [InlineData("rtsp://host/feedback?x=/1", "feedback", "/feedback")]
    [InlineData("", "", "/")]
    public void Takes_uris_apart(string uri, string last, string path)
    {
        Assert.Equal(last, RtspUri.LastSegment(uri));
        Assert.Equal(path, RtspUri.Path(uri));
    }

    [Theory]
    [InlineData("10.0.1.101", "rtsp://10.0.1.101/7")]
    [InlineData("::ffff:10.0.1.101", "rtsp://10.0.1.101/7")]
    [InlineData("fe80::1%3", "rtsp://[fe80::1]/7")]
    public void Makes_session_uris(string address, string uri) => Assert.Equal(uri, RtspUri.Session(IPAddress.Parse(address), "7"));

    [Theory]
    [InlineData("RTP/AVP/TCP;unicast;interleaved=0-1;mode=record", true, null, null, null)] // iTunes 4.6
    [InlineData("RTP/AVP/TCP;unicast;interleaved=0-1;mode=record;server_port=6000", true, 6000, null, null)] // AirPort Express
    [InlineData("RTP/AVP/UDP;unicast;mode=record;server_port=53561;control_port=63379;timing_port=50607", false, 53561, 63379, 50607)] // Apple TV 2
    [InlineData("RTP/AVP/UDP;unicast;mode=record;timing_port=60384;control_port=49945", false, null, 49945, 60384)] // iOS
    [InlineData(" server_port = 6001 ; RTP/AVP/TCP ; ; unicast", true, 6001, null, null)]
    [InlineData("rtp/avp;control_port=6001-6002;timing_port=0", false, null, 6001, 0)]
    [InlineData("RTP/AVP/UDP;server_port=65536;control_port=-1;timing_port", false, null, null, null)]
    [InlineData("RTP/AVP/TCP;server_port=1,RTP/AVP/UDP;control_port=2", true, 1, null, null)]
    public void Reads_transports(string text, bool tcp, int? server, int? control, int? timing)
    {
        Assert.True(TransportHeader.TryParse(text, out TransportHeader? header));
        Assert.Equal((tcp, !tcp), (header.IsTcp, header.IsUdp));
        Assert.Equal((server, control, timing), (header.ServerPort, header.ControlPort, header.TimingPort));
        Assert.True(TransportHeader.TryParse(header.ToString(), out TransportHeader? again));
        Assert.Equal(header.Tokens, again.Tokens);
    }

    [Fact]
    public void Writes_the_transports_of_the_published_session()
    {
        Assert.Equal("RTP/AVP/TCP;unicast;interleaved=0-1;mode=record", TransportHeader.Tcp().ToString());
        TransportHeader answer = TransportHeader.Tcp(6000);
        Assert.Equal("RTP/AVP/TCP;unicast;interleaved=0-1;mode=record;server_port=6000", answer.ToString());
        Assert.Equal("record", answer["MODE"]);
        Assert.Null(answer["unicast"]);
        Assert.True(answer.Has("unicast"));
        Assert.False(answer.Has("multicast"));
        Assert.Null(answer["absent"]);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(";;;")]
    [InlineData("unicast;mode=record")]
    public void Refuses_what_names_no_transport(string? text) => Assert.False(TransportHeader.TryParse(text, out _));

    [Fact]
    public void A_million_tokens_are_refused() => Assert.False(TransportHeader.TryParse("RTP/AVP/TCP" + string.Concat(Enumerable.Repeat(";a", 1_000_000)), out _));

    [Theory]
    [InlineData("seq=40701;rtptime=2135662502", 40701, 2135662502u)]
    [InlineData("rtptime=1147914212", null, 1147914212u)]
    [InlineData(" rtptime = 4294967295 ; SEQ=65535 ", 65535, 4294967295u)]
    [InlineData("url=rtsp://x/1;seq=0", 0, null)]
    public void Reads_RTP_info(string text, int? seq, uint? time)
    {
        Assert.True(RtpInfoHeader.TryParse(text, out RtpInfoHeader header));
        Assert.Equal(((ushort?)seq, time), (header.Seq, header.RtpTime));
    }

    [Theory]
    [InlineData("")]
    [InlineData("seq")]
    [InlineData("seq=65536")]
    [InlineData("seq=-1")]
    [InlineData("seq=1;rtptime=4294967296")]
    [InlineData("seq=1;rtptime=abc")]
    [InlineData("other=1")]
    public void Refuses_broken_RTP_info(string text) => Assert.False(RtpInfoHeader.TryParse(text, out _));

    [Fact]
    public void RTP_info_reads_what_it_wrote() => Gen.Select(Gen.UShort, Gen.UInt, Gen.Int[0, 2]).Sample((seq, time, kind) =>
    {
        var header = new RtpInfoHeader(kind == 1 ? null : seq, kind == 2 ? null : time);
        Assert.True(RtpInfoHeader.TryParse(header.ToString(), out RtpInfoHeader read));
        Assert.Equal(header, read);
    }, iter: 500);
}
