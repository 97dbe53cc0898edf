using Alac.Encoding;

namespace Alac;

/// <summary>
/// Encodes PCM to ALAC packets. Packets do not depend on each other: any may be lost or decoded alone. Not for use by two threads at once. Allocates nothing after construction.
/// </summary>
/// <remarks>Layout and procedure: docs/protocol/alac.md.</remarks>
public sealed class AlacEncoder
{
    private const int FrameCountBits = 32, EndBits = 3, LongPacket = 1024, MostRefinements = 3;
    private const int Left = 0, Right = 1, Middle = 2, Side = 3;
    private readonly AlacEffort _effort;
    private readonly int[][] _signals;
    private readonly ushort[] _lowBits;
    private readonly SignalAnalysis _analysis;
    private readonly SignalCoding _first, _second;
    private StereoMode _mode;

    /// <summary>Makes an encoder of <see cref="AlacEffort.Default"/> effort.</summary>
    /// <param name="config">The stream's parameters.</param>
    /// <exception cref="ArgumentException"><paramref name="config"/> is not <see cref="AlacConfig.IsValid"/>.</exception>
    public AlacEncoder(AlacConfig config)
        : this(config, AlacEffort.Default)
    {
    }

    /// <summary>Makes an encoder.</summary>
    /// <param name="config">The stream's parameters.</param>
    /// <param name="effort">How much work to put into small packets.</param>
    /// <exception cref="ArgumentException"><paramref name="config"/> is not <see cref="AlacConfig.IsValid"/>, or <paramref name="effort"/> is none.</exception>
    public AlacEncoder(AlacConfig config, AlacEffort effort)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.ThrowIfInvalid(nameof(config));
        if (!Enum.IsDefined(effort)) throw new ArgumentException($"There is no effort {effort}.", nameof(effort));
        Config = config;
        _effort = effort;
        _signals = new int[config.Channels == 2 ? Side + 1 : 1][];
        for (int i = 0; i < _signals.Length; i++) _signals[i] = new int[config.FrameLength];
        _lowBits = new ushort[config.FrameLength * config.Channels];
        _analysis = new SignalAnalysis(config.FrameLength);
        _first = new SignalCoding(config);
        _second = new SignalCoding(config);
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
        ReadSamples(pcm, frames);
        int lowBits = CountLowBits(frames), bits = Config.BitDepth - lowBits + (Config.Channels - 1);
        if (lowBits > 0) SplitLowBits(frames, lowBits);
        FindResiduals(frames, bits);
        int escape = EscapeSize(Config, frames);
        if (TryWrite(packet[..escape], frames, bits, lowBits) is > 0 and int length && length < escape) return length;
        return EncodeEscape(Config, pcm, packet);
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
        if (config is { BitDepth: 16, Channels: 2 })
        {
            for (; !pcm.IsEmpty; pcm = pcm[4..]) writer.Write((uint)(pcm[1] << 24 | pcm[0] << 16 | pcm[3] << 8 | pcm[2]), 32);
        }

        uint mask = uint.MaxValue >> (32 - config.BitDepth);
        for (; !pcm.IsEmpty; pcm = pcm[bytesPerSample..])
        {
            writer.Write((uint)(PcmReader.ReadSample(pcm, bytesPerSample) >> justify) & mask, config.BitDepth);
        }

