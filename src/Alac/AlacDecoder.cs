using Alac.Decoding;

namespace Alac;

/// <summary>
/// Decodes ALAC packets to PCM. Packets do not depend on each other: any may be lost or decoded alone. Not for use by two
/// threads at once. Allocates nothing after construction.
/// </summary>
/// <remarks>Layout and procedure: docs/protocol/alac.md.</remarks>
public sealed class AlacDecoder
{
    /// <summary>Bytes that <see cref="PeekFrames"/> looks at.</summary>
    internal const int LongestHeader = 7;

    private readonly int[][] _samples;
    private readonly int[] _silence; // stays zero: partner of a channel whose other needs no predictor
    private readonly ushort[] _lowBits;
    private readonly ChannelHeader[] _headers = [new(), new()];
    private PacketForm _form;
    private int _escapePosition, _mixBits, _mixRes;

    /// <summary>Makes a decoder.</summary>
    /// <param name="config">The stream's parameters.</param>
    /// <exception cref="ArgumentException"><paramref name="config"/> is not <see cref="AlacConfig.IsValid"/>.</exception>
    public AlacDecoder(AlacConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.ThrowIfInvalid(nameof(config));
        Config = config;
        _samples = new int[config.Channels][];
        for (int i = 0; i < _samples.Length; i++) _samples[i] = new int[config.FrameLength];
        _silence = new int[config.FrameLength];
        _lowBits = new ushort[config.FrameLength * config.Channels];
    }

    /// <summary>The stream's parameters.</summary>
    public AlacConfig Config { get; }

    /// <summary>Decodes one packet. No packet, however damaged, makes it throw.</summary>
    /// <param name="packet">The packet; bytes after its end are ignored.</param>
    /// <param name="pcm">
    /// Takes interleaved little-endian PCM; at least <see cref="AlacConfig.MaxPcmSize"/> bytes. 20-bit samples fill the upper
    /// bits of three bytes. Left alone unless the result is <see cref="AlacStatus.Ok"/>.
    /// </param>
    /// <param name="frames">Frames written, 1 to <see cref="AlacConfig.FrameLength"/>; 0 when the packet was refused.</param>
    /// <exception cref="ArgumentException"><paramref name="pcm"/> is too short.</exception>
    public AlacStatus Decode(ReadOnlySpan<byte> packet, Span<byte> pcm, out int frames)
    {
        if (pcm.Length < Config.MaxPcmSize) throw new ArgumentException($"A packet can need {Config.MaxPcmSize} bytes.", nameof(pcm));
        packet = packet[..Math.Min(packet.Length, BitReader.MaxBytes)];
        var residuals = new ResidualReader();
        AlacStatus status = DecodeElements(packet, ref residuals, out int length, out bool hasEnd);
        if (residuals.HasDisputed && (status != AlacStatus.Ok || !hasEnd))
        {
            // Read Apple's way this packet does not end where it should: see whether it is one of FFmpeg's.
            var others = new ResidualReader { ClampsDisputed = true };
            if (DecodeElements(packet, ref others, out length, out hasEnd) == AlacStatus.Ok && hasEnd) status = AlacStatus.Ok;
            else status = DecodeElements(packet, ref residuals, out length, out _);
        }

        frames = status == AlacStatus.Ok ? length : 0;
        if (frames > 0) Write(packet, pcm, frames);
        return status;
    }

    /// <summary>Decodes a packet's channels to <see cref="_samples"/>.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="residuals">Reads residuals.</param>
    /// <param name="length">Frames in the packet.</param>
    /// <param name="hasEnd">Whether the packet's end follows the channels, as it should.</param>
    private AlacStatus DecodeElements(ReadOnlySpan<byte> packet, ref ResidualReader residuals, out int length, out bool hasEnd)
    {
        int channels = 0;
        length = 0;
        hasEnd = false;
        _form = PacketForm.Samples;
        _mixRes = 0;
        var reader = new BitReader(packet);
        while (channels < Config.Channels) // then END may follow or not: some senders leave it out
        {
            uint tag = reader.Read(3);
            if (reader.IsPastEnd) return AlacStatus.Truncated;
            AlacStatus status = AlacStatus.Ok;
            switch ((ElementTag)tag)
            {
                case ElementTag.SingleChannel or ElementTag.LowFrequency:
                    status = DecodeElement(ref reader, ref residuals, channels, 1, ref length);
                    channels++;
                    break;
                case ElementTag.ChannelPair:
                    if (channels + 2 > Config.Channels) return AlacStatus.Malformed;
                    status = DecodeElement(ref reader, ref residuals, channels, 2, ref length);
                    channels += 2;
                    break;
                case ElementTag.Data:
                    SkipData(ref reader);
                    break;
                case ElementTag.Fill:
                    SkipFill(ref reader);
                    break;
                case ElementTag.End:
                    return AlacStatus.Malformed;
                default:
                    return AlacStatus.Unsupported;
            }

            if (status != AlacStatus.Ok) return status;
            if (reader.IsPastEnd) return AlacStatus.Truncated;
        }

        hasEnd = (ElementTag)reader.Read(3) == ElementTag.End && !reader.IsPastEnd;
        return AlacStatus.Ok;
    }

