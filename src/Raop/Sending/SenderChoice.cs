using Raop.Metadata;

namespace Raop.Sending;

/// <summary>How a sender goes about a device: what the user wants, else what the device table says, else what the record says.</summary>
internal sealed record SenderChoice
{
    public required RaopSpeaker Speaker { get; init; }

    public required DeviceProfile Device { get; init; }

    /// <summary>The transport to try, and after it those to try when it is refused.</summary>
    public required IReadOnlyList<RaopTransport> Transports { get; init; }

    /// <summary>Whether the next transport is also tried when nothing answers SETUP.</summary>
    public bool SilenceIsRefusal { get; init; }

    /// <summary>Alac or Pcm.</summary>
    public RaopCodec Codec { get; init; }

    /// <summary>How to begin: None, Rsa, or AuthSetup.</summary>
    public RaopEncryption Encryption { get; init; }

    /// <summary>Whether another way may be tried where this one is refused.</summary>
    public bool MayChange { get; init; }

    /// <summary>Whether auth-setup may be tried after a 403.</summary>
    public bool AllowAuthSetup { get; init; }

    /// <summary>Whether OPTIONS asks for an Apple-Response.</summary>
    public bool Challenge { get; init; }

    /// <summary>What it may be told of the music.</summary>
    public MetadataKinds Metadata { get; init; }

    /// <summary>Over UDP: from sending to hearing, unless the device says that it needs more.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>Whether a record was seen.</summary>
    public bool IsKnown => Speaker.Txt is { Count: > 0 };

    /// <summary>The transport to try.</summary>
    public RaopTransport Transport => Transports[0];

    /// <summary>Chooses. The same for the same arguments.</summary>
    public static SenderChoice Of(RaopSpeaker speaker, RaopSenderOptions options)
    {
        DeviceProfile device = DeviceTable.Find(speaker);
        bool known = speaker.Txt is { Count: > 0 }, isAuto = options.Encryption == RaopEncryption.Auto;
        bool authSetup = options.AllowAuthSetup && device.AuthSetup;
        RaopEncryption encryption = isAuto ? Begin(speaker, device, authSetup) : options.Encryption;
        return new SenderChoice
        {
            Speaker = speaker,
            Device = device,
            Transports = options.Transport != RaopTransport.Auto ? [options.Transport]
                : First(speaker, device) == RaopTransport.Tcp ? [RaopTransport.Tcp, RaopTransport.Udp] : [RaopTransport.Udp, RaopTransport.Tcp],
            SilenceIsRefusal = known && speaker.Value("tp") is not null && speaker.Transports.Count > 1,
            Codec = options.Codec != RaopCodec.Auto ? options.Codec : device.Codec != RaopCodec.Auto ? device.Codec : ByRecord(speaker),
            Encryption = encryption,
            MayChange = isAuto,
            AllowAuthSetup = authSetup,
            Challenge = encryption == RaopEncryption.Rsa && device.Challenge,
            Metadata = device.Metadata ?? speaker.Metadata,
            Latency = options.IsLatencySet || options.Latency > device.LeastLatency ? options.Latency : device.LeastLatency,
        };
    }

    /// <summary>The same with the next transport, or null when there is none.</summary>
    public SenderChoice? NextTransport() => Transports.Count > 1 ? this with { Transports = [.. Transports.Skip(1)] } : null;

    /// <summary>A record without tp is that of a UDP receiver, but for the AirPort Express of 2004, which has a row.</summary>
    private static RaopTransport First(RaopSpeaker speaker, DeviceProfile device) =>
        device.Transport ?? (speaker.Value("tp") is null ? RaopTransport.Udp : speaker.Transports[0]);

    private static RaopCodec ByRecord(RaopSpeaker speaker) =>
        speaker.Codecs.Contains(0) && !speaker.Codecs.Contains(1) ? RaopCodec.Pcm : RaopCodec.Alac;

    private static RaopEncryption Begin(RaopSpeaker speaker, DeviceProfile device, bool authSetup)
    {
        RaopEncryption begin = device.Encryption;
        if (begin == RaopEncryption.Auto)
        {
            // In clear before auth-setup where both are announced: who enforces it says 403, but a Yamaha that was asked for it stays mute.
            IReadOnlyList<int> types = speaker.EncryptionTypes;
            begin = types.Contains(1) ? RaopEncryption.Rsa
                : !types.Contains(0) && types.Contains(4) ? RaopEncryption.AuthSetup
                : RaopEncryption.None;
        }

        return begin == RaopEncryption.AuthSetup && !authSetup ? RaopEncryption.None : begin;
    }
}
