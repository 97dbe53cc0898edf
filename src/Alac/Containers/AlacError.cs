namespace Alac.Containers;

/// <summary>Why a file cannot be read.</summary>
public enum AlacError
{
    /// <summary>Neither MP4 nor CAF.</summary>
    UnknownContainer,

    /// <summary>An MP4 or CAF file without an ALAC track, for example with AAC.</summary>
    NotAlac,

    /// <summary>ALAC, but in a way that is not supported: more than two channels, a fragmented file, an edit list that cuts the music up.</summary>
    Unsupported,

    /// <summary>The file contradicts itself or its format.</summary>
    Corrupt,

    /// <summary>The file ends before its data does.</summary>
    Truncated,
}
