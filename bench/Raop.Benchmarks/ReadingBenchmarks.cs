using BenchmarkDotNet.Attributes;
using Raop.Metadata;

namespace Raop.Benchmarks;

/// <summary>What is read and told once in a while: ten seconds of a FLAC file, and what is known of a piece.</summary>
[MemoryDiagnoser]
public class ReadingBenchmarks
{
    private static readonly TrackInfo Track = new()
    {
        Title = "Prelude in C major, BWV 846", Artist = "Johann Sebastian Bach", Album = "Das Wohltemperierte Klavier I", Genre = "Baroque", Year = 1722,
        TrackNumber = 1, TrackCount = 48, Duration = TimeSpan.FromSeconds(17),
    };

    private readonly byte[] _pcm = new byte[10 * 44_100 * 4];
    private readonly byte[] _dmap = Dmap.Write(Track);

    [Benchmark]
    public Task<int> DecodeFlac() => Material.ReadAsync(Material.MusicFile, _pcm);

    [Benchmark]
    public byte[] WriteDmap() => Dmap.Write(Track);

    [Benchmark]
    public TrackInfo? ReadDmap() => Dmap.TryParse(_dmap, out TrackInfo? track) ? track : null;
}
