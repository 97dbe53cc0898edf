namespace Alac;

/// <summary>The parameters of an ALAC stream: the "magic cookie" of files, the fmtp line of RAOP.</summary>
public sealed record AlacConfig
{
    /// <summary>Frames of a full packet, and the most in any: 1 to 16,384; 4096 in files and AirTunes v1, 352 in AirTunes v2.</summary>
    public int FrameLength { get; init; } = 4096;

    /// <summary>Bits of a sample: 16, 20, 24 or 32.</summary>
    public int BitDepth { get; init; } = 16;

    /// <summary>Rice history multiplier (pb), 40.</summary>
    public byte RiceHistoryMultiplier { get; init; } = 40;

    /// <summary>Initial Rice history (mb), 10.</summary>
    public byte RiceInitialHistory { get; init; } = 10;

    /// <summary>Rice parameter limit (kb), 14.</summary>
    public byte RiceLimit { get; init; } = 14;

    /// <summary>Channels: 1 or 2.</summary>
    public int Channels { get; init; } = 2;

    /// <summary>Unused by decoders, 255.</summary>
    public int MaxRun { get; init; } = 255;

    /// <summary>Bytes of the largest packet, 0 = unknown.</summary>
    public uint MaxFrameBytes { get; init; }

    /// <summary>Average bit rate, bits a second, 0 = unknown.</summary>
    public uint AverageBitRate { get; init; }

    /// <summary>Frames a second.</summary>
    public int SampleRate { get; init; } = 44_100;

    /// <summary>Bytes that the largest packet of this configuration can have (an escape frame with frame count).</summary>
    public int MaxPacketSize => (23 + 32 + FrameLength * Channels * BitDepth + 3 + 7) / 8;
}