    /// <summary>The frame count that a packet's first element states, or null when it states none.</summary>
    internal static int? PeekFrames(ReadOnlySpan<byte> packet)
    {
        var reader = new BitReader(packet);
        bool hasAudio = (ElementTag)reader.Read(3) is ElementTag.SingleChannel or ElementTag.ChannelPair or ElementTag.LowFrequency;
        reader.Skip(4 + 12);
        bool isPartial = reader.Read(1) != 0;
        reader.Skip(3);
        uint frames = reader.Read(32);
        return hasAudio && isPartial && !reader.IsPastEnd && frames is > 0 and <= int.MaxValue ? (int)frames : null;
    }

    /// <param name="reader">Stands after the tag.</param>
    /// <param name="residuals">Reads residuals.</param>
    /// <param name="first">Index of the element's first channel.</param>
    /// <param name="channels">1 or 2.</param>
    /// <param name="length">Frames of the elements before, 0 when this is the first; frames of this one.</param>
    private AlacStatus DecodeElement(ref BitReader reader, ref ResidualReader residuals, int first, int channels, ref int length)
    {
        reader.Skip(4); // instance
        uint unused = reader.Read(12);
        bool isPartial = reader.Read(1) != 0;
        int lowBytes = (int)reader.Read(2);
        bool isEscape = reader.Read(1) != 0;
        uint frames = isPartial ? reader.Read(32) : (uint)Config.FrameLength;
        if (reader.IsPastEnd) return AlacStatus.Truncated;
        if (unused != 0 || lowBytes == 3 || frames == 0 || frames > (uint)Config.FrameLength) return AlacStatus.Malformed;
        if (length != 0 && length != frames) return AlacStatus.Malformed;
        length = (int)frames;
        return isEscape
            ? ReadEscape(ref reader, first, channels, length)
            : ReadCompressed(ref reader, ref residuals, first, channels, length, lowBytes * 8);
    }

    private AlacStatus ReadEscape(ref BitReader reader, int first, int channels, int frames)
    {
        int depth = Config.BitDepth;
        if (reader.Remaining < frames * channels * depth) return AlacStatus.Truncated;
        if (depth == 16 && channels == Config.Channels)
        {
            _form = PacketForm.Escape;
            _escapePosition = reader.Position;
            reader.Skip(frames * channels * depth);
            return AlacStatus.Ok;
        }

        for (int i = 0; i < frames; i++)
        {
            for (int channel = first; channel < first + channels; channel++) _samples[channel][i] = (int)reader.Read(depth);
        }

        return AlacStatus.Ok;
    }

