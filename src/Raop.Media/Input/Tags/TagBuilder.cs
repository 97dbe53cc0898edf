using Raop.Metadata;

namespace Raop.Media.Input.Tags;

/// <summary>Collects what one tag says. The first word on a matter counts, the best picture stays; what makes no sense is left out.</summary>
internal sealed class TagBuilder
{
    private const int MaxNumber = 65_535, FrontCover = 3, OtherPicture = 0, FileIcon = 1, OtherIcon = 2, MaxPictures = 32;
    private TrackInfo _info = new();
    private int _pictureRank = -1, _pictures;

    /// <summary>What has been said.</summary>
    public TrackInfo Build() => _info.AlbumArtist is { } of && of == _info.Artist ? _info with { AlbumArtist = null } : _info;

    /// <summary>Takes a text.</summary>
    public void Add(TagField field, string? text)
    {
        if (MediaTags.Clean(text) is not { } clean) return;
        _info = field switch
        {
            TagField.Title => _info with { Title = _info.Title ?? clean },
            TagField.Artist => _info with { Artist = Join(_info.Artist, clean) },
            TagField.Album => _info with { Album = _info.Album ?? clean },
            TagField.AlbumArtist => _info with { AlbumArtist = Join(_info.AlbumArtist, clean) },
            TagField.Composer => _info with { Composer = Join(_info.Composer, clean) },
            TagField.Genre => _info with { Genre = _info.Genre ?? clean },
            TagField.Date => _info with { Year = First(_info.Year, Year(clean)) },
            TagField.Track => Track(Number(clean), Total(clean)),
            TagField.TrackCount => Track(0, Number(clean)),
            TagField.Disc => Disc(Number(clean), Total(clean)),
            _ => Disc(0, Number(clean)),
        };
    }

    /// <summary>Takes numbers; 0 is none.</summary>
    public void AddTrack(int number, int count) => _info = Track(number, count);

    /// <summary>Takes numbers; 0 is none.</summary>
    public void AddDisc(int number, int count) => _info = Disc(number, count);

    /// <summary>Whether a picture of a type would be better than the one there is. After some that were none, none is wanted: a file may be full of them.</summary>
    /// <param name="type">As ID3v2 and FLAC count them: 3 is the front cover.</param>
    public bool WantsPicture(uint type) => Rank(type) > _pictureRank && _pictures < MaxPictures;

    /// <summary>Takes a picture, if it is a JPEG or PNG, not too large and better than the one there is.</summary>
    public void AddPicture(uint type, ReadOnlySpan<byte> image)
    {
        if (!WantsPicture(type)) return;
        _pictures++;
        if (image.Length > Artwork.MaxSize) return;
        if (new Artwork(image[..Math.Min(image.Length, 16)].ToArray()).MediaType is null) return;
        _info = _info with { Artwork = new Artwork(image.ToArray()) };
        _pictureRank = Rank(type);
    }

    /// <summary>Fills what one tag leaves open from another.</summary>
    public static TrackInfo Fill(TrackInfo first, TrackInfo second) => first with
    {
        Title = first.Title ?? second.Title,
        Artist = first.Artist ?? second.Artist,
        Album = first.Album ?? second.Album,
        AlbumArtist = first.AlbumArtist ?? (second.AlbumArtist == first.Artist ? null : second.AlbumArtist),
        Composer = first.Composer ?? second.Composer,
        Genre = first.Genre ?? second.Genre,
        Year = First(first.Year, second.Year),
        TrackNumber = First(first.TrackNumber, second.TrackNumber),
        TrackCount = First(first.TrackCount, second.TrackCount),
        DiscNumber = First(first.DiscNumber, second.DiscNumber),
        DiscCount = First(first.DiscCount, second.DiscCount),
        Artwork = first.Artwork ?? second.Artwork,
    };

    private TrackInfo Track(int number, int count) =>
        _info with { TrackNumber = First(_info.TrackNumber, Check(number)), TrackCount = First(_info.TrackCount, Check(count)) };

    private TrackInfo Disc(int number, int count) =>
        _info with { DiscNumber = First(_info.DiscNumber, Check(number)), DiscCount = First(_info.DiscCount, Check(count)) };

    /// <summary>The front before a picture of no stated kind, that before bands, backs and leaflets, icons last.</summary>
    private static int Rank(uint type) => type switch
    {
        FrontCover => 3,
        OtherPicture => 2,
        FileIcon or OtherIcon => 0,
        _ => 1,
    };

    private static string Join(string? before, string next) =>
        before is null ? next : before.Length >= MediaTags.MaxLength - 2 ? before : MediaTags.Clean($"{before}, {next}")!;

    private static int First(int first, int second) => first != 0 ? first : second;

    private static int Check(int number) => number is > 0 and <= MaxNumber ? number : 0;

    /// <summary>The digits at the start.</summary>
    private static int Number(ReadOnlySpan<char> text)
    {
        text = text.TrimStart();
        int end = text.IndexOfAnyExceptInRange('0', '9');
        return int.TryParse(end < 0 ? text : text[..end], out int number) ? number : 0;
    }

    private static int Total(ReadOnlySpan<char> text)
    {
        int slash = text.IndexOf('/');
        return slash < 0 ? 0 : Number(text[(slash + 1)..]);
    }

    /// <summary>The first four digits in a row: "2004-05-12", "12.5.2004".</summary>
    private static int Year(ReadOnlySpan<char> text)
    {
        for (int i = 0, run = 0; i < text.Length; i++)
        {
            run = char.IsAsciiDigit(text[i]) ? run + 1 : 0;
            if (run == 4) return int.Parse(text.Slice(i - 3, 4));
        }

        return 0;
    }
}
