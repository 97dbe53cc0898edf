namespace Raop;

/// <summary>What happened to a speaker that is looked for.</summary>
public enum RaopSpeakerChangeKind
{
    /// <summary>It was found.</summary>
    Appeared,

    /// <summary>It announces something else now: another address, another name of its host, busy, a password.</summary>
    Changed,

    /// <summary>It said goodbye, or has not been heard for as long as its announcement said.</summary>
    Gone,
}

/// <summary>A speaker appeared, changed or went.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Speaker">The speaker as it is now; as it last was when it is gone.</param>
public sealed record RaopSpeakerChange(RaopSpeakerChangeKind Kind, RaopSpeaker Speaker);
