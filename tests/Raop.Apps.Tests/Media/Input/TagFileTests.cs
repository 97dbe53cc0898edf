using Raop.Media;
using Raop.Media.Input;
using Raop.Media.Input.Tags;
using Raop.Metadata;

namespace Raop.Apps.Tests.Media.Input;

/// <summary>Tags and covers of kept files that other programs tagged: testdata/media/README.md. The words are those that they were made with.</summary>
public class TagFileTests
{
    private static readonly TrackInfo Words = new()
    {
        Title = "Süßes Lied 歌",
        Artist = "Ärzte",
        Album = "Große Œuvres",
        AlbumArtist = "Various",
        Composer = "Bach",
        Genre = "Baroque",
        Year = 1999,
        TrackNumber = 3,
        TrackCount = 12,
        DiscNumber = 1,
        DiscCount = 2,
    };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public Task Flac_with_pictures_of_back_and_front() => CheckAsync("tagged.flac", Words with { Artist = "Ärzte, Toten Hosen" }, "cover.jpg");

    [Fact]
    public Task Alac_in_MP4() => CheckAsync("tagged-alac.m4a", Words, "cover.jpg");

    [Fact]
    public Task Alac_in_CAF() => CheckAsync("tagged.caf", Words, null);

    [Fact]
    public Task Aiff_with_an_ID3_chunk() => CheckAsync("tagged.aiff", Words, "cover.jpg");

    [Fact]
    public Task Wav_with_a_list() =>
        CheckAsync("tagged-info.wav", Words with { AlbumArtist = null, Composer = null, DiscNumber = 0, DiscCount = 0 }, null);

    [Fact]
    public Task Wav_with_an_ID3_chunk_after_the_samples() => CheckAsync("tagged-id3.wav", Words with { Album = "ÿþ Albüm", Genre = "Rock" }, "cover.jpg");

    [Theory]
    [InlineData("tagged-aac.m4a", "cover.png")]
    [InlineData("tagged-id3v23.mp3", "cover.jpg")]
    [InlineData("tagged-id3v24.mp3", "cover.png")]
    [InlineData("tagged.ogg", "cover.png")]
    [InlineData("tagged.opus", "cover.png")]
    [InlineData("tagged-flac.oga", null)]
    public async Task What_ffmpeg_decodes_has_its_tags_from_us(string file, string? cover)
    {
        TrackInfo found = await ReadAloneAsync(file);
        Assert.Equal(Words with { Artwork = Picture(cover) }, found);
        Tools.Need("ffmpeg", "ffprobe");
        await CheckAsync(file, Words, cover);
    }

    [Fact]
    public async Task ID3v1_is_the_last_resort()
    {
        var expected = new TrackInfo { Title = "Süßes Lied", Artist = "Ärzte", Album = "Große Werke", Year = 1999, TrackNumber = 3, Genre = "Easy Listening" };
        Assert.Equal(expected, await ReadAloneAsync("tagged-id3v1.mp3"));
        if (Tools.Has("ffprobe")) await CheckAsync("tagged-id3v1.mp3", expected, null); // it takes Latin-1 for UTF-8
        byte[] both = [.. File.ReadAllBytes(FixtureTests.PathOf("tagged-id3v23.mp3")), .. File.ReadAllBytes(FixtureTests.PathOf("tagged-id3v1.mp3"))[^128..]];
        Assert.Equal(Words with { Artwork = Picture("cover.jpg") }, await ReadAloneAsync(both));
    }

    [Theory]
    [InlineData("tagged-info.wav", null)]
    [InlineData("tagged.flac", "cover.jpg")]
    [InlineData("tagged.aiff", null)] // its tag comes after the samples
    public async Task A_stream_gives_what_comes_before_its_samples(string file, string? cover)
    {
        foreach (int piece in (int[])[1, 7, 5000])
        {
            await using IMediaSource source = await Reading.OpenPipeAsync(File.ReadAllBytes(FixtureTests.PathOf(file)), piece: piece);
            Assert.Equal(Words.Title, source.Title);
            Assert.Equal(file == "tagged.aiff" ? null : Words.Album, source.Album);
            Assert.Equal(Picture(cover), source.Info!.Artwork);
            Assert.Equal(500, (await source.ReadAllAsync()).Length / source.Format.BytesPerFrame);
        }
    }

    [Fact]
    public async Task An_Ogg_stream_gives_its_tags_before_ffmpeg_has_it()
    {
        Tools.Need("ffmpeg");
        foreach (string file in (string[])["tagged.ogg", "tagged.opus"])
        {
            await using IMediaSource source = await Reading.OpenPipeAsync(File.ReadAllBytes(FixtureTests.PathOf(file)), piece: 11);
            Assert.Equal(Words with { Artwork = Picture("cover.png"), Duration = source.Info!.Duration }, source.Info);
            Assert.NotEmpty(await source.ReadAllAsync());
        }
    }

    [Fact]
    public async Task A_tag_before_a_FLAC_file_fills_what_that_leaves_open()
    {
        byte[] file = [.. File.ReadAllBytes(FixtureTests.PathOf("id3v24-utf8.id3")), .. File.ReadAllBytes(FixtureTests.PathOf("music-16-stereo.flac"))];
        await using IMediaSource source = await Reading.OpenMemoryAsync(file);
        await using IMediaSource bare = await MediaSource.OpenAsync(FixtureTests.PathOf("music-16-stereo.flac"), null, Cancel);
        Assert.Equal((bare.Title, bare.Artist, "Albüm"), (source.Title, source.Artist, source.Album));
        Assert.Equal(Picture("cover.jpg"), source.Info!.Artwork);
    }

