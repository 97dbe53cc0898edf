namespace Raop;

/// <summary>Which part of the music a speaker plays. Each but stereo goes to both of its sides.</summary>
public enum RaopChannel
{
    /// <summary>Both channels, untouched.</summary>
    Stereo,

    /// <summary>The left channel alone.</summary>
    Left,

    /// <summary>The right channel alone.</summary>
    Right,

    /// <summary>Half of each: (left + right) / 2, rounded down.</summary>
    Mono,
}
