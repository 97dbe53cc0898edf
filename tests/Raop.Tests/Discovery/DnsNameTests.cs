using CsCheck;
using Raop.Discovery;

namespace Raop.Tests.Discovery;

public sealed class DnsNameTests
{
    /// <summary>RFC 1035 section 4.1.4: F.ISI.ARPA at 20, FOO.F.ISI.ARPA at 40, ARPA at 64, the root at 92.</summary>
    [Theory]
    [InlineData(20, "F.ISI.ARPA", 32)]
    [InlineData(40, "FOO.F.ISI.ARPA", 46)]
    [InlineData(64, "ARPA", 66)]
    [InlineData(92, ".", 93)]
    public void Reads_the_names_of_the_standard(int offset, string expected, int after)
    {
        byte[] message = new byte[93];
        DnsPackets.Hex("01460349534904415250 4100".Replace(" ", "", StringComparison.Ordinal)).CopyTo(message, 20);
        DnsPackets.Hex("03464f4fc014").CopyTo(message, 40);
        DnsPackets.Hex("c01a").CopyTo(message, 64);
        Assert.True(DnsName.TryRead(message, ref offset, out DnsName? name));
        Assert.Equal((expected, after), ($"{name}", offset));
    }

    [Theory]
    [InlineData("c000")] // to itself
    [InlineData("c002c000")] // forward, then back
    [InlineData("0161c000")] // round and round
    [InlineData("0161c001")]
    [InlineData("c0")]
    [InlineData("c00400")]
    [InlineData("40")] // reserved kinds of label
    [InlineData("8061")]
    [InlineData("0461")]
    [InlineData("")]
    public void Refuses_what_leads_nowhere(string message)
    {
        int offset = 0;
        Assert.False(DnsName.TryRead(DnsPackets.Hex(message), ref offset, out _));
    }

    [Fact]
    public void Refuses_pointers_in_a_chain_that_never_falls()
    {
        byte[] message = [0, .. Enumerable.Range(0, 200).SelectMany(i => new byte[] { 0xC0, (byte)((2 * i) - 1 < 0 ? 0 : (2 * i) - 1) })];
        int offset = message.Length - 2;
        Assert.True(offset > 255);
        DnsName.TryRead(message, ref offset, out _); // ends
        byte[] pair = [0xC0, 2, 0xC0, 0];
        offset = 2;
        Assert.False(DnsName.TryRead(pair, ref offset, out _));
    }

    /// <summary>A message full of pointers to pointers would cost thousands of steps for each name in it.</summary>
    [Theory]
    [InlineData(127, true)]
    [InlineData(128, false)]
    public void Follows_so_many_pointers_and_no_more(int pointers, bool isName)
    {
        byte[] message = [1, (byte)'a', 0, 0xC0, 0, .. Enumerable.Range(1, pointers - 1).SelectMany(i => new byte[] { (byte)(0xC0 | ((2 * i) + 1) >> 8), (byte)((2 * i) + 1) })];
        int offset = message.Length - 2;
        Assert.Equal(isName, DnsName.TryRead(message, ref offset, out _));
    }

    [Fact]
    public void Takes_255_bytes_and_no_more()
    {
        byte[] label = [63, .. Enumerable.Repeat((byte)'x', 63)];
        byte[] longest = [.. label, .. label, .. label, 61, .. Enumerable.Repeat((byte)'x', 61), 0];
        int offset = 0;
        Assert.True(DnsName.TryRead(longest, ref offset, out DnsName? name));
        Assert.Equal((255, 4), (name.Wire.Length, name.LabelCount));
        Assert.Equal(name, DnsName.Parse($"{name}"));
        Assert.Throws<ArgumentException>(() => name.Prepend("a"));

        byte[] longer = [.. label, .. label, .. label, 62, .. Enumerable.Repeat((byte)'x', 62), 0];
        offset = 0;
        Assert.False(DnsName.TryRead(longer, ref offset, out _));
        Assert.False(DnsName.TryParse(string.Join('.', Enumerable.Repeat(new string('x', 63), 4)), out _));
        Assert.False(DnsName.TryParse(new string('x', 64), out _));
    }

    [Theory]
    [InlineData(@"Küche 2\.0._raop._tcp.local", "Küche 2.0", 4)]
    [InlineData(@"back\\slash.local", @"back\slash", 2)]
    [InlineData(@"tab\009.local.", "tab\t", 2)]
    [InlineData("local", "local", 1)]
    public void Text_has_escapes(string text, string first, int labels)
    {
        DnsName name = DnsName.Parse(text);
        Assert.Equal((first, labels), (name.FirstLabel, name.LabelCount));
        Assert.Equal(text.TrimEnd('.'), $"{name}");
    }

    [Theory]
    [InlineData("a..b")]
    [InlineData(".a")]
    [InlineData(@"a\")]
    [InlineData(@"a\25")]
    [InlineData(@"a\256")]
    public void What_is_no_name_is_refused(string text) => Assert.False(DnsName.TryParse(text, out _));

    [Fact]
    public void Case_counts_for_ascii_alone()
    {
        Assert.Equal(DnsName.Parse("Kitchen.LOCAL"), DnsName.Parse("kitchen.local"));
        Assert.Equal(DnsName.Parse("Kitchen.LOCAL").GetHashCode(), DnsName.Parse("kitchen.local").GetHashCode());
        Assert.NotEqual(DnsName.Parse("KÜCHE.local"), DnsName.Parse("küche.local"));
        Assert.NotEqual(DnsName.Parse("a.b"), DnsName.Parse(@"a\.b"));
        Assert.NotEqual(DnsName.Parse("[.local"), DnsName.Parse("{.local"));
    }

    [Fact]
    public void Knows_what_lies_below()
    {
        DnsName type = DnsName.Parse("_raop._tcp.local"), instance = type.Prepend("Küche 2.0");
        Assert.True(instance.EndsWith(type) && type.EndsWith(type) && instance.EndsWith(DnsName.Root));
        Assert.False(type.EndsWith(instance) || DnsName.Parse(@"x\._raop._tcp.local").EndsWith(type));
        Assert.Equal(type, instance.Parent);
        Assert.Throws<ArgumentException>(() => type.Prepend(""));
        Assert.Throws<ArgumentException>(() => type.Prepend(new string('ü', 32)));
    }

    [Fact]
    public void Any_bytes_survive_as_text() => Gen.Byte.Array[1, 20].Array[1, 5].Sample(labels =>
    {
        byte[] wire = [.. labels.SelectMany(label => (byte[])[(byte)label.Length, .. label]), 0];
        int offset = 0;
        Assert.True(DnsName.TryRead(wire, ref offset, out DnsName? name));
        Assert.Equal(name, DnsName.Parse($"{name}"));
        Assert.True(name.Wire.SequenceEqual(DnsName.Parse($"{name}").Wire));
    });
}
