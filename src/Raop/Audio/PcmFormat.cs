namespace Raop.Audio;

/// <summary>Interleaved little-endian signed integer PCM.</summary>
/// <param name="SampleRate">Frames a second, 44,100 on AirTunes.</param>
/// <param name="BitsPerSample">16, 24 (three bytes a sample) or 32.</param>
/// <param name="Channels">1 or 2; a frame is one sample of each.</param>
public readonly record struct PcmFormat(int SampleRate, int BitsPerSample, int Channels)
{
    /// <summary>What AirTunes carries: 44,100 Hz, 16 bit, two channels.</summary>
    public static PcmFormat AirTunes { get; } = new(44_100, 16, 2);

    /// <summary>Bytes of one frame: 4 for 16 bit stereo.</summary>
    public int BytesPerFrame => BitsPerSample / 8 * Channels;

    /// <summary>The time that a number of frames lasts.</summary>
    public TimeSpan Duration(long frames) => new((long)((Int128)frames * TimeSpan.TicksPerSecond / SampleRate));

    /// <summary>The frame that is due after a time, rounded down.</summary>
    public long Frames(TimeSpan time) => (long)((Int128)time.Ticks * SampleRate / TimeSpan.TicksPerSecond);

    /// <inheritdoc/>
    public override string ToString() => $"{SampleRate} Hz, {BitsPerSample} bit, {(Channels == 1 ? "mono" : Channels == 2 ? "stereo" : Channels + " channels")}";
}
