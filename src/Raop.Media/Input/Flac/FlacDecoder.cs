namespace Raop.Media.Input.Flac;

/// <summary>How decoding one block went.</summary>
internal enum FlacStatus
{
    /// <summary>The block's frames are there.</summary>
    Decoded,

    /// <summary>The bytes end inside the block.</summary>
    NeedMore,

    /// <summary>This is not a block, or it is damaged.</summary>
    Corrupt,
}

/// <summary>
/// Decodes FLAC blocks (RFC 9639 section 9): all subframe types, stereo modes and depths of 4 to 32 bits. Knows no stream and no file.
/// Allocates only when a block is longer than any before.
/// </summary>
internal sealed class FlacDecoder
{
    private readonly FlacStreamInfo _info;
    private readonly long[][] _channels; // 64 bit: the side channel of 32-bit audio has 33
    private readonly long[] _coefficients = new long[32];

    public FlacDecoder(FlacStreamInfo info)
    {
        _info = info;
        _channels = new long[info.Channels][];
        Array.Fill(_channels, []);
    }

    /// <summary>The block that was decoded last.</summary>
    public FlacFrameHeader Header { get; private set; }

    /// <summary>Samples of a channel of the block decoded last, in the stream's bits.</summary>
    public ReadOnlySpan<long> Channel(int index) => _channels[index].AsSpan(0, Header.BlockSize);

    /// <summary>Decodes the block at the start of the bytes.</summary>
    /// <param name="data">From the sync code on; what follows the block does not matter.</param>
    /// <param name="consumed">Bytes of the block.</param>
    public FlacStatus Decode(ReadOnlySpan<byte> data, out int consumed)
    {
        consumed = 0;
        if (!FlacFrameHeader.TryParse(data, _info, out FlacFrameHeader header))
            return data.Length < FlacFrameHeader.MaxSize ? FlacStatus.NeedMore : FlacStatus.Corrupt;

        Header = header;
        var bits = new FlacBits(data[header.Length..]);
        for (int i = 0; i < header.Channels; i++)
        {
            if (_channels[i].Length < header.BlockSize) _channels[i] = new long[Math.Max(header.BlockSize, _info.MaxBlockSize)];
            int side = (header.Stereo, i) is (FlacStereo.LeftSide, 1) or (FlacStereo.SideRight, 0) or (FlacStereo.MidSide, 1) ? 1 : 0;
            bool valid = DecodeSubframe(ref bits, _channels[i].AsSpan(0, header.BlockSize), _info.BitsPerSample + side);
            if (bits.IsOverrun) return FlacStatus.NeedMore; // first: zeros past the end look like damage
            if (!valid) return FlacStatus.Corrupt;
        }

        bits.Align();
        int length = header.Length + bits.BytePosition;
        if (length + 2 > data.Length) return FlacStatus.NeedMore;
        if (FlacCrc.Crc16(data[..length]) != ((data[length] << 8) | data[length + 1])) return FlacStatus.Corrupt;
        if (header.Stereo != FlacStereo.Independent) Undo(header.Stereo, _channels[0].AsSpan(0, header.BlockSize), _channels[1].AsSpan(0, header.BlockSize));
        consumed = length + 2;
        return FlacStatus.Decoded;
    }

    private bool DecodeSubframe(ref FlacBits bits, Span<long> samples, int depth)
    {
        if (bits.Read(1) != 0) return false;
        int type = (int)bits.Read(6), wasted = 0;
        if (bits.Read(1) != 0)
        {
            wasted = bits.ReadUnary() + 1;
            if (wasted >= depth) return false;
            depth -= wasted;
        }

        bool valid = true;
        switch (type)
        {
            case 0:
                samples.Fill(bits.ReadSigned(depth));
                break;
            case 1:
                foreach (ref long sample in samples) sample = bits.ReadSigned(depth);
                break;
            case >= 8 and <= 12:
                valid = DecodeFixed(ref bits, samples, depth, type - 8);
                break;
            case >= 32:
                valid = DecodeLinear(ref bits, samples, depth, type - 31);
                break;
            default:
                return false;
        }

        if (wasted > 0)
        {
            foreach (ref long sample in samples) sample <<= wasted;
        }

        return valid;
    }

