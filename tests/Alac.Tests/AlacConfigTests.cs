namespace Alac.Tests;

public sealed class AlacConfigTests
{
    // a=fmtp:96 352 0 16 40 10 14 2 255 0 0 44100
    private const string Cookie = "000001600010280a0e0200ff00000000000000000000ac44";
    private const string Frma = "0000000c66726d61616c6163", AlacAtom = "00000024616c616300000000";
    private static readonly AlacConfig AirTunes2 = new() { FrameLength = 352 };

    [Theory]
    [InlineData(Cookie)]
    [InlineData(AlacAtom + Cookie)]
    [InlineData(Frma + AlacAtom + Cookie)]
    [InlineData(Cookie + "0000000000000000")]
    public void Reads_a_cookie_in_every_wrapping(string hex)
    {
        Assert.True(AlacConfig.TryParse(Convert.FromHexString(hex), out AlacConfig? config));
        Assert.Equal(AirTunes2, config);
    }

    [Fact]
    public void Writes_the_cookie_of_AirTunes()
    {
        byte[] cookie = new byte[AlacConfig.CookieSize];
        AirTunes2.WriteTo(cookie);
        Assert.Equal(Cookie, Convert.ToHexStringLower(cookie));
    }

    [Theory]
    [InlineData(Cookie)]
    [InlineData(Frma + AlacAtom + Cookie)]
    public void Refuses_every_truncation(string hex)
    {
        byte[] cookie = Convert.FromHexString(hex);
        Assert.All(Enumerable.Range(0, cookie.Length), length => Assert.False(AlacConfig.TryParse(cookie.AsSpan(0, length), out _)));
    }

    [Theory]
    [InlineData(0, "00000000")] // no frames
    [InlineData(0, "00004001")] // more than 16,384 frames
    [InlineData(0, "ffffffff")]
    [InlineData(4, "01")] // a later version
    [InlineData(5, "08")] // 8 bit
    [InlineData(8, "00")] // kb = 0
    [InlineData(8, "20")]
    [InlineData(9, "00")] // no channels
    [InlineData(9, "06")] // 5.1
    [InlineData(20, "00000000")] // no rate
    [InlineData(20, "80000000")]
    public void Refuses_what_cannot_be_decoded(int offset, string hex)
    {
        byte[] cookie = Convert.FromHexString(Cookie);
        Convert.FromHexString(hex).CopyTo(cookie, offset);
        Assert.False(AlacConfig.TryParse(cookie, out AlacConfig? config));
        Assert.Null(config);
        AlacConfig read = AlacConfig.Read(cookie)!;
        Assert.Throws<ArgumentException>(() => new AlacDecoder(read));
        Assert.Throws<ArgumentException>(() => new AlacEncoder(read));
    }

    [Fact]
    public void Knows_the_sizes_of_AirTunes_packets()
    {
        Assert.Equal(1416, AirTunes2.MaxPacketSize);
        Assert.Equal(16_392, new AlacConfig().MaxPacketSize);
        Assert.Equal(4, AirTunes2.BytesPerFrame);
        Assert.Equal(6, (AirTunes2 with { BitDepth = 20 }).BytesPerFrame);
        Assert.Equal(1408, AirTunes2.MaxPcmSize);
    }
}
