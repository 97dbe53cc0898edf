namespace Alac.Containers;

/// <summary>Where the packets of a track are, and which frames they hold.</summary>
/// <param name="config">The track's parameters, valid.</param>
/// <param name="fileLength">Bytes of the file.</param>
/// <param name="count">Packets.</param>
internal sealed class PacketTable(AlacConfig config, long fileLength, int count)
{
    /// <summary>The most packets in a file: a day and a half of 352 frames each.</summary>
    public const int MaxPackets = 1 << 24;

    private readonly long[] _offsets = new long[count], _starts = new long[count + 1];
    private readonly int[] _sizes = new int[count];

    public AlacConfig Config => config;

    public int Count => count;

    /// <summary>Frames of all packets.</summary>
    public long Frames => _starts[count];

    /// <summary>Frames to leave out at the start.</summary>
    public long LeadIn { get; set; }

    /// <summary>Frames to be heard.</summary>
    public long Length { get; set; }

    public IReadOnlyDictionary<string, string> Tags { get; set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public long Offset(int index) => _offsets[index];

    public int Size(int index) => _sizes[index];

    public long Start(int index) => _starts[index];

    /// <summary>The packet that holds a frame.</summary>
    public int Find(long frame)
    {
        int index = Array.BinarySearch(_starts, frame);
        return index >= 0 ? index : ~index - 1;
    }

    /// <summary>Sets where a packet is.</summary>
    /// <exception cref="AlacException">It is not inside the file, or no packet is that large.</exception>
    public void Place(int index, long offset, uint size)
    {
        if (size == 0 || size > (uint)config.MaxPacketSize)
        {
            throw AlacException.Corrupt($"Packet {index} has {size} bytes; 1 to {config.MaxPacketSize} are possible.");
        }

        if (offset < 0) throw AlacException.Corrupt($"Packet {index} lies at {offset}.");
        if (offset > fileLength - size) throw AlacException.Truncated($"packet {index} of {count}");
        _offsets[index] = offset;
        _sizes[index] = (int)size;
    }

    /// <summary>Sets how many frames a packet has. To be called in order.</summary>
    public void SetFrames(int index, long frames)
    {
        if (frames < 1 || frames > config.FrameLength)
        {
            throw AlacException.Corrupt($"Packet {index} has {frames} frames; 1 to {config.FrameLength} are possible.");
        }

        _starts[index + 1] = _starts[index] + frames;
    }

    /// <summary>Takes a cookie from a file.</summary>
    public static AlacConfig ParseCookie(ReadOnlySpan<byte> cookie)
    {
        AlacConfig config = AlacConfig.Read(cookie) ?? throw AlacException.Corrupt($"The ALAC cookie has {cookie.Length} bytes; {AlacConfig.CookieSize} are expected.");
        if (config.IsValid) return config;
        throw config.Channels > 2 || config.CompatibleVersion > 0
            ? AlacException.Unsupported($"{config.Channels} channels, version {config.CompatibleVersion}: one or two channels of version 0 are supported.")
            : AlacException.Corrupt($"The ALAC cookie makes no sense: {config}");
    }
}
