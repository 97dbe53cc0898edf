namespace Raop;

/// <summary>AirPlay's volume: 0 dB is full, −30 dB the softest, −144 dB mute.</summary>
public static class RaopVolume
{
    /// <summary>Full: samples pass untouched.</summary>
    public const double Full = Metadata.Volume.Full;

    /// <summary>The softest that is not mute.</summary>
    public const double Softest = Metadata.Volume.Softest;

    /// <summary>Silence.</summary>
    public const double Mute = Metadata.Volume.Mute;

    /// <summary>A slider's position as dB: 100 is full, the rest linear down to −30, 0 is mute.</summary>
    /// <param name="percent">0 to 100; what is outside counts as the nearer end.</param>
    /// <returns>0 to −30, or −144.</returns>
    public static double FromPercent(double percent) => Metadata.Volume.FromPercent(percent);

    /// <summary>dB as a slider's position, 0 to 100. Both mute and −30 are 0.</summary>
    /// <param name="db">AirPlay's volume; what is outside counts as the nearer end.</param>
    /// <returns>0 to 100.</returns>
    public static double ToPercent(double db) => Metadata.Volume.ToPercent(db);
}
