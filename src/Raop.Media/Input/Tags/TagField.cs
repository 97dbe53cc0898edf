namespace Raop.Media.Input.Tags;

/// <summary>What a tag's text is about.</summary>
internal enum TagField
{
    /// <summary>The title.</summary>
    Title,

    /// <summary>An artist; several are joined.</summary>
    Artist,

    /// <summary>The album.</summary>
    Album,

    /// <summary>An artist of the whole album; several are joined.</summary>
    AlbumArtist,

    /// <summary>A composer; several are joined.</summary>
    Composer,

    /// <summary>The genre, as a name.</summary>
    Genre,

    /// <summary>A text with four digits that are the year.</summary>
    Date,

    /// <summary>"3" or "3/12".</summary>
    Track,

    /// <summary>"12".</summary>
    TrackCount,

    /// <summary>"1" or "1/2".</summary>
    Disc,

    /// <summary>"2".</summary>
    DiscCount,
}
