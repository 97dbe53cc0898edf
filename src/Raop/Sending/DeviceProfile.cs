using Raop.Metadata;

namespace Raop.Sending;

/// <summary>What a device means by refusing a sender.</summary>
internal enum PairingHabit
{
    /// <summary>It never pairs, whatever its flags say: an AirPort with a password sets the PIN bit too, a Sonos without any reason.</summary>
    Never,

    /// <summary>It wants to be paired with if its record has a key (pk) and says so (sf bit 3, 9 or 10).</summary>
    ByFlags,

    /// <summary>Who is refused is not on its list, for it asks for nothing else.</summary>
    Always,
}

/// <summary>What is known of a kind of device beyond its record. What is null or Auto is as the record says.</summary>
/// <param name="Name">For people.</param>
/// <param name="Match">By which record it is known: <see cref="DeviceMatch"/>.</param>
/// <param name="Source">Who saw it.</param>
internal sealed record DeviceProfile(string Name, string Match, string Source)
{
    /// <summary>Null: by tp, UDP first.</summary>
    public RaopTransport? Transport { get; init; }

    /// <summary>Auto: ALAC, unless cn has PCM alone.</summary>
    public RaopCodec Codec { get; init; } = RaopCodec.Auto;

    /// <summary>How to begin. Auto: RSA if et has 1, else in clear if it has 0, else after auth-setup if it has 4.</summary>
    public RaopEncryption Encryption { get; init; } = RaopEncryption.Auto;

    /// <summary>Whether auth-setup may be tried after a 403.</summary>
    public bool AuthSetup { get; init; } = true;

    /// <summary>Whether OPTIONS carries a challenge where audio is encrypted. It never does where audio is not.</summary>
    public bool Challenge { get; init; } = true;

    /// <summary>Null: by md.</summary>
    public MetadataKinds? Metadata { get; init; }

    public KeepAliveHabit KeepAlive { get; init; } = KeepAliveHabit.Options;

    /// <summary>Less is not enough for it.</summary>
    public TimeSpan LeastLatency { get; init; }

    /// <summary>Whether IPv4 is tried first, wherever its record has it.</summary>
    public bool PrefersIpv4 { get; init; }

    /// <summary>Longest wait for any reply; null: the sender's own.</summary>
    public TimeSpan? ReplyLimit { get; init; }

    public PairingHabit Pairing { get; init; } = PairingHabit.ByFlags;

    /// <summary>What to do when it refuses, one sentence; or empty.</summary>
    public string Hint { get; init; } = "";

    /// <summary>Whether a refusal means that the device wants to be paired with, or lets in only whom it knows.</summary>
    public bool WantsPairing(RaopSpeaker speaker) => Pairing switch
    {
        PairingHabit.Always => true,
        PairingHabit.ByFlags => speaker.Value("pk") is { Length: > 0 } && (speaker.StatusFlags & 0b110_0000_1000) != 0,
        _ => false,
    };
}
