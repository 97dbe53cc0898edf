using Alac;
using BenchmarkDotNet.Attributes;

namespace Raop.Benchmarks;

/// <summary>A second of music, in packets.</summary>
[MemoryDiagnoser]
public class AlacBenchmarks
{
    private readonly List<byte[]> _packets = [];
    private AlacConfig _config = new();
    private byte[] _pcm = [], _packet = [], _decoded = [];
    private AlacDecoder _decoder = new(new AlacConfig());
    private AlacEncoder _encoder = new(new AlacConfig());

    [Params(352, 4096)]
    public int Frames { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _config = new AlacConfig { FrameLength = Frames };
        _pcm = Material.Pcm(2).AsSpan(44_100 * 4).ToArray();
        _packet = new byte[_config.MaxPacketSize];
        _decoded = new byte[_config.MaxPcmSize];
        _decoder = new AlacDecoder(_config);
        _encoder = new AlacEncoder(_config);
        _packets.Clear();
        foreach (Range part in Parts()) _packets.Add(_packet[.._encoder.Encode(_pcm.AsSpan(part), _packet)]);
        int at = 0;
        foreach (byte[] packet in _packets)
        {
            AlacStatus status = _decoder.Decode(packet, _decoded, out int frames);
            if (status != AlacStatus.Ok || !_pcm.AsSpan(at, frames * 4).SequenceEqual(_decoded.AsSpan(0, frames * 4))) throw new InvalidDataException("It does not come back.");
            at += frames * 4;
        }
    }

    [Benchmark]
    public int Decode()
    {
        int sum = 0;
        foreach (byte[] packet in _packets)
        {
            _decoder.Decode(packet, _decoded, out int frames);
            sum += frames;
        }

        return sum;
    }

    [Benchmark]
    public int Encode()
    {
        int sum = 0;
        for (int at = 0; at < _pcm.Length; at += _config.MaxPcmSize) sum += _encoder.Encode(_pcm.AsSpan(at, Math.Min(_config.MaxPcmSize, _pcm.Length - at)), _packet);
        return sum;
    }

    private IEnumerable<Range> Parts()
    {
        for (int at = 0; at < _pcm.Length; at += _config.MaxPcmSize) yield return at..Math.Min(_pcm.Length, at + _config.MaxPcmSize);
    }
}
