namespace Raop.Metadata;

/// <summary>How a receiver makes a gain of the AirPlay volume of -30 to 0. Apple has not published its own way.</summary>
public enum VolumeProfile
{
    /// <summary>The number is the gain in dB: -30 to 0 dB.</summary>
    DecibelAsIs,

    /// <summary>shairport-sync's "standard": gentle near the top, then three ever steeper lines down to the range's end.</summary>
    Standard,

    /// <summary>shairport-sync's "flat": the range spread evenly in dB.</summary>
    Flat,

    /// <summary>shairport-sync's "dasl_tapered": half the travel is 10 dB less.</summary>
    DaslTapered,
}