    private AlacStatus ReadCompressed(ref BitReader reader, ref ResidualReader residuals, int first, int channels, int frames, int lowBits)
    {
        int bits = Config.BitDepth - lowBits + (channels - 1); // a difference of two channels needs one more
        if (lowBits >= Config.BitDepth || bits > 32) return AlacStatus.Malformed;
        int mixBits = (int)reader.Read(8);
        int mixRes = (sbyte)reader.Read(8);
        for (int i = 0; i < channels; i++) _headers[i].Read(ref reader);
        if (reader.IsPastEnd || reader.Remaining < frames * channels * lowBits) return AlacStatus.Truncated;
        if (mixBits > 31 && mixRes != 0) return AlacStatus.Malformed;

        Span<ushort> low = _lowBits.AsSpan(0, lowBits == 0 ? 0 : frames * channels);
        for (int i = 0; i < low.Length; i++) low[i] = (ushort)reader.Read(lowBits);
        uint loudest = 0, loudestOther = 0;
        for (int i = 0; i < channels; i++)
        {
            if (!_headers[i].IsValid) return AlacStatus.Malformed;
            Span<int> values = _samples[first + i].AsSpan(0, frames);
            AlacStatus status = residuals.Read(ref reader, values, _headers[i].NewState(Config), bits, out uint magnitudes);
            if (status != AlacStatus.Ok) return status;
            if (i == 0) loudest = magnitudes;
            else loudestOther = magnitudes;
        }

        if (lowBits == 0 && channels == Config.Channels && (loudest | loudestOther) == 0)
        {
            _form = PacketForm.Silence;
            return AlacStatus.Ok;
        }

        Restore(first, channels, frames, bits, loudest, loudestOther);
        if (channels == 2) (_mixBits, _mixRes) = (mixBits, mixRes);
        if (low.IsEmpty) return AlacStatus.Ok;
        if (_mixRes != 0) StereoUnmixer.Unmix(_samples[0].AsSpan(0, frames), _samples[1].AsSpan(0, frames), mixBits, mixRes);
        _mixRes = 0;
        for (int channel = 0; channel < channels; channel++)
        {
            Span<int> samples = _samples[first + channel].AsSpan(0, frames);
            for (int i = 0; i < samples.Length; i++) samples[i] = samples[i] << lowBits | low[i * channels + channel];
        }

        return AlacStatus.Ok;
    }

    /// <summary>Turns residuals into samples.</summary>
    private void Restore(int first, int channels, int frames, int bits, uint loudest, uint loudestOther)
    {
        Span<int> values = _samples[first].AsSpan(0, frames), others = channels == 2 ? _samples[1].AsSpan(0, frames) : default;
        bool isPredicted = loudest != 0 && _headers[0].RestoreDifferences(values, bits);
        bool isOtherPredicted = loudestOther != 0 && _headers[1].RestoreDifferences(others, bits);
        if (isPredicted && isOtherPredicted) Predictor.RestorePair(_headers[0].Channel(values), loudest, _headers[1].Channel(others), loudestOther, bits);
        else if (isPredicted) Predictor.RestoreOne(_headers[0].Channel(values), loudest, _silence.AsSpan(0, frames), bits);
        else if (isOtherPredicted) Predictor.RestoreOne(_headers[1].Channel(others), loudestOther, _silence.AsSpan(0, frames), bits);
    }

    private static void SkipData(ref BitReader reader)
    {
        reader.Skip(4); // instance
        bool isAligned = reader.Read(1) != 0;
        int count = (int)reader.Read(8);
        if (count == 255) count += (int)reader.Read(8);
        if (isAligned) reader.AlignToByte();
        reader.Skip(count * 8);
    }

    private static void SkipFill(ref BitReader reader)
    {
        int count = (int)reader.Read(4);
        if (count == 15) count += (int)reader.Read(8) - 1;
        reader.Skip(count * 8);
    }

    private void Write(ReadOnlySpan<byte> packet, Span<byte> pcm, int frames)
    {
        pcm = pcm[..(frames * Config.BytesPerFrame)];
        switch (_form)
        {
            case PacketForm.Silence:
                pcm.Clear();
                break;
            case PacketForm.Escape:
                PcmWriter.WriteEscape16(packet, _escapePosition, pcm);
                break;
            case PacketForm.Samples when Config is { Channels: 2, BitDepth: 16 }:
                PcmWriter.WriteStereo16(_samples[0].AsSpan(0, frames), _samples[1].AsSpan(0, frames), _mixBits, _mixRes, pcm);
                break;
            default:
                if (_mixRes != 0) StereoUnmixer.Unmix(_samples[0].AsSpan(0, frames), _samples[1].AsSpan(0, frames), _mixBits, _mixRes);
                for (int channel = 0; channel < _samples.Length; channel++) PcmWriter.Write(_samples[channel].AsSpan(0, frames), Config, channel, pcm);
                break;
        }
    }

    /// <summary>What the packet's channels were found to be.</summary>
    private enum PacketForm
    {
        /// <summary>Samples, mixed if <see cref="_mixRes"/> says so.</summary>
        Samples,

        /// <summary>Nothing but zeros.</summary>
        Silence,

        /// <summary>PCM of 16 bit in the packet itself, at <see cref="_escapePosition"/>.</summary>
        Escape,
    }
}
