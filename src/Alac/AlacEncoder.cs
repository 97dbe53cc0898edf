using Alac.Encoding;

namespace Alac;

/// <summary>
/// Encodes PCM to ALAC packets. It learns from packet to packet, but packets do not depend on each other: any may be lost or
/// decoded alone. Not for use by two threads at once. Allocates nothing after construction.
/// </summary>
/// <remarks>Layout and procedure: docs/protocol/alac.md.</remarks>
public sealed class AlacEncoder
{
    private const int FrameCountBits = 32, MixBits = 16, EndBits = 3;
    private readonly int[][] _samples;
    private readonly ushort[] _lowBits;
    private readonly ChannelEncoder[] _channels;

    /// <summary>Makes an encoder.</summary>
    /// <param name="config">The stream's parameters.</param>
    /// <exception cref="ArgumentException"><paramref name="config"/> is not <see cref="AlacConfig.IsValid"/>.</exception>
    public AlacEncoder(AlacConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.ThrowIfInvalid(nameof(config));
        Config = config;
        _samples = new int[config.Channels][];
        _channels = new ChannelEncoder[config.Channels];
        for (int i = 0; i < config.Channels; i++)
        {
            _samples[i] = new int[config.FrameLength];
            _channels[i] = new ChannelEncoder(config);
        }

        _lowBits = new ushort[config.FrameLength * config.Channels];
    }

    /// <summary>The stream's parameters.</summary>
    public AlacConfig Config { get; }

    /// <summary>Encodes a packet.</summary>
    /// <param name="pcm">
    /// Interleaved little-endian PCM as <see cref="AlacDecoder"/> gives it: 1 to <see cref="AlacConfig.FrameLength"/> whole
    /// frames. Fewer than that many make a short packet, which belongs at a stream's end.
    /// </param>
    /// <param name="packet">Takes the packet; at least <see cref="AlacConfig.MaxPacketSize"/> bytes.</param>
    /// <returns>Bytes of the packet.</returns>
    /// <exception cref="ArgumentException"><paramref name="pcm"/> has a wrong size, or <paramref name="packet"/> is too short.</exception>
    public int Encode(ReadOnlySpan<byte> pcm, Span<byte> packet)
    {
        int frames = CountFrames(Config, pcm, packet);
        for (int i = 0; i < _samples.Length; i++) PcmReader.Read(pcm, Config, i, _samples[i].AsSpan(0, frames));
        int lowBits = CountLowBits(frames), bits = Config.BitDepth - lowBits + (Config.Channels - 1), mixRes = 0;
        if (lowBits > 0) SplitLowBits(frames, lowBits);
        if (Config.Channels == 2)
        {
            Span<int> left = _samples[0].AsSpan(0, frames), right = _samples[1].AsSpan(0, frames);
            mixRes = StereoMixer.Choose(left, right);
            if (mixRes != 0) StereoMixer.Mix(left, right, mixRes);
        }

        if (!IsWorthCompressing(frames, bits, lowBits))
        {
            Reset(); // noise leaves the predictors adrift
            return EncodeEscape(Config, pcm, packet);
        }

        var writer = new BitWriter(packet);
        WriteHeader(ref writer, Config, frames, lowBits / 8, isEscape: false);
        writer.Write(mixRes == 0 ? 0u : StereoMixer.MixBits, 8);
        writer.Write((uint)mixRes, 8);
        foreach (ChannelEncoder channel in _channels) channel.WriteHeader(ref writer);
        if (lowBits > 0)
        {
            foreach (ushort low in _lowBits.AsSpan(0, frames * Config.Channels)) writer.Write(low, lowBits);
        }

        foreach (ChannelEncoder channel in _channels) channel.WriteResiduals(ref writer, frames, bits);
        writer.Write((uint)ElementTag.End, EndBits);
        return writer.Finish();
    }

