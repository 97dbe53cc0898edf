using Alac;
using Raop.Audio;

namespace Raop.Tests.Fakes;

/// <summary>PCM from memory that is also there as ALAC packets, as in an M4A file.</summary>
internal sealed class PacketSource : IAlacPacketSource
{
    private readonly byte[] _pcm;
    private readonly List<byte[]> _packets = [];
    private int _position; // frames

    public PacketSource(byte[] pcm, AlacConfig? config = null)
    {
        _pcm = pcm;
        Config = config ?? new AlacConfig();
        var encoder = new AlacEncoder(Config);
        byte[] packet = new byte[Config.MaxPacketSize];
        foreach (byte[] frames in pcm.Chunk(Config.FrameLength * 4)) _packets.Add(packet[..encoder.Encode(frames, packet)]);
    }

    public AlacConfig Config { get; }

    public PcmFormat Format => new(Config.SampleRate, 16, 2);

    public long? Length => _pcm.Length / 4;

    public bool CanSeek => true;

    /// <summary>Packets that were taken as they are.</summary>
    public List<byte[]> Taken { get; } = [];

    /// <summary>Every packet.</summary>
    public IReadOnlyList<byte[]> Packets => _packets;

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int inPacket = Config.FrameLength - _position % Config.FrameLength; // as a file's reader: up to the packet's end
        int frames = Math.Min(Math.Min(buffer.Length / 4, inPacket), _pcm.Length / 4 - _position);
        _pcm.AsSpan(_position * 4, frames * 4).CopyTo(buffer.Span);
        _position += frames;
        return ValueTask.FromResult(frames * 4);
    }

    public ValueTask<(int Bytes, int Frames)> ReadPacketAsync(Memory<byte> packet, CancellationToken cancellationToken = default)
    {
        if (_position % Config.FrameLength != 0 || _position >= _pcm.Length / 4) return ValueTask.FromResult((0, 0));
        byte[] next = _packets[_position / Config.FrameLength];
        next.CopyTo(packet);
        Taken.Add(next);
        int frames = Math.Min(Config.FrameLength, _pcm.Length / 4 - _position);
        _position += frames;
        return ValueTask.FromResult((next.Length, frames));
    }

    public ValueTask SeekAsync(long frame, CancellationToken cancellationToken = default)
    {
        _position = (int)Math.Min(frame, _pcm.Length / 4);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
