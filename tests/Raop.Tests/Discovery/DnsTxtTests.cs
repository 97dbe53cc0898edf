using System.Text;
using Raop.Discovery;

namespace Raop.Tests.Discovery;

public sealed class DnsTxtTests
{
    /// <summary>Hundreds of long records are looked at each time that one changes.</summary>
    [Fact]
    public void A_record_is_read_once()
    {
        var text = new DnsText(DnsTxt.Write(["a=1"]));
        Assert.Same(text.Values, text.Values);
    }

    /// <summary>Of a tie's message every record is written so.</summary>
    [Fact]
    public void A_small_record_takes_little_room_to_compare()
    {
        DnsData[] all = [new DnsAddress(System.Net.IPAddress.Loopback), new DnsService(DnsName.Parse("one.local"), 5000), new DnsPointer(DnsName.Parse("one.local"))];
        Assert.All(all, static data => data.ToBytes());
        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (DnsData data in all) data.ToBytes();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 3000);
    }

    /// <summary>RFC 6763 sections 6.3 and 6.4: what "passreq", "passreq=" and none mean, and which of two counts.</summary>
    [Fact]
    public void Keys_are_read_as_the_standard_says()
    {
        IReadOnlyDictionary<string, string> txt = DnsTxt.Parse(DnsTxt.Write(["PaperSize=A4", "passreq", "empty=", "papersize=A3", "=x", "", "a=b=c", "näh=1"]));
        Assert.Equal(
            new Dictionary<string, string> { ["papersize"] = "A4", ["passreq"] = "", ["empty"] = "", ["a"] = "b=c" }, txt);
    }

    [Fact]
    public void Strings_are_as_long_as_their_length_byte_says()
    {
        Assert.Equal("\u0009txtvers=1\u0006cn=0,1"u8.ToArray(), DnsTxt.Write(["txtvers=1", "cn=0,1"]));
        Assert.Equal([0], DnsTxt.Write([]));
        Assert.Empty(DnsTxt.Parse([0]));
        Assert.Empty(DnsTxt.Parse([]));
        Assert.Equal("1", DnsTxt.Parse([200, (byte)'a', (byte)'=', (byte)'1'])["a"]); // a length that leads past the end
        Assert.Equal(256, DnsTxt.Write([new string('x', 255)]).Length);
        Assert.Throws<ArgumentException>(() => DnsTxt.Write([new string('ü', 128)]));
    }

    [Fact]
    public void A_record_full_of_keys_is_cut()
    {
        byte[] many = [.. Enumerable.Range(0, 5000).SelectMany(i => DnsTxt.Write([$"{i}=1"]))];
        Assert.Equal(128, DnsTxt.Parse(many).Count);
        Assert.Equal("\uFFFD", DnsTxt.Parse([3, (byte)'a', (byte)'=', 0xFF])["a"]);
        Assert.Equal("ü", DnsTxt.Parse([4, (byte)'a', (byte)'=', .. Encoding.UTF8.GetBytes("ü")])["a"]);
    }
}
