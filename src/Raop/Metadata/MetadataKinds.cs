namespace Raop.Metadata;

/// <summary>Kinds of metadata that a receiver takes: md in its TXT record.</summary>
[Flags]
public enum MetadataKinds
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Title, artist and so on as DMAP: 0 in md.</summary>
    Text = 1,

    /// <summary>Covers: 1 in md.</summary>
    Artwork = 2,

    /// <summary>Where in the piece: 2 in md.</summary>
    Progress = 4,
}