    /// <summary>Fixed predictors: the differences of order 0 to 4 (RFC 9639 section 9.2.5).</summary>
    private static bool DecodeFixed(ref FlacBits bits, Span<long> s, int depth, int order)
    {
        if (order > s.Length) return false;
        for (int i = 0; i < order; i++) s[i] = bits.ReadSigned(depth);
        if (!DecodeResidual(ref bits, s, order)) return false;
        switch (order)
        {
            case 1:
                for (int i = 1; i < s.Length; i++) s[i] += s[i - 1];
                break;
            case 2:
                for (int i = 2; i < s.Length; i++) s[i] += (2 * s[i - 1]) - s[i - 2];
                break;
            case 3:
                for (int i = 3; i < s.Length; i++) s[i] += (3 * (s[i - 1] - s[i - 2])) + s[i - 3];
                break;
            case 4:
                for (int i = 4; i < s.Length; i++) s[i] += (4 * (s[i - 1] + s[i - 3])) - (6 * s[i - 2]) - s[i - 4];
                break;
        }

        return true;
    }

    /// <summary>Linear prediction of order 1 to 32 (RFC 9639 section 9.2.6).</summary>
    private bool DecodeLinear(ref FlacBits bits, Span<long> samples, int depth, int order)
    {
        if (order > samples.Length) return false;
        for (int i = 0; i < order; i++) samples[i] = bits.ReadSigned(depth);
        int precision = (int)bits.Read(4) + 1, shift = (int)bits.ReadSigned(5);
        if (precision == 16 || shift < 0) return false;
        Span<long> coefficients = _coefficients.AsSpan(0, order); // turned round, so that both run forward
        for (int i = order - 1; i >= 0; i--) coefficients[i] = bits.ReadSigned(precision);
        if (!DecodeResidual(ref bits, samples, order)) return false;
        for (int i = order; i < samples.Length; i++)
        {
            ReadOnlySpan<long> history = samples.Slice(i - order, coefficients.Length);
            long sum = 0;
            for (int k = 0; k < coefficients.Length; k++) sum += coefficients[k] * history[k];
            samples[i] += sum >> shift;
        }

        return true;
    }

    /// <summary>What prediction left, in partitions with a Rice parameter each (RFC 9639 section 9.2.7).</summary>
    private static bool DecodeResidual(ref FlacBits bits, Span<long> samples, int order)
    {
        int method = (int)bits.Read(2);
        if (method > 1) return false;
        int partitionOrder = (int)bits.Read(4), parameterBits = 4 + method, escape = (1 << parameterBits) - 1;
        int length = samples.Length >> partitionOrder;
        if (length << partitionOrder != samples.Length || length < order) return false;
        for (int partition = 0, start = order; partition < 1 << partitionOrder; partition++)
        {
            Span<long> part = samples[start..((partition + 1) * length)];
            int parameter = (int)bits.Read(parameterBits);
            if (parameter < escape)
            {
                bits.ReadRice(part, parameter);
            }
            else
            {
                int width = (int)bits.Read(5);
                foreach (ref long value in part) value = bits.ReadSigned(width);
            }

            if (bits.IsOverrun) return false;
            start += part.Length;
        }

        return true;
    }

    private static void Undo(FlacStereo stereo, Span<long> first, Span<long> second)
    {
        switch (stereo)
        {
            case FlacStereo.LeftSide:
                for (int i = 0; i < first.Length; i++) second[i] = first[i] - second[i];
                break;
            case FlacStereo.SideRight:
                for (int i = 0; i < first.Length; i++) first[i] += second[i];
                break;
            default:
                for (int i = 0; i < first.Length; i++)
                {
                    long side = second[i], twice = (first[i] << 1) | (side & 1);
                    first[i] = (twice + side) >> 1;
                    second[i] = (twice - side) >> 1;
                }

                break;
        }
    }
}
