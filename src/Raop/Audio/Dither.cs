namespace Raop.Audio;

/// <summary>
/// Triangular noise of two steps peak to peak (TPDF): makes the error of rounding independent of the music. A pure function of frame and channel,
/// so that reading in any pieces, or after a seek, gives the same samples.
/// </summary>
/// <remarks>Lipshitz, Wannamaker and Vanderkooy, "Quantization and Dither", JAES 40 (1992). Numbers from SplitMix64 (Steele, Lea, Flood 2014).</remarks>
internal readonly struct Dither(ulong seed)
{
    /// <summary>Noise in steps of the output, above -1 and below 1.</summary>
    public double At(long frame, int channel)
    {
        ulong z = seed + ((((ulong)frame << 1) | (uint)channel) * 0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        z ^= z >> 31;
        return ((double)(uint)(z >> 32) - (uint)z) * (1.0 / 4294967296.0);
    }
}
