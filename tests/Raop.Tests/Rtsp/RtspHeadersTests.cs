using System.Buffers;
using System.Text;
using Raop.Rtsp;

namespace Raop.Tests.Rtsp;

public sealed class RtspHeadersTests
{
    [Fact]
    public void Names_have_no_case_and_order_stays()
    {
        RtspHeaders headers = new() { { "CSeq", "1" }, { "Public", "A" }, { "PUBLIC", "B" } };
        Assert.Equal("1", headers["cseq"]);
        Assert.Equal("A", headers["public"]);
        Assert.Equal(["A", "B"], headers.All("Public"));
        headers["public"] = "C";
        Assert.Equal([new("CSeq", "1"), new("public", "C")], headers);
        headers["CSeq"] = null;
        headers["New"] = "x";
        Assert.Equal([new("public", "C"), new("New", "x")], headers);
        Assert.Null(headers["CSeq"]);
    }

    [Theory]
    [InlineData("X", "a\r\nY: b")]
    [InlineData("X", "a\nb")]
    [InlineData("X", "a\0b")]
    [InlineData("X Y", "a")]
    [InlineData("X:", "a")]
    [InlineData("", "a")]
    [InlineData("X\n", "a")]
    public void Nobody_can_smuggle_a_header_in(string name, string value)
    {
        Assert.Throws<ArgumentException>(() => new RtspHeaders { { name, value } });
        Assert.Throws<ArgumentException>(() => new RtspHeaders { [name] = value });
    }

    [Theory]
    [InlineData("OPTIONS", "*\r\nX: y")]
    [InlineData("A\nB", "*")]
    public void Nor_through_the_start_line(string method, string uri) =>
        Assert.Throws<ArgumentException>(() => new RtspRequest(method, uri, []).WriteTo(new ArrayBufferWriter<byte>()));

    [Fact]
    public void Content_length_is_put_right_in_its_place()
    {
        var output = new ArrayBufferWriter<byte>();
        new RtspResponse(200, "OK", new() { { "content-length", "99" }, { "Session", "1" } }, "abc"u8.ToArray()).WriteTo(output);
        Assert.Equal("RTSP/1.0 200 OK\r\ncontent-length: 3\r\nSession: 1\r\n\r\nabc", Encoding.ASCII.GetString(output.WrittenSpan));
    }

    [Fact]
    public void Every_status_has_a_reason()
    {
        int[] named = [200, 400, 401, 403, 404, 405, 406, 408, 409, 413, 415, 431, 451, 453, 454, 455, 456, 461, 470, 500, 501, 503, 505, 520];
        Assert.All(named, code => Assert.NotEqual("Unknown", RtspStatus.Reason(code)));
        Assert.Equal("Unknown", RtspStatus.Reason(299));
    }
}