    [Theory]
    [InlineData("tagged.flac")]
    [InlineData("tagged-alac.m4a")]
    [InlineData("tagged.caf")]
    [InlineData("tagged.aiff")]
    [InlineData("tagged-id3.wav")]
    [InlineData("tagged-info.wav")]
    public async Task Damage_is_one_clear_error_or_none_and_never_wrong_sound(string file)
    {
        byte[] whole = File.ReadAllBytes(FixtureTests.PathOf(file));
        byte[] pcm = await Reading.ReadFileAsync(FixtureTests.PathOf(file));
        for (int length = 0; length < whole.Length; length++)
        {
            (byte[] read, RaopException? error) = await Reading.TryReadAsync(whole[..length]);
            Assert.True(error is null or { Error: RaopError.CorruptFile or RaopError.UnsupportedFormat }, $"{length} bytes: {error}");
            Assert.True(pcm.AsSpan().StartsWith(read), $"{length} bytes");
        }

        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (int i = 0; i < 1000; i++)
        {
            (_, RaopException? error) = await Reading.TryReadAsync(Mutation.Of(whole, random));
            Assert.True(error is null or { Error: RaopError.CorruptFile or RaopError.UnsupportedFormat }, $"seed {seed}, round {i}: {error}");
        }
    }

    [Theory]
    [InlineData("tagged-alac.m4a")]
    [InlineData("tagged-aac.m4a")]
    [InlineData("tagged-id3v23.mp3")]
    [InlineData("tagged-id3v24.mp3")]
    [InlineData("tagged-id3v1.mp3")]
    [InlineData("tagged.ogg")]
    [InlineData("tagged.opus")]
    [InlineData("tagged-flac.oga")]
    [InlineData("tagged.caf")]
    [InlineData("tagged.aiff")]
    [InlineData("tagged-id3.wav")]
    [InlineData("tagged-info.wav")]
    [InlineData("id3v22-latin1.id3")]
    [InlineData("id3v23-utf16.id3")]
    [InlineData("id3v24-utf8.id3")]
    [InlineData("id3v24-itunes.id3")]
    public async Task Every_truncation_and_every_flipped_bit_gives_some_tags_or_none(string file)
    {
        byte[] whole = File.ReadAllBytes(FixtureTests.PathOf(file));
        for (int length = 0; length < whole.Length; length++) Check(await ReadAloneAsync(whole[..length]));
        for (int bit = 0; bit < Math.Min(whole.Length, 1700) * 8; bit++) // beyond, Ogg has only sound
        {
            byte[] damaged = [.. whole];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            Check(await ReadAloneAsync(damaged));
        }

        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (int i = 0; i < 2000; i++) Check(await ReadAloneAsync(Mutation.Of(whole, random)));
    }

    /// <summary>As the opener does, without a decoder. Files cut in the ID3v2 tag before them have no tags: opening them is an error.</summary>
    internal static async Task<TrackInfo> ReadAloneAsync(byte[] file)
    {
        var tags = new InputTags();
        await using var reader = new InputReader(new MemoryStream(file, writable: false), "memory");
        bool hasId3 = file.AsSpan().StartsWith("ID3"u8);
        if (hasId3) tags.AddFront(file);
        if (hasId3 && file.Length > 10) await reader.SeekAsync(Math.Min(file.Length, 10 + (((file[8] & 0x7F) << 7) | (file[9] & 0x7F))), Cancel);
        long start = reader.Position;
        await reader.EnsureAsync(Signature.WantedBytes, Cancel);
        await tags.ReadAsync(reader, Signature.Of(reader.Available, hasId3), Cancel);
        Assert.Equal(start, reader.Position);
        return tags.Build(new TrackInfo());
    }

    internal static Artwork? Picture(string? file) => file is null ? null : new Artwork(File.ReadAllBytes(FixtureTests.PathOf(file)));

    private static Task<TrackInfo> ReadAloneAsync(string file) => ReadAloneAsync(File.ReadAllBytes(FixtureTests.PathOf(file)));

    private static void Check(TrackInfo info)
    {
        foreach (string? text in (string?[])[info.Title, info.Artist, info.Album, info.AlbumArtist, info.Composer, info.Genre])
        {
            Assert.True(text is null or { Length: > 0 and <= MediaTags.MaxLength } && text?.Any(char.IsControl) != true);
        }

        Assert.True(info.Artwork is null or { MediaType: not null, Bytes.Length: <= Artwork.MaxSize });
        Assert.All((int[])[info.Year, info.TrackNumber, info.TrackCount, info.DiscNumber, info.DiscCount], n => Assert.InRange(n, 0, 65_535));
    }

    private static async Task CheckAsync(string file, TrackInfo expected, string? cover)
    {
        using var folder = new TestFolder(); // alone: a cover beside it would count
        string path = folder.Write("0" + file, File.ReadAllBytes(FixtureTests.PathOf(file)));
        await using IMediaSource source = await MediaSource.OpenAsync(path, null, Cancel);
        Assert.NotNull(source.Length);
        Assert.Equal(expected with { Artwork = Picture(cover), Duration = source.Format.Duration(source.Length.Value) }, source.Info);
        Assert.Equal((expected.Title, expected.Artist, expected.Album), (source.Title, source.Artist, source.Album));
        Assert.Same(source.Info, source.Info);
    }
}
