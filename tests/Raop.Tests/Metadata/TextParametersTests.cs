using System.Text;
using CsCheck;
using Raop.Metadata;

namespace Raop.Tests.Metadata;

public sealed class TextParametersTests
{
    [Theory]
    [InlineData("volume: -11.123877\r\n", "volume=-11.123877")]
    [InlineData("volume: -20", "volume=-20")]
    [InlineData("volume\r\n", "volume=")]
    [InlineData("\r\nvolume: 0.000000\r\n\r\n", "volume=0.000000")]
    [InlineData("volume: -1\r\nprogress: 1/2/3\nname :  a:b \r\n", "volume=-1;progress=1/2/3;name=a:b")]
    [InlineData("", "")]
    [InlineData("\r\n \r\n: 5\r\n", "")]
    public void Reads_lines(string body, string expected) =>
        Assert.Equal(expected, string.Join(';', TextParameters.Parse(Encoding.UTF8.GetBytes(body)).Select(p => $"{p.Key}={p.Value}")));

    [Fact]
    public void A_million_lines_end_at_the_limit() =>
        Assert.Equal(TextParameters.MaxCount, TextParameters.Parse(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("a\n", 1_000_000)))).Count);

    [Fact]
    public void No_bytes_throw() => Gen.Byte.Array[0, 200].Sample(body => Assert.InRange(TextParameters.Parse(body).Count, 0, TextParameters.MaxCount), iter: 2_000);
}