        writer.Write((uint)ElementTag.End, EndBits);
        return writer.Finish();
    }

    /// <summary>Forgets earlier packets, of which nothing depends: each is that of a new encoder in any case.</summary>
    public void Reset() => _mode = StereoMode.LeftRight;

    private static int EscapeSize(AlacConfig config, int frames) =>
        (23 + (frames < config.FrameLength ? FrameCountBits : 0) + frames * config.Channels * config.BitDepth + EndBits + 7) / 8;

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
        for (int channel = 0; channel < Config.Channels; channel++)
        {
            foreach (int sample in Samples(channel, frames))
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
            Span<int> samples = Samples(channel, frames);
            for (int i = 0; i < samples.Length; i++)
            {
                _lowBits[i * channels + channel] = (ushort)(samples[i] & mask);
                samples[i] >>= lowBits;
            }
        }
    }

    private void ReadSamples(ReadOnlySpan<byte> pcm, int frames)
    {
        if (Config is { BitDepth: 16, Channels: 2 })
        {
            PcmReader.ReadStereo16(pcm, Samples(Left, frames), Samples(Right, frames));
            return;
        }

        for (int i = 0; i < Config.Channels; i++) PcmReader.Read(pcm, Config, i, Samples(i, frames));
    }

    private Span<int> Samples(int signal, int frames) => _signals[signal].AsSpan(0, frames);

    /// <summary>Decides how the packet is coded, and finds the residuals.</summary>
    private void FindResiduals(int frames, int bits)
    {
        bool isWeighted = _effort != AlacEffort.Fast && Config.FrameLength >= LongPacket;
        if (Config.Channels == 1)
        {
            Span<int> mono = Samples(Left, frames);
            _first.Begin(_analysis.Solve(mono, isWeighted), bits);
            _first.Predict(mono, bits);
            if (_effort == AlacEffort.Best) Refine(mono, bits);
            return;
        }

        _mode = _analysis.Choose(Samples(Left, frames), Samples(Right, frames), isWeighted, out LinearPrediction first, out LinearPrediction second);
        if (_mode != StereoMode.LeftRight) StereoMixer.Mix(Samples(Left, frames), Samples(Right, frames), Samples(Middle, frames), Samples(Side, frames));
        _first.Begin(first, bits);
        _second.Begin(second, bits);
        Span<int> samples = Samples(_mode == StereoMode.MiddleSide ? Middle : Left, frames), others = Samples(_mode == StereoMode.LeftRight ? Right : Side, frames);
        SignalCoding.Predict(_first, samples, _second, others, bits);
        if (_effort == AlacEffort.Best) Refine(samples, others, bits);
    }

    /// <summary>Predicts a pair of channels again, each time with predictors that the residuals before have told of, and keeps the shortest.</summary>
    private void Refine(Span<int> samples, Span<int> others, int bits)
    {
        int frames = samples.Length;
        _first.Measure(frames, bits);
        _second.Measure(frames, bits);
        for (int i = 0; i < MostRefinements; i++)
        {
            BeginAgain(_first, samples, bits);
            BeginAgain(_second, others, bits);
            SignalCoding.Predict(_first, samples, _second, others, bits);
            if (!(_first.KeepShorter(frames, bits) | _second.KeepShorter(frames, bits))) break;
        }
    }

    /// <summary>As the other, with one channel.</summary>
    private void Refine(Span<int> samples, int bits)
    {
        int frames = samples.Length;
        _first.Measure(frames, bits);
        for (int i = 0; i < MostRefinements; i++)
        {
            BeginAgain(_first, samples, bits);
            _first.Predict(samples, bits);
            if (!_first.KeepShorter(frames, bits)) break;
        }
    }

    private void BeginAgain(SignalCoding coding, ReadOnlySpan<int> samples, int bits)
    {
        LinearPrediction next = _analysis.Solve(samples, coding.Residuals(samples.Length));
        coding.PutAside();
        coding.Begin(next, bits);
    }

    /// <summary>Writes a compressed packet.</summary>
    /// <returns>Its bytes, or 0 when there is no room or no coding that is safe.</returns>
    private int TryWrite(Span<byte> packet, int frames, int bits, int lowBits)
    {
        var writer = new BitWriter(packet);
        WriteHeader(ref writer, Config, frames, lowBits / 8, isEscape: false);
        int mixRes = StereoMixer.MixRes(_mode);
        writer.Write(mixRes == 0 ? 0u : StereoMixer.MixBits, 8);
        writer.Write((uint)mixRes, 8);
        SignalCoding? second = Config.Channels == 2 ? _second : null;
        _first.WriteHeader(ref writer);
        second?.WriteHeader(ref writer);
        if (lowBits > 0)
        {
            foreach (ushort low in _lowBits.AsSpan(0, frames * Config.Channels)) writer.Write(low, lowBits);
        }

        if (!_first.WriteResiduals(ref writer, frames, bits) || second?.WriteResiduals(ref writer, frames, bits) == false) return 0;
        writer.Write((uint)ElementTag.End, EndBits);
        int length = writer.Finish();
        return writer.IsFull ? 0 : length;
    }
}
