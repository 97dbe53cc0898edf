namespace Raop.Metadata;

/// <summary>What is known of a piece of music; null or 0 where nothing is. Senders show it on receivers, receivers raise it as an event.</summary>
public sealed record TrackInfo
{
    /// <summary>The title, or what a station announces.</summary>
    public string? Title { get; init; }

    /// <summary>The artist.</summary>
    public string? Artist { get; init; }

    /// <summary>The album, or the station.</summary>
    public string? Album { get; init; }

    /// <summary>The album's artist, where that is another one.</summary>
    public string? AlbumArtist { get; init; }

    /// <summary>The composer.</summary>
    public string? Composer { get; init; }

    /// <summary>The genre.</summary>
    public string? Genre { get; init; }

    /// <summary>Year of the recording.</summary>
    public int Year { get; init; }

    /// <summary>Number on the disc, from 1.</summary>
    public int TrackNumber { get; init; }

    /// <summary>Tracks of the disc.</summary>
    public int TrackCount { get; init; }

    /// <summary>Number of the disc, from 1.</summary>
    public int DiscNumber { get; init; }

    /// <summary>Discs of the album.</summary>
    public int DiscCount { get; init; }

    /// <summary>How long it plays; null for a station.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>The cover: a JPEG or PNG up to <see cref="Artwork.MaxSize"/>; senders leave out any other.</summary>
    public Artwork? Artwork { get; init; }
}