    /// <summary>Packs frames without compression: no work to speak of, and every receiver takes it. Independent of any encoder.</summary>
    /// <param name="config">The stream's parameters.</param>
    /// <param name="pcm">As for <see cref="Encode"/>.</param>
    /// <param name="packet">As for <see cref="Encode"/>.</param>
    /// <returns>Bytes of the packet.</returns>
    /// <exception cref="ArgumentException"><paramref name="pcm"/> has a wrong size, <paramref name="packet"/> is too short, or <paramref name="config"/> is not valid.</exception>
    public static int EncodeEscape(AlacConfig config, ReadOnlySpan<byte> pcm, Span<byte> packet)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.ThrowIfInvalid(nameof(config));
        int frames = CountFrames(config, pcm, packet);
        var writer = new BitWriter(packet);
        WriteHeader(ref writer, config, frames, lowBytes: 0, isEscape: true);
        int bytesPerSample = config.BytesPerFrame / config.Channels, justify = bytesPerSample * 8 - config.BitDepth;
        uint mask = uint.MaxValue >> (32 - config.BitDepth);
        for (; !pcm.IsEmpty; pcm = pcm[bytesPerSample..])
        {
            writer.Write((uint)(PcmReader.ReadSample(pcm, bytesPerSample) >> justify) & mask, config.BitDepth);
        }

        writer.Write((uint)ElementTag.End, EndBits);
        return writer.Finish();
    }

    /// <summary>Forgets what earlier packets taught, so that the next are those of a new encoder. Needed only to make output reproducible.</summary>
    public void Reset()
    {
        foreach (ChannelEncoder channel in _channels) channel.Reset();
    }

    private static int CountFrames(AlacConfig config, ReadOnlySpan<byte> pcm, Span<byte> packet)
    {
        if (pcm.IsEmpty || pcm.Length % config.BytesPerFrame != 0 || pcm.Length > config.MaxPcmSize)
        {
            throw new ArgumentException($"1 to {config.FrameLength} frames of {config.BytesPerFrame} bytes are expected, not {pcm.Length} bytes.", nameof(pcm));
        }

        if (packet.Length < config.MaxPacketSize) throw new ArgumentException($"A packet can need {config.MaxPacketSize} bytes.", nameof(packet));
        return pcm.Length / config.BytesPerFrame;
    }

    private static void WriteHeader(ref BitWriter writer, AlacConfig config, int frames, int lowBytes, bool isEscape)
    {
        bool isPartial = frames < config.FrameLength;
        writer.Write((uint)(config.Channels == 2 ? ElementTag.ChannelPair : ElementTag.SingleChannel), 3);
        writer.Write(0, 16); // instance, unused
        writer.Write(isPartial ? 1u : 0, 1);
        writer.Write((uint)lowBytes, 2);
        writer.Write(isEscape ? 1u : 0, 1);
        if (isPartial) writer.Write((uint)frames, FrameCountBits);
    }

    /// <summary>Bits at the low end of a sample that are sent as they are, because predicting them would not pay.</summary>
    private int CountLowBits(int frames)
    {
        if (Config.BitDepth != 24) return Config.BitDepth == 32 ? 16 : 0;
        foreach (int[] samples in _samples)
        {
            foreach (int sample in samples.AsSpan(0, frames))
            {
                if (sample != (short)sample) return 8;
            }
        }

        return 0; // silence, or close to it: the low bits are the music
    }

    private void SplitLowBits(int frames, int lowBits)
    {
        int mask = (1 << lowBits) - 1, channels = Config.Channels;
        for (int channel = 0; channel < channels; channel++)
        {
            Span<int> samples = _samples[channel].AsSpan(0, frames);
            for (int i = 0; i < samples.Length; i++)
            {
                _lowBits[i * channels + channel] = (ushort)(samples[i] & mask);
                samples[i] >>= lowBits;
            }
        }
    }

    /// <summary>Lets each channel find its shortest coding. False when an escape packet is as short, or the only safe one.</summary>
    private bool IsWorthCompressing(int frames, int bits, int lowBits)
    {
        int compressed = MixBits + frames * Config.Channels * lowBits, escape = frames * Config.Channels * Config.BitDepth;
        bool isSafe = true;
        for (int i = 0; i < _channels.Length; i++)
        {
            int? length = _channels[i].Analyze(_samples[i].AsSpan(0, frames), bits);
            isSafe &= length is not null;
            compressed += length ?? 0;
        }

        return isSafe && compressed < escape;
    }
}
