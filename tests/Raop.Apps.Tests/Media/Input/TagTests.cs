using System.Buffers.Binary;
using System.Text;
using CsCheck;
using Raop.Media;
using Raop.Media.Input;
using Raop.Media.Input.Flac;
using Raop.Media.Input.Tags;
using Raop.Metadata;

namespace Raop.Apps.Tests.Media.Input;

/// <summary>Single tags, and what is beside a file.</summary>
public class TagTests
{
    private static readonly byte[] Jpeg = File.ReadAllBytes(FixtureTests.PathOf("cover.jpg")), Png = File.ReadAllBytes(FixtureTests.PathOf("cover.png"));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("id3v22-latin1.id3", "Süßes Lied", "Ärzte", "Albüm", "Alt. Rock")]
    [InlineData("id3v23-utf16.id3", "Süßes Lied 歌", "Ärzte", "ÿþ Albüm", "Rock")]
    [InlineData("id3v24-utf8.id3", "Süßes Lied 歌", "Ärzte, Toten Hosen", "Albüm", "Alternative Rock")]
    public void Reads_every_version_of_ID3v2(string file, string title, string artist, string album, string genre)
    {
        var expected = new TrackInfo
        {
            Title = title, Artist = artist, Album = album, AlbumArtist = "Various", Composer = "Bach", Genre = genre,
            Year = 1999, TrackNumber = 3, TrackCount = 12, DiscNumber = 1, DiscCount = 2, Artwork = new Artwork(Jpeg),
        };
        Assert.Equal(expected, Parse(File.ReadAllBytes(FixtureTests.PathOf(file))));
    }

    [Fact]
    public void Reads_the_sizes_that_iTunes_wrote() =>
        Assert.Equal(new TrackInfo { Title = "Plain", Album = "After", Artwork = new Artwork(Jpeg) }, Parse(File.ReadAllBytes(FixtureTests.PathOf("id3v24-itunes.id3"))));

    [Theory]
    [InlineData("17", "Rock")]
    [InlineData("(17)", "Rock")]
    [InlineData("(17)(8)", "Rock")]
    [InlineData("(4)Eurodisco", "Eurodisco")]
    [InlineData("(4)((sic)", "(sic)")]
    [InlineData("((I think)", "(I think)")]
    [InlineData("(RX)", "Remix")]
    [InlineData("CR", "Cover")]
    [InlineData("(my own)", "(my own)")]
    [InlineData("(", "(")]
    [InlineData("()", "()")]
    [InlineData("Krautrock", "Krautrock")]
    [InlineData("(191)", "Psybient")]
    [InlineData("192", null)]
    [InlineData("99999999999", null)]
    public void Understands_genres(string text, string? expected) => Assert.Equal(expected, Id3Genre.Parse(text));

    [Fact]
    public async Task Names_genres_as_ffprobe_does()
    {
        Tools.Need("ffprobe");
        using var folder = new TestFolder();
        byte[] mp3 = File.ReadAllBytes(FixtureTests.PathOf("tagged-id3v1.mp3"));
        foreach (int number in (int[])[0, 19, 39, 59, 79, 80, 99, 119, 139, 147])
        {
            mp3[^1] = (byte)number;
            byte[] said = await Tools.RunAsync("ffprobe", "-v", "error", "-show_entries", "format_tags=genre", "-of", "csv=p=0", folder.Write("a.mp3", mp3));
            Assert.Equal(Encoding.UTF8.GetString(said).Trim().Trim('"'), Id3Genre.Name(number));
        }
    }

    [Theory]
    [InlineData("1999", 1999)]
    [InlineData("1999-05-12T10:00", 1999)]
    [InlineData("12.5.1999", 1999)]
    [InlineData("99", 0)]
    [InlineData("", 0)]
    public void Finds_the_year(string text, int expected) => Assert.Equal(expected, Built(t => t.Add(TagField.Date, text)).Year);

    [Theory]
    [InlineData("3/12", 3, 12)]
    [InlineData("03", 3, 0)]
    [InlineData(" 3 / 12 ", 3, 12)]
    [InlineData("/12", 0, 12)]
    [InlineData("A1", 0, 0)]
    [InlineData("0/0", 0, 0)]
    [InlineData("-1/70000", 0, 0)]
    [InlineData("99999999999999/1", 0, 1)]
    public void Reads_numbers(string text, int number, int count)
    {
        TrackInfo info = Built(t => t.Add(TagField.Track, text));
        Assert.Equal((number, count), (info.TrackNumber, info.TrackCount));
    }

    [Fact]
    public void The_front_counts_then_what_comes_first_and_only_pictures_that_are_shown()
    {
        byte[] gif = [.. "GIF89a"u8, .. new byte[100]], large = [.. Jpeg, .. new byte[Artwork.MaxSize]];
        Assert.Equal(Png, Built(t => { t.AddPicture(4, Jpeg); t.AddPicture(3, gif); t.AddPicture(3, large); t.AddPicture(3, Png); t.AddPicture(3, Jpeg); }).Artwork!.Bytes.ToArray());
        Assert.Equal(Jpeg, Built(t => { t.AddPicture(1, Png); t.AddPicture(0, Jpeg); t.AddPicture(4, Png); }).Artwork!.Bytes.ToArray());
        Assert.Null(Built(t => { t.AddPicture(3, gif); t.AddPicture(3, large); t.AddPicture(3, []); }).Artwork);
    }

    [Fact]
    public void Texts_are_cleaned_and_cut()
    {
        Assert.Equal("ab", Built(t => t.Add(TagField.Title, "\uFEFF a\u0007b\r\n\0")).Title);
        Assert.Null(Built(t => t.Add(TagField.Title, " \n ")).Title);
        string smile = string.Concat(Enumerable.Repeat("😀", 5000));
        Assert.Equal(smile[..1024], Built(t => t.Add(TagField.Title, smile)).Title);
        Assert.Equal("x" + smile[..1022], Built(t => t.Add(TagField.Title, "x" + smile)).Title);
        Assert.InRange(Built(t => { for (int i = 0; i < 100_000; i++) t.Add(TagField.Artist, "somebody"); }).Artist!.Length, 1000, 1024);
        byte[] utf8 = Encoding.UTF8.GetBytes("x" + string.Concat(Enumerable.Repeat("歌", 100_000)));
        Assert.StartsWith("x歌歌", Text.Decode(utf8), StringComparison.Ordinal);
        Assert.DoesNotContain('�', Text.Decode(utf8));
    }

    /// <summary>A file may have a million of them, and an exception costs 20 µs.</summary>
    [Fact]
    public void Text_that_is_no_UTF8_is_read_without_an_exception()
    {
        int thread = Environment.CurrentManagedThreadId, thrown = 0;
        void Count(object? sender, System.Runtime.ExceptionServices.FirstChanceExceptionEventArgs e)
        {
            if (Environment.CurrentManagedThreadId == thread) thrown++;
        }

        AppDomain.CurrentDomain.FirstChanceException += Count;
        try
        {
            Assert.Equal("Ärzte", Text.Decode(Encoding.Latin1.GetBytes("Ärzte")));
        }
        finally
        {
            AppDomain.CurrentDomain.FirstChanceException -= Count;
        }

        Assert.Equal(0, thrown);
    }

    [Fact]
    public void Any_text_in_any_encoding_comes_back() => Gen.Select(Gen.String, Gen.Int[0, 2]).Sample((text, kind) =>
    {
        Encoding encoding = kind == 0 ? Encoding.UTF8 : kind == 1 ? Encoding.Unicode : Encoding.BigEndianUnicode;
        text = encoding.GetString(encoding.GetBytes(text.Replace("\0", "", StringComparison.Ordinal))); // without halves of pairs
        byte[] frame = [kind == 0 ? (byte)3 : (byte)1, .. kind == 0 ? [] : encoding.GetPreamble(), .. encoding.GetBytes(text)];
        string expected = MediaTags.Clean(text) ?? "";
        return (MediaTags.Clean(string.Concat(Id3Text.Values(frame).Take(1))) ?? "") == expected
            && Built(t => VorbisComment.Parse([0, 0, 0, 0, 1, 0, 0, 0, .. Field("TITLE=" + text)], t)).Title == MediaTags.Clean(text);
    });

    [Fact]
    public void No_bytes_break_a_parser() => Gen.Select(Gen.Byte.Array[0, 300], Gen.Int[0, 7]).Sample((bytes, kind) =>
    {
        var tags = new TagBuilder();
        byte[] id3 = [.. "ID3"u8, (byte)(2 + (kind % 3)), 0, (byte)(bytes.Length * 64), 0, 0, 2, 44, .. bytes];
        Id3v2.Parse(id3, tags);
        VorbisComment.Parse(bytes, tags);
        FlacPicture.Parse(bytes, tags);
        FlacPicture.ParseBase64(bytes, tags);
        CafInfo.Parse(bytes, tags);
        Id3v1.Parse([.. "TAG"u8, .. bytes], tags);
        var ogg = new OggComments(tags);
        byte[] page = [.. "OggS"u8, 0, 2, .. new byte[20], 1, 30, .. "\u0001vorbis"u8, .. new byte[23], .. "OggS"u8, 0, .. bytes];
        while (ogg.Feed(page) is var wanted and > 0 && wanted <= page.Length)
        {
        }

        tags.Build();
    });

    [Fact]
    public async Task MP4_with_numeric_genre_second_cover_and_no_version_before_its_items()
    {
        byte[] items = Box("ilst", [
            .. Box("gnre", Data(0, [0, 18])), .. Box("©day", Data(1, "2004-02"u8)), .. Box("trkn", Data(0, [0, 0, 0, 7])), .. Box("disk", Data(0, [0, 0, 0, 2, 0, 3])),
            .. Box("©nam", Data(2, Encoding.BigEndianUnicode.GetBytes("Weit"))), .. Box("covr", [.. Data(14, "no picture"u8), .. Data(13, Png), .. Data(13, Jpeg)])]);
        byte[] handler = Box("hdlr", new byte[24]);
        foreach (byte[] meta in (byte[][])[Box("meta", [.. handler, .. items]), Box("meta", [0, 0, 0, 0, .. handler, .. items])])
        {
            foreach (byte[] movie in (byte[][])[Box("moov", Box("udta", meta)), Box("moov", meta)])
            {
                byte[] file = [.. Box("ftyp", "M4A "u8), 0, 0, 0, 1, .. "mdat"u8, 0, 0, 0, 0, 0, 0, 0, 26, .. new byte[10], .. movie];
                Assert.Equal(
                    new TrackInfo { Title = "Weit", Genre = "Rock", Year = 2004, TrackNumber = 7, DiscNumber = 2, DiscCount = 3, Artwork = new Artwork(Png) },
                    await TagFileTests.ReadAloneAsync(file));
            }
        }
    }

    [Theory]
    [InlineData(0x7FFF_FFFF)]
    [InlineData(-1)]
    [InlineData(0x00FF_FFF0)]
    public async Task Nothing_is_allocated_on_a_claim(int claim)
    {
        byte[] size = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(size, claim);
        byte[] little = [.. size.Reverse()], padding = new byte[64];
        byte[][] files =
        [
            [.. Box("ftyp", "M4A "u8), .. Box("moov", Box("meta", [0, 0, 0, 0, .. Box("ilst", [.. size, .. "covr"u8, .. size, .. "data"u8, .. padding])]))],
            [.. "RIFF"u8, .. little, .. "WAVEid3 "u8, .. little, .. padding],
            [.. "FORM"u8, .. size, .. "AIFFID3 "u8, .. size, .. padding],
            [.. "caff"u8, 0, 1, 0, 0, .. "info"u8, 0, 0, 0, 0, .. size, .. padding],
            [.. "ID3"u8, 4, 0, 0, 0x7F, 0x7F, 0x7F, 0x7F, .. "APIC"u8, .. size, 0, 0, .. padding],
            [.. "OggS"u8, 0, 2, .. new byte[20], 1, 30, .. "\u0001vorbis"u8, .. new byte[23], .. "OggS"u8, 0, 0, .. new byte[20], 1, 20, 3, .. "vorbis"u8, .. little, .. new byte[9]],
        ];
        foreach (byte[] file in files)
        {
            await TagFileTests.ReadAloneAsync(file);
            long before = GC.GetAllocatedBytesForCurrentThread();
            await TagFileTests.ReadAloneAsync(file);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 400_000); // the reader's window is 64 KiB
        }
    }

    [Fact]
    public async Task A_cover_beside_the_file_is_taken_when_it_has_none()
    {
        using var folder = new TestFolder();
        string bare = folder.Write("a.flac", File.ReadAllBytes(FixtureTests.PathOf("one-frame.flac"))), own = folder.Write("b.flac", File.ReadAllBytes(FixtureTests.PathOf("tagged.flac")));
        Assert.Null(await CoverAsync(bare));
        folder.Write("Folder.jpg", Jpeg);
        Assert.Equal(Jpeg, await CoverAsync(bare));
        folder.Write("cover.png", Png);
        Assert.Equal(Png, await CoverAsync(bare));
        Assert.Equal(Jpeg, await CoverAsync(own));
        folder.Write("cover.png", "not a picture at all"u8);
        Assert.Equal(Jpeg, await CoverAsync(bare));
        folder.Write("Folder.jpg", [.. Jpeg, .. new byte[Artwork.MaxSize]]);
        Assert.Null(await CoverAsync(bare));
    }

    [Fact]
    public async Task Only_a_regular_file_is_a_cover()
    {
        using var folder = new TestFolder();
        string bare = folder.Write("a.flac", File.ReadAllBytes(FixtureTests.PathOf("one-frame.flac")));
        Directory.CreateDirectory(folder["cover.jpg"]);
        if (!OperatingSystem.IsWindows())
        {
            File.CreateSymbolicLink(folder["folder.jpg"], folder.Write("private.jpg", Jpeg));
            if (Tools.Has("mkfifo")) await Tools.RunAsync("mkfifo", folder["front.jpg"]); // opening it would wait for ever
            File.CreateSymbolicLink(folder["album.jpg"], "/dev/zero");
        }

        Assert.Null(await CoverAsync(bare));
    }

    [Fact]
    public async Task Of_many_seek_tables_one_is_kept()
    {
        byte[] file = File.ReadAllBytes(FixtureTests.PathOf("one-frame.flac"));
        const int afterStreamInfo = 42;
        byte[] point = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1], later = [0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1];
        byte[] tables = [3, 0, 0, 18, .. point, 3, 0, 0, 18, .. later];
        await using var reader = new InputReader(new MemoryStream([.. file[..afterStreamInfo], .. tables, .. file[afterStreamInfo..]]), "a.flac");
        FlacMetadata meta = await FlacMetadata.ReadAsync(reader, new TagBuilder(), Cancel);
        Assert.Equal([(1L, 1L)], meta.SeekPoints);
    }

    [Fact]
    public async Task A_cover_that_cannot_be_read_is_not_the_last()
    {
        using var folder = new TestFolder();
        string bare = folder.Write("a.flac", File.ReadAllBytes(FixtureTests.PathOf("one-frame.flac")));
        folder.Write("folder.png", Png);
        await using var locked = new FileStream(folder.Write("cover.jpg", Jpeg), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.Equal(Png, await CoverAsync(bare));
    }

    [Fact]
    public async Task A_files_name_is_cleaned_as_a_title_is()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no such names there");
        using var folder = new TestFolder();
        byte[] file = File.ReadAllBytes(FixtureTests.PathOf("one-frame.flac"));
        foreach ((string name, string title) in ((string, string)[])[("a\u001b]0;b\n.flac", "a]0;b"), (".flac", ".flac"), ("\u0007.flac", ".flac")])
        {
            await using IMediaSource source = await MediaSource.OpenAsync(folder.Write(name, file), null, Cancel);
            Assert.Equal((title, title), (source.Title, source.Info!.Title));
        }
    }

    [Fact]
    public async Task Without_tags_the_info_has_title_and_duration()
    {
        await using IMediaSource file = await MediaSource.OpenAsync(FixtureTests.PathOf("music-float-mono.wav"), null, Cancel);
        Assert.Equal(("music-float-mono", file.Format.Duration(500)), (file.Info!.Title, file.Info.Duration));
        await using IMediaSource raw = await Reading.OpenPipeAsync(new byte[400], new() { RawFormat = new(44_100, 16, 2) });
        Assert.Equal(new TrackInfo { Title = raw.Title }, raw.Info);
    }

    [Fact]
    public async Task A_change_of_tags_changes_info_and_title_together()
    {
        await using IMediaSource source = await Reading.OpenPipeAsync(new byte[400], new() { RawFormat = new(44_100, 16, 2) });
        int changes = 0;
        source.TitleChanged += (_, _) => changes++;
        var input = Assert.IsAssignableFrom<InputSource>(source);
        TrackInfo radio = InputOpener.RadioTags("Ärzte - Zu spät", "Radio Eins");
        input.ChangeTags(radio);
        input.ChangeTags(InputOpener.RadioTags("Ärzte - Zu spät", "Radio Eins"));
        Assert.Equal(1, changes);
        Assert.Equal(new TrackInfo { Title = "Zu spät", Artist = "Ärzte", Album = "Radio Eins" }, source.Info);
        Assert.Equal(("Zu spät", "Ärzte", "Radio Eins"), (source.Title, source.Artist, source.Album));
    }

    private static async Task<byte[]?> CoverAsync(string path)
    {
        await using IMediaSource source = await MediaSource.OpenAsync(path, null, Cancel);
        return source.Info!.Artwork?.Bytes.ToArray();
    }

    private static TrackInfo Parse(byte[] tag) => Built(t => Id3v2.Parse(tag, t));

    private static TrackInfo Built(Action<TagBuilder> add)
    {
        var tags = new TagBuilder();
        add(tags);
        return tags.Build();
    }

    private static byte[] Field(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text), field = new byte[4 + bytes.Length];
        BinaryPrimitives.WriteInt32LittleEndian(field, bytes.Length);
        bytes.CopyTo(field, 4);
        return field;
    }

    private static byte[] Data(byte type, ReadOnlySpan<byte> value) => Box("data", [0, 0, 0, type, 0, 0, 0, 0, .. value]);

    private static byte[] Box(string type, ReadOnlySpan<byte> body)
    {
        byte[] box = [0, 0, 0, 0, .. Encoding.Latin1.GetBytes(type), .. body];
        BinaryPrimitives.WriteInt32BigEndian(box, box.Length);
        return box;
    }
}
