using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using CsCheck;
using Raop.Metadata;
using Raop.Tests.Security;

namespace Raop.Tests.Metadata;

public sealed class DmapTests
{
    private static readonly TrackInfo Track = new()
    {
        Title = "Café", Artist = "Artist", Album = "Album", Duration = TimeSpan.FromMilliseconds(215_000), TrackNumber = 7,
    };

    private static readonly TrackInfo Full = new()
    {
        Title = "題名 🎵", Artist = "B", Album = "C", AlbumArtist = "D", Composer = "E", Genre = "F", Year = 1984, TrackNumber = 1, TrackCount = 12, DiscNumber = 2,
        DiscCount = 3, Duration = TimeSpan.FromMilliseconds(1),
    };

    /// <summary>Letters of every length in UTF-8, no control characters.</summary>
    private static readonly Gen<string?> Text = Gen.OneOf(
        Gen.Const((string?)null),
        Gen.Int[0x20, 0x10FFFF].Where(static c => c is < 0x7F or > 0x9F and < 0xD800 or > 0xDFFF).Array[1, 60].Select(static string? (runes) => string.Concat(runes.Select(char.ConvertFromUtf32))));

    private static readonly Gen<int> Number = Gen.OneOf(Gen.Const(0), Gen.Int[1, ushort.MaxValue]);

    private static readonly Gen<TrackInfo> Tracks = Gen.Select(
        Text.Array[6], Number.Array[5], Gen.OneOf(Gen.Const(0u), Gen.UInt[1, uint.MaxValue]),
        static (texts, numbers, length) => new TrackInfo
        {
            Title = texts[0], Artist = texts[1], Album = texts[2], AlbumArtist = texts[3], Composer = texts[4], Genre = texts[5],
            Year = numbers[0], TrackNumber = numbers[1], TrackCount = numbers[2], DiscNumber = numbers[3], DiscCount = numbers[4],
            Duration = length == 0 ? null : TimeSpan.FromMilliseconds(length),
        });

    [Fact]
    public void Reads_and_writes_the_vector()
    {
        JsonElement vector = MetadataVectors.Get("dmap-mlit");
        byte[] body = vector.Hex("body_hex");
        Assert.Equal(vector.GetProperty("content_length").GetInt32(), body.Length);
        Assert.Equal(Track, Read(body));
        Assert.Equal(body, Dmap.Write(Track));
    }

    [Fact]
    public void Every_truncation_gives_what_was_whole()
    {
        byte[] body = Dmap.Write(Full, coverFollows: true);
        TrackInfo last = new();
        for (int length = 0; length < body.Length; length++)
        {
            bool isDmap = Dmap.TryParse(body.AsSpan(0, length), out TrackInfo? track);
            Assert.Equal(length >= 8, isDmap);
            if (!isDmap) continue;
            Assert.True(Known(track!) >= Known(last), $"{length} bytes say less than {length - 1}.");
            Assert.All(Texts(track!), text => Assert.True(text is null || Texts(Full).Contains(text), $"'{text}' at {length} bytes."));
            last = track!;
        }

        Assert.Equal(Full, Read(body));
    }

    [Fact]
    public void Round_trips() => Tracks.Sample(static track => track == Read(Dmap.Write(track, coverFollows: track.Year > 1000)));

    [Fact]
    public void Survives_flipped_bits_and_garbage()
    {
        byte[] whole = Dmap.Write(Full);
        Gen.Select(Gen.Int[0, (whole.Length * 8) - 1].Array[1, 8], Gen.Int[0, whole.Length]).Sample((bits, length) =>
        {
            byte[] body = [.. whole];
            foreach (int bit in bits) body[bit / 8] ^= (byte)(1 << (bit % 8));
            if (Dmap.TryParse(body.AsSpan(0, length), out TrackInfo? track)) AssertSane(track);
        });
        Gen.Byte.Array[0, 300].Sample(static garbage =>
        {
            if (Dmap.TryParse(garbage, out TrackInfo? track)) AssertSane(track);
            if (Dmap.TryParse([.. "mlit\0\u0001\0\0"u8, .. garbage], out track)) AssertSane(track);
        });
    }

    [Fact]
    public void An_empty_listing_wipes_everything_out()
    {
        Assert.Equal(new TrackInfo(), Read("mlit\0\0\0\0"u8));
        byte[] wiped = Dmap.Write(null);
        Assert.Equal(new TrackInfo(), Read(wiped));
        Assert.Equal(["mikd", "minm", "asar", "asal"], Tags(wiped)); // each is there, so that none is left over
    }

    [Fact]
    public void The_kind_comes_first_and_a_station_is_a_stream()
    {
        Assert.Equal(["mikd", "asdk", "minm", "asar", "asal", "ased", "asac"], Tags(Dmap.Write(new TrackInfo { Title = "News" }, coverFollows: true)));
        Assert.DoesNotContain("asdk", Tags(Dmap.Write(Track)));
    }

