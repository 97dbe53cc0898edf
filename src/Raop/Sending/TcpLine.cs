using Alac;
using Raop.Audio;

namespace Raop.Sending;

/// <summary>
/// The PCM of a group's line for its members over TCP, who get it when the others hear it: kept for the latency, by its place on the line. Packets are cut
/// on one grid and encoded once for all members of a kind. From any thread.
/// </summary>
internal sealed class TcpLine
{
    private const int Kept = 64; // packets of an encoding: who is further behind has them encoded anew
    private static readonly int FrameSize = PcmFormat.AirTunes.BytesPerFrame;

    private readonly Lock _lock = new();
    private readonly List<Encoding> _encodings = [];
    private Action[] _changed = []; // of each member; replaced as a whole
    private readonly byte[] _pcm = new byte[4096 * FrameSize];
    private SentFrames? _ring; // once there is a member
    private long _end; // line frame after the last one

    private sealed class Encoding(EncodingKey key, AlacConfig config, ReadOnlySpan<byte> secrets, int size) : IDisposable
    {
        public EncodingKey Key { get; } = key;

        public int FrameLength { get; } = config.FrameLength;

        public PacketEncoding Encoder { get; } = new(key, config, secrets);

        public (long Line, int Frames, int Length)[] Packets { get; } = new (long, int, int)[Kept];

        public byte[] Bytes { get; } = new byte[Kept * size];

        public int Size { get; } = size;

        public int Members { get; set; } = 1;

        public void Dispose() => Encoder.Dispose();
    }

    /// <summary>Another number after each start and each end: whoever is in the midst of a run begins anew.</summary>
    public int Run { get; private set; }

    public bool IsPlaying { get; private set; }

    /// <summary>Whether all of this run is here.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>Line frame of the first packet of this run.</summary>
    public long Origin { get; private set; }

    /// <summary>Line frame of the first one that is kept.</summary>
    public long First
    {
        get
        {
            lock (_lock) return _ring is null ? _end : _ring.Start / FrameSize;
        }
    }

    /// <summary>A member comes that takes this kind of packets.</summary>
    /// <param name="key">Which kind.</param>
    /// <param name="config">Frames of a packet and the codec's parameters.</param>
    /// <param name="secrets">AES key and IV of the line.</param>
    /// <param name="keepFrames">Frames to keep: the latency, and what is queued ahead.</param>
    /// <param name="changed">Called when the run is another.</param>
    public void Enter(EncodingKey key, AlacConfig config, ReadOnlySpan<byte> secrets, int keepFrames, Action changed)
    {
        lock (_lock)
        {
            _changed = [.. _changed, changed];
            if (_ring is null)
            {
                _ring = new SentFrames(keepFrames * FrameSize);
                _ring.Restart(_end * FrameSize);
            }

            if (Find(key, config.FrameLength) is { } encoding) encoding.Members++;
            else _encodings.Add(new Encoding(key, config, secrets, config.MaxPacketSize));
        }
    }

    public void Exit(EncodingKey key, int frameLength, Action changed)
    {
        lock (_lock)
        {
            _changed = Array.FindAll(_changed, other => other != changed);
            if (Find(key, frameLength) is not { } encoding || --encoding.Members > 0) return;
            _encodings.Remove(encoding);
            encoding.Dispose();
            if (_encodings.Count == 0) _ring = null;
        }
    }

    /// <summary>A run begins at this line frame.</summary>
    public void Start(long line) => Change(line, isPlaying: true);

    /// <summary>Nothing of what is here is to be sent any more.</summary>
    public void Stop() => Change(_end, isPlaying: false);

    /// <summary>Nothing follows in this run; who has not been sent all of it gets the rest.</summary>
    public void Rest() => IsWhole = true;

    /// <summary>Takes what stands at a line frame. What is missing before it is silence; if that is too much, a new run begins.</summary>
    public void Append(long line, ReadOnlySpan<byte> pcm)
    {
        if (line - _end > PcmFormat.AirTunes.SampleRate * 5) Start(line);
        lock (_lock)
        {
            if (_ring is not null)
            {
                while (_end < line)
                {
                    int gap = (int)Math.Min(line - _end, _pcm.Length / FrameSize);
                    _pcm.AsSpan(0, gap * FrameSize).Clear();
                    _ring.Append(_pcm.AsSpan(0, gap * FrameSize));
                    _end += gap;
                }

                _ring.Append(pcm);
            }

            _end = line + (pcm.Length / FrameSize);
        }
    }

    /// <summary>Frames that are there from a line frame on, at most a packet.</summary>
    public int Available(long line, int frameLength)
    {
        lock (_lock) return _ring is null || line < _ring.Start / FrameSize ? 0 : (int)Math.Clamp(_end - line, 0, frameLength);
    }

    /// <summary>Writes the payload of the packet that stands at a line frame.</summary>
    /// <returns>Its bytes; 0 when its frames are not there any more.</returns>
    public int Encode(EncodingKey key, int frameLength, long line, int frames, Span<byte> payload)
    {
        lock (_lock)
        {
            if (_ring is null || Find(key, frameLength) is not { } encoding) return 0;
            int slot = (int)(line / frameLength % Kept);
            ref (long Line, int Frames, int Length) packet = ref encoding.Packets[slot];
            Span<byte> bytes = encoding.Bytes.AsSpan(slot * encoding.Size, encoding.Size);
            if (packet.Length == 0 || (packet.Line, packet.Frames) != (line, frames))
            {
                Memory<byte> pcm = _pcm.AsMemory(0, frames * FrameSize);
                if (_ring.Read(line * FrameSize, pcm.Span) < pcm.Length) return 0;
                packet = (line, frames, encoding.Encoder.Encode(new SourcePacket(pcm, default, line, frames), bytes));
            }

            bytes[..packet.Length].CopyTo(payload);
            return packet.Length;
        }
    }

    private void Change(long line, bool isPlaying)
    {
        Action[] changed;
        lock (_lock)
        {
            Run++;
            (IsPlaying, IsWhole, Origin, _end) = (isPlaying, false, line, line);
            _ring?.Restart(line * FrameSize);
            foreach (Encoding encoding in _encodings) Array.Clear(encoding.Packets);
            changed = _changed;
        }

        foreach (Action tell in changed) tell();
    }

    private Encoding? Find(EncodingKey key, int frameLength)
    {
        foreach (Encoding encoding in _encodings)
        {
            if (encoding.Key == key && encoding.FrameLength == frameLength) return encoding;
        }

        return null;
    }
}
