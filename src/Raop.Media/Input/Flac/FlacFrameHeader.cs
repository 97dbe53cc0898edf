namespace Raop.Media.Input.Flac;

/// <summary>How the two channels of a block are coded.</summary>
internal enum FlacStereo
{
    /// <summary>Each for itself.</summary>
    Independent,

    /// <summary>Left, and left less right.</summary>
    LeftSide,

    /// <summary>Left less right, and right.</summary>
    SideRight,

    /// <summary>The mean, and left less right.</summary>
    MidSide,
}

/// <summary>The header of one coded block.</summary>
/// <param name="Length">Bytes of the header with its checksum.</param>
/// <param name="BlockSize">Frames in the block.</param>
/// <param name="FirstFrame">The block's first frame, counted from the start of the stream.</param>
/// <param name="Channels">1 to 8.</param>
/// <param name="Stereo">How two channels are coded.</param>
/// <remarks>RFC 9639 section 9.1.</remarks>
internal readonly record struct FlacFrameHeader(int Length, int BlockSize, long FirstFrame, int Channels, FlacStereo Stereo)
{
    /// <summary>Bytes of the longest header.</summary>
    public const int MaxSize = 16;

    private static readonly int[] Rates = [0, 88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];

    /// <summary>Parses a header that fits the stream.</summary>
    /// <returns>False also when the bytes end before the header does; callers bring <see cref="MaxSize"/> or all there is.</returns>
    public static bool TryParse(ReadOnlySpan<byte> data, in FlacStreamInfo info, out FlacFrameHeader header)
    {
        header = default;
        if (data.Length < 6 || data[0] != 0xFF || (data[1] & 0xFE) != 0xF8) return false;
        int sizeCode = data[2] >> 4, rateCode = data[2] & 15, channelCode = data[3] >> 4, bitsCode = (data[3] >> 1) & 7;
        if (sizeCode == 0 || rateCode == 15 || channelCode > 10 || (data[3] & 1) != 0) return false;
        int at = 4;
        if (!TryReadNumber(data, ref at, out long number)) return false;

        int tail = (sizeCode == 6 ? 1 : sizeCode == 7 ? 2 : 0) + (rateCode == 12 ? 1 : rateCode > 12 ? 2 : 0);
        if (at + tail >= data.Length) return false;
        int blockSize = sizeCode switch
        {
            1 => 192,
            <= 5 => 144 << sizeCode,
            6 => data[at++] + 1,
            7 => ((data[at++] << 8) | data[at++]) + 1,
            _ => 1 << sizeCode,
        };
        int rate = rateCode switch
        {
            0 => info.SampleRate,
            12 => data[at++] * 1000,
            13 => (data[at++] << 8) | data[at++],
            14 => ((data[at++] << 8) | data[at++]) * 10,
            _ => Rates[rateCode],
        };
        int bits = bitsCode switch { 0 => info.BitsPerSample, 1 => 8, 2 => 12, 4 => 16, 5 => 20, 6 => 24, 7 => 32, _ => -1 };
        int channels = channelCode < 8 ? channelCode + 1 : 2;
        if (FlacCrc.Crc8(data[..at]) != data[at] || rate != info.SampleRate || bits != info.BitsPerSample || channels != info.Channels) return false;
        if (blockSize > 65_535) return false;

        bool isVariable = (data[1] & 1) != 0;
        header = new FlacFrameHeader(at + 1, blockSize, isVariable ? number : number * info.MaxBlockSize, channels, (FlacStereo)Math.Max(0, channelCode - 7));
        return true;
    }

    /// <summary>The number of the block, or of its first frame, written as UTF-8 writes characters, up to 36 bits in 7 bytes.</summary>
    private static bool TryReadNumber(ReadOnlySpan<byte> data, ref int at, out long number)
    {
        byte first = data[at++];
        int ones = 0;
        while (ones < 8 && (first & (0x80 >> ones)) != 0) ones++;
        number = first & (0x7F >> ones);
        if (ones is 1 or 8) return false;
        for (int i = 1; i < ones; i++)
        {
            if (at >= data.Length || (data[at] & 0xC0) != 0x80) return false;
            number = (number << 6) | (uint)(data[at++] & 0x3F);
        }

        return true;
    }
}
