using System.Buffers.Binary;

namespace Raop.Media.Input.Flac;

/// <summary>The STREAMINFO block: what holds for every frame.</summary>
/// <param name="MinBlockSize">Frames of the shortest block but the last.</param>
/// <param name="MaxBlockSize">Frames of the longest block.</param>
/// <param name="MaxFrameBytes">Bytes of the longest block as coded, 0 = not known.</param>
/// <param name="SampleRate">Frames a second.</param>
/// <param name="Channels">1 to 8.</param>
/// <param name="BitsPerSample">4 to 32.</param>
/// <param name="TotalFrames">Frames in all, 0 = not known.</param>
/// <remarks>RFC 9639 section 8.2. "Frames" here are samples of every channel; RFC 9639 calls a coded block a frame.</remarks>
internal readonly record struct FlacStreamInfo(
    int MinBlockSize, int MaxBlockSize, int MaxFrameBytes, int SampleRate, int Channels, int BitsPerSample, long TotalFrames)
{
    public const int Size = 34;

    public static bool TryParse(ReadOnlySpan<byte> block, out FlacStreamInfo info)
    {
        info = default;
        if (block.Length < Size) return false;
        ulong packed = BinaryPrimitives.ReadUInt64BigEndian(block[10..]); // rate 20, channels - 1 3, bits - 1 5, frames 36
        info = new FlacStreamInfo(
            MinBlockSize: BinaryPrimitives.ReadUInt16BigEndian(block),
            MaxBlockSize: BinaryPrimitives.ReadUInt16BigEndian(block[2..]),
            MaxFrameBytes: (block[7] << 16) | (block[8] << 8) | block[9],
            SampleRate: (int)(packed >> 44),
            Channels: (int)((packed >> 41) & 7) + 1,
            BitsPerSample: (int)((packed >> 36) & 31) + 1,
            TotalFrames: (long)(packed & 0xF_FFFF_FFFF));
        return info.MinBlockSize >= 16 && info.MaxBlockSize >= info.MinBlockSize && info.SampleRate > 0 && info.BitsPerSample >= 4;
    }
}