    [Fact]
    public void The_length_of_a_number_is_the_senders_choice()
    {
        TrackInfo track = Read(Listing([.. Item("asyr", 0, 0, 7, 192), .. Item("astn", 9), .. Item("astc", 0, 0, 0, 0, 0, 0, 0, 12), .. Item("asdn"), .. Item("astm", 1, 0)]));
        Assert.Equal((1984, 9, 12, 0, TimeSpan.FromMilliseconds(256)), (track.Year, track.TrackNumber, track.TrackCount, track.DiscNumber, track.Duration));
        track = Read(Listing([.. Item("asyr", 1, 0, 0), .. Item("astm", 1, 0, 0, 0, 0), .. Item("astn", new byte[9])]));
        Assert.Equal(new TrackInfo(), track); // too large to be true
    }

    [Fact]
    public void The_first_of_two_counts_and_a_length_beyond_the_end_ends_the_reading()
    {
        byte[] beyond = [.. Item("minm", (byte)'A'), .. Item("minm", (byte)'B'), .. "asar\u007f\u007f\u007f\u007fX"u8, .. Item("asal", (byte)'C')];
        Assert.Equal(new TrackInfo { Title = "A" }, Read(Listing(beyond)));
        Assert.Equal(new TrackInfo { Title = "A" }, Read([.. "mlit\u007f\u007f\u007f\u007f"u8, .. beyond]));
    }

    [Fact]
    public void Containers_may_lie_in_containers_but_not_endlessly()
    {
        byte[] title = Item("minm", (byte)'A');
        Assert.Equal("A", Read(Listing(Listing(title))).Title);
        byte[] deep = title;
        for (int i = 0; i < 4000; i++) deep = Listing(deep);
        Assert.Null(Read(deep).Title);
        Assert.Equal("A", Read(title).Title); // a body without a listing around it
    }

    [Fact]
    public void Texts_end_at_a_mark_and_at_a_limit_between_two_letters()
    {
        Assert.Equal("A", Read(Listing(Item("minm", (byte)'A', 0, 0))).Title);
        Assert.Null(Read(Listing(Item("minm", 0))).Title);
        Assert.Equal("A\uFFFDB", Read(Listing(Item("minm", (byte)'A', 0xC3, (byte)'B'))).Title);
        string longest = new string('x', Dmap.MaxText - 2) + "🎵🎵";
        Assert.Equal(new string('x', Dmap.MaxText - 2), Read(Dmap.Write(new TrackInfo { Title = longest })).Title);
        Assert.Equal(new string('x', Dmap.MaxText - 2), Read(Listing(Item("minm", Encoding.UTF8.GetBytes(longest)))).Title);
        Assert.InRange(Read(Listing(Item("minm", [.. Enumerable.Repeat((byte)0x80, 3000)]))).Title!.Length, 1, Dmap.MaxText);
        Assert.Equal("\uFFFD", Read(Dmap.Write(new TrackInfo { Title = "\uD800" })).Title); // half a letter
    }

    [Theory]
    [InlineData("")]
    [InlineData("<plist>")]
    [InlineData("\0\0\0\0\0\0\0\0\0")]
    [InlineData("\u0001lit\0\0\0\0")]
    public void What_is_no_dmap_is_refused(string body) => Assert.False(Dmap.TryParse(Encoding.Latin1.GetBytes(body), out _));

    [Fact]
    public void Numbers_that_do_not_fit_are_not_written()
    {
        TrackInfo track = Read(Dmap.Write(new TrackInfo { Year = 70_000, TrackNumber = -1, Duration = TimeSpan.MaxValue }));
        Assert.Equal(new TrackInfo { Duration = TimeSpan.FromMilliseconds(uint.MaxValue) }, track);
        Assert.Equal(new TrackInfo(), Read(Dmap.Write(new TrackInfo { Duration = TimeSpan.FromSeconds(-1) })));
    }

    private static TrackInfo Read(ReadOnlySpan<byte> body)
    {
        Assert.True(Dmap.TryParse(body, out TrackInfo? track));
        return track;
    }

    private static byte[] Listing(byte[] items) => Item("mlit", items);

    private static byte[] Item(string tag, params byte[] data)
    {
        byte[] item = [.. Encoding.ASCII.GetBytes(tag), 0, 0, 0, 0, .. data];
        BinaryPrimitives.WriteInt32BigEndian(item.AsSpan(4), data.Length);
        return item;
    }

    private static List<string> Tags(byte[] body)
    {
        List<string> tags = [];
        for (int at = 8; at < body.Length; at += 8 + BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(at + 4))) tags.Add(Encoding.ASCII.GetString(body, at, 4));
        return tags;
    }

    private static string?[] Texts(TrackInfo track) => [track.Title, track.Artist, track.Album, track.AlbumArtist, track.Composer, track.Genre];

    private static int Known(TrackInfo track) => Texts(track).Count(static text => text is not null)
        + new[] { track.Year, track.TrackNumber, track.TrackCount, track.DiscNumber, track.DiscCount }.Count(static number => number != 0) + (track.Duration is null ? 0 : 1);

    private static void AssertSane(TrackInfo track)
    {
        Assert.All(Texts(track), static text => Assert.True(text is null || text.Length is > 0 and <= Dmap.MaxText));
        Assert.All([track.Year, track.TrackNumber, track.TrackCount, track.DiscNumber, track.DiscCount], static number => Assert.InRange(number, 0, ushort.MaxValue));
        Assert.True(track.Duration is null || track.Duration > TimeSpan.Zero);
    }
}
