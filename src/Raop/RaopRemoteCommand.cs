namespace Raop;

/// <summary>What a speaker may ask of the sender that plays to it. What a sender does not know it refuses.</summary>
public enum RaopRemoteCommand
{
    /// <summary>Go on.</summary>
    Play,

    /// <summary>Fall silent, keep the place.</summary>
    Pause,

    /// <summary>Pause, or go on after a pause.</summary>
    PlayPause,

    /// <summary>Stop.</summary>
    Stop,

    /// <summary>Play at normal speed after <see cref="FastForward"/> or <see cref="Rewind"/>, or go on.</summary>
    PlayResume,

    /// <summary>The next piece.</summary>
    Next,

    /// <summary>The piece before, or the start of this one.</summary>
    Previous,

    /// <summary>Begin to run forward.</summary>
    FastForward,

    /// <summary>Begin to run backward.</summary>
    Rewind,

    /// <summary>Mix the play list, or put it back in order.</summary>
    Shuffle,

    /// <summary>A step louder.</summary>
    VolumeUp,

    /// <summary>A step softer.</summary>
    VolumeDown,

    /// <summary>Mute, or as loud as before.</summary>
    MuteToggle,
}
