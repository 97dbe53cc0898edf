namespace Alac.Containers;

/// <summary>What a writer remembers of the packets that it wrote, for the index at the end.</summary>
internal sealed class PacketLog(AlacConfig config)
{
    private readonly List<(int Size, int Frames)> _packets = [];
    private int _largest, _smallest = int.MaxValue;

    public int Count => _packets.Count;

    /// <summary>Frames of all packets.</summary>
    public long Frames { get; private set; }

    /// <summary>Bytes of all packets.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether only the last packet is shorter than a full one.</summary>
    public bool IsUniform { get; private set; } = true;

    public bool HasEqualSizes => _largest == _smallest;

    public (int Size, int Frames) this[int index] => _packets[index];

    /// <summary>The parameters, with the sizes that are known now.</summary>
    public AlacConfig Config => config with
    {
        MaxFrameBytes = (uint)_largest,
        AverageBitRate = Frames == 0 ? 0 : (uint)((UInt128)Bytes * 8 * (uint)config.SampleRate / (UInt128)Frames),
    };

    /// <summary>Notes a packet.</summary>
    /// <exception cref="ArgumentException">Such a packet cannot be.</exception>
    public void Add(int size, int frames)
    {
        if (size < 1 || size > config.MaxPacketSize) throw new ArgumentException($"A packet has 1 to {config.MaxPacketSize} bytes, not {size}.");
        if (frames < 1 || frames > config.FrameLength) throw new ArgumentOutOfRangeException(nameof(frames), $"A packet has 1 to {config.FrameLength} frames, not {frames}.");
        if (Count == PacketTable.MaxPackets) throw new InvalidOperationException($"A file has at most {PacketTable.MaxPackets} packets.");
        if (Count > 0 && _packets[^1].Frames != config.FrameLength) IsUniform = false;
        _packets.Add((size, frames));
        _largest = Math.Max(_largest, size);
        _smallest = Math.Min(_smallest, size);
        Frames += frames;
        Bytes += size;
    }
}
