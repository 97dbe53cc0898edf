using System.Net;
using CsCheck;
using Raop.Audio;
using Raop.Cli;

namespace Raop.Apps.Tests.Cli;

public sealed class TextTests
{
    [Theory]
    [InlineData("local", "", null, true)]
    [InlineData("kitchen", "kitchen", null, false)]
    [InlineData("kitchen.local:5001", "kitchen.local", 5001, false)]
    [InlineData("192.168.1.20", "192.168.1.20", null, false)]
    [InlineData("192.168.1.20:65535", "192.168.1.20", 65535, false)]
    [InlineData("[::1]:5000", "::1", 5000, false)]
    [InlineData("[fe80::1%3]", "fe80::1%3", null, false)]
    [InlineData("fe80::1", "fe80::1", null, false)]
    [InlineData("::1", "::1", null, false)]
    [InlineData("Küche 2.0", "Küche 2.0", null, false)]
    [InlineData("two words", "two words", null, false)]
    [InlineData("5855CA1AE288", "5855CA1AE288", null, false)]
    [InlineData("all", "all", null, false)]
    public void Reads_addresses(string text, string host, int? port, bool isLocal)
    {
        Assert.True(Address.TryParse(text, out Address address, out string? problem), problem);
        Assert.Equal(new Address(host, port, isLocal), address);
    }

    [Theory]
    [InlineData("")]
    [InlineData(":5000")]
    [InlineData("host:")]
    [InlineData("host:0")]
    [InlineData("host:65536")]
    [InlineData("host:-1")]
    [InlineData("host:+5")]
    [InlineData("host: 5")]
    [InlineData("host:5000:1")]
    [InlineData("[::1")]
    [InlineData("[::1]5000")]
    [InlineData("[host]:5000")]
    [InlineData("[]:1")]
    [InlineData("5000")]
    [InlineData("1.2.3")]
    [InlineData("1.2.3.400")]
    [InlineData(" ")]
    [InlineData("Kitchen: left")]
    [InlineData("http://host:5000")]
    [InlineData("host\u001b[2J")]
    public void Refuses_what_is_no_address(string text)
    {
        Assert.False(Address.TryParse(text, out _, out string? problem));
        Assert.EndsWith(".", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Küche 2.0", true, false)]
    [InlineData("kitchen", true, true)]
    [InlineData("kitchen.lan", true, true)]
    [InlineData("kitchen:5000", false, true)]
    [InlineData("192.168.1.20", false, false)]
    [InlineData("fe80::1%3", false, false)]
    [InlineData("local", false, false)]
    [InlineData("all", false, true)]
    public void Tells_names_from_addresses(string text, bool mayBeSpeaker, bool mayBeHost)
    {
        Assert.True(Address.TryParse(text, out Address address, out _));
        Assert.Equal((mayBeSpeaker, mayBeHost, text == "all"), (address.IsName, address.IsHostName, address.IsAll));
    }

    [Fact]
    public void No_text_breaks_the_address_parser() => Gen.String.Sample(static text =>
    {
        if (Address.TryParse(text, out Address address, out string? problem)) _ = address.IsLocal ? null : address.ToEndPoint();
        else Assert.NotEmpty(problem);
    });

    [Fact]
    public void An_address_becomes_an_end_point()
    {
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 5000), new Address("127.0.0.1", null, false).ToEndPoint());
        Assert.Equal(new IPEndPoint(IPAddress.IPv6Loopback, 7), new Address("::1", 7, false).ToEndPoint());
        Assert.Equal(new DnsEndPoint("kitchen", 9), new Address("kitchen", null, false).ToEndPoint(9));
    }

    [Theory]
    [InlineData("100%", 0)]
    [InlineData("50%", -15)]
    [InlineData("50", -15)]
    [InlineData("12.5 %", -26.25)]
    [InlineData("1", -29.7)]
    [InlineData("0", -144)]
    [InlineData("0%", -144)]
    [InlineData("-12dB", -12)]
    [InlineData("-12.5 db", -12.5)]
    [InlineData("-12", -12)]
    [InlineData("0dB", 0)]
    [InlineData("-0", 0)]
    [InlineData("-30dB", -30)]
    [InlineData("mute", -144)]
    public void Reads_volumes(string text, double db)
    {
        Assert.True(VolumeText.TryParse(text, out double read, out string? problem), problem);
        Assert.Equal(db, read, 9);
        Assert.False(double.IsNegative(read) && read == 0);
    }

    [Theory]
    [InlineData("")]
    [InlineData("loud")]
    [InlineData("101")]
    [InlineData("-5%")]
    [InlineData("3dB")]
    [InlineData("-31dB")]
    [InlineData("-144dB")]
    [InlineData("%")]
    [InlineData("dB")]
    [InlineData("NaN")]
    [InlineData("1e1")]
    [InlineData("1,5")]
    public void Refuses_what_is_no_volume(string text)
    {
        Assert.False(VolumeText.TryParse(text, out _, out string? problem));
        Assert.NotEmpty(problem);
    }

    [Theory]
    [InlineData("90", 90)]
    [InlineData("0.25", 0.25)]
    [InlineData("1:30", 90)]
    [InlineData("90:00", 5400)]
    [InlineData("0:01:30.5", 90.5)]
    [InlineData("2:00:00", 7200)]
    [InlineData("1:5", 65)]
    public void Reads_times(string text, double seconds)
    {
        Assert.True(TimeText.TryParse(text, out TimeSpan time, out string? problem), problem);
        Assert.Equal(TimeSpan.FromSeconds(seconds), time);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("1:60")]
    [InlineData("1:60:00")]
    [InlineData("1::00")]
    [InlineData("1:2:3:4")]
    [InlineData("1.5:00")]
    [InlineData("soon")]
    [InlineData("99999999999")]
    [InlineData("Infinity")]
    [InlineData("NaN")]
    [InlineData("1:NaN")]
    public void Refuses_what_is_no_time(string text)
    {
        Assert.False(TimeText.TryParse(text, out _, out string? problem));
        Assert.NotEmpty(problem);
    }

    [Theory]
    [InlineData(0, "0:00")]
    [InlineData(59.9, "0:59")]
    [InlineData(90, "1:30")]
    [InlineData(3723, "1:02:03")]
    public void Writes_times(double seconds, string text) => Assert.Equal(text, TimeText.Format(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData("44100:16:2", 44100, 16, 2)]
    [InlineData("48000:24:1", 48000, 24, 1)]
    [InlineData("96000:32:2", 96000, 32, 2)]
    public void Reads_raw_formats(string text, int rate, int bits, int channels)
    {
        Assert.True(RawFormatText.TryParse(text, out PcmFormat format, out string? problem), problem);
        Assert.Equal(new PcmFormat(rate, bits, channels), format);
    }

    [Theory]
    [InlineData("")]
    [InlineData("44100")]
    [InlineData("44100:16")]
    [InlineData("44100:16:2:1")]
    [InlineData("0:16:2")]
    [InlineData("44100:8:2")]
    [InlineData("44100:16:6")]
    [InlineData("44100:16:-2")]
    [InlineData("cd")]
    public void Refuses_what_is_no_raw_format(string text)
    {
        Assert.False(RawFormatText.TryParse(text, out _, out string? problem));
        Assert.NotEmpty(problem);
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a\u001b[2Jb", "a [2Jb")]
    [InlineData("line\r\nbreak", "line  break")]
    [InlineData("turned\u202Earound", "turned around")]
    [InlineData("Stück 音楽", "Stück 音楽")]
    public void Strangers_do_not_move_the_cursor(string text, string shown) => Assert.Equal(shown, Printable.Clean(text));
}
