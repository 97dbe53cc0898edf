using System.Buffers.Binary;
using Raop.Audio;

namespace Raop.Tests.Audio;

public sealed class GainTests
{
    [Theory]
    [InlineData(16)]
    [InlineData(24)]
    [InlineData(32)]
    public void At_0_dB_every_bit_stays(int bits)
    {
        var gain = new Gain(new PcmFormat(44_100, bits, 2));
        gain.Set(0, atOnce: true);
        byte[] pcm = Noise(bits, 1000), before = [.. pcm];
        Assert.False(gain.Apply(pcm));
        Assert.Equal(before, pcm);
    }

    [Theory]
    [InlineData(16, -6)]
    [InlineData(16, -30)]
    [InlineData(24, -20)]
    [InlineData(32, -11.25)]
    public void The_level_falls_by_the_decibels_asked(int bits, double db)
    {
        var gain = new Gain(new PcmFormat(44_100, bits, 2));
        gain.Set(db, atOnce: true);
        byte[] pcm = Noise(bits, 44_100);
        double before = Level(pcm, bits);
        Assert.True(gain.Apply(pcm));
        Assert.InRange(Level(pcm, bits) - before, db - 0.02, db + 0.02);
    }

    [Fact]
    public void Mute_is_exact_silence()
    {
        var gain = new Gain(PcmFormat.AirTunes);
        gain.Set(double.NegativeInfinity, atOnce: true);
        byte[] pcm = Noise(16, 1000);
        Assert.True(gain.Apply(pcm));
        Assert.All(pcm, b => Assert.Equal(0, b));
    }

    [Fact]
    public void A_change_is_spread_over_15_ms_and_ends_exactly()
    {
        var gain = new Gain(PcmFormat.AirTunes);
        byte[] pcm = new byte[2000 * 4];
        for (int i = 0; i < pcm.Length; i += 2) BinaryPrimitives.WriteInt16LittleEndian(pcm.AsSpan(i), 20_000);
        gain.Set(double.NegativeInfinity, atOnce: false);
        gain.Apply(pcm);
        short[] left = [.. Enumerable.Range(0, 2000).Select(i => BinaryPrimitives.ReadInt16LittleEndian(pcm.AsSpan(i * 4)))];
        Assert.InRange(left.Zip(left.Skip(1), (a, b) => Math.Abs(a - b)).Max(), 1, 20_000 / 661 + 4);
        Assert.All(left[662..], sample => Assert.Equal(0, sample));
        gain.Set(0, atOnce: false);
        gain.Apply(new byte[662 * 4]);
        byte[] noise = Noise(16, 100), before = [.. noise];
        Assert.False(gain.Apply(noise));
        Assert.Equal(before, noise);
    }

    [Fact]
    public void The_error_of_rounding_has_no_bias()
    {
        var gain = new Gain(PcmFormat.AirTunes);
        gain.Set(-20, atOnce: true);
        byte[] pcm = new byte[100_000 * 4];
        for (int i = 0; i < pcm.Length; i += 2) BinaryPrimitives.WriteInt16LittleEndian(pcm.AsSpan(i), 3); // 0.3 steps after the gain
        gain.Apply(pcm);
        double mean = Enumerable.Range(0, pcm.Length / 2).Average(i => BinaryPrimitives.ReadInt16LittleEndian(pcm.AsSpan(i * 2)));
        Assert.InRange(mean, 0.29, 0.31);
    }

    private static byte[] Noise(int bits, int frames)
    {
        byte[] pcm = new byte[frames * 2 * bits / 8];
        new Random(5).NextBytes(pcm);
        return pcm;
    }

    private static double Level(byte[] pcm, int bits)
    {
        int size = bits / 8;
        double sum = 0;
        for (int i = 0; i < pcm.Length; i += size)
        {
            long value = (sbyte)pcm[i + size - 1];
            for (int b = size - 2; b >= 0; b--) value = (value << 8) | pcm[i + b];
            sum += Math.Pow(value / Math.Pow(2, bits - 1), 2);
        }

        return 10 * Math.Log10(sum / (pcm.Length / size));
    }
}
