using BenchmarkDotNet.Attributes;
using Raop.Audio;

namespace Raop.Benchmarks;

/// <summary>1,024 frames of stereo from another rate to 44.1 kHz, and 4,410 frames that follow a device's clock.</summary>
[MemoryDiagnoser]
public class ResamplerBenchmarks
{
    private const int Inputs = 1024;
    private readonly float[] _left = new float[2 * Inputs], _right = new float[2 * Inputs];
    private Resampler _resampler = new(48_000, 44_100, 2);

    [Params(48_000, 96_000, 22_050)]
    public int Rate { get; set; }

    [GlobalSetup]
    public void Setup() => _resampler = new Resampler(Rate, 44_100, 2);

    [Benchmark]
    public int Resample()
    {
        for (int channel = 0; channel < 2; channel++)
        {
            Span<float> tail = _resampler.Tail(channel)[..Inputs];
            for (int i = 0; i < tail.Length; i++) tail[i] = (i & 63) / 64f;
        }

        _resampler.Commit(Inputs);
        int made = 0;
        while (_resampler.Read(_left, _right) is > 0 and int more) made += more;
        return made;
    }
}
