namespace Alac;

/// <summary>What became of a packet.</summary>
public enum AlacStatus
{
    /// <summary>Decoded.</summary>
    Ok,

    /// <summary>The packet ends before its data does.</summary>
    Truncated,

    /// <summary>The packet breaks the format or does not fit the configuration.</summary>
    Malformed,

    /// <summary>The packet has an element that ALAC reserves (CCE, PCE): no known encoder writes it.</summary>
    Unsupported,
}
