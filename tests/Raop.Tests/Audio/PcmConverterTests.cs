using System.Buffers.Binary;
using CsCheck;
using Raop.Audio;

namespace Raop.Tests.Audio;

public class PcmConverterTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void What_fits_already_comes_back_as_it_is()
    {
        var source = new MemorySource(PcmFormat.AirTunes, new byte[400]);
        Assert.Same(source, PcmConverter.ToAirTunes(source));
        Assert.Null(PcmConverter.Describe(PcmFormat.AirTunes));
        Assert.False(PcmConverter.ChangesSamples(PcmFormat.AirTunes));
    }

    [Fact]
    public async Task One_channel_is_doubled_without_a_change()
    {
        byte[] mono = Noise(1000, 1);
        byte[] stereo = await ReadAsync(PcmConverter.ToAirTunes(new MemorySource(new(44_100, 16, 1), mono)), 4096);
        for (int i = 0; i < 500; i++)
        {
            Assert.Equal(mono.AsSpan(i * 2, 2).ToArray(), stereo.AsSpan(i * 4, 2).ToArray());
            Assert.Equal(mono.AsSpan(i * 2, 2).ToArray(), stereo.AsSpan((i * 4) + 2, 2).ToArray());
        }

        Assert.Equal("mono → stereo", PcmConverter.Describe(new(44_100, 16, 1)));
        Assert.False(PcmConverter.ChangesSamples(new(44_100, 16, 1)));
    }

    [Theory]
    [InlineData(48_000, 16, 2, "48000 Hz → 44100 Hz, dithered")]
    [InlineData(44_100, 24, 2, "24 → 16 bit, dithered")]
    [InlineData(96_000, 24, 1, "96000 Hz → 44100 Hz, 24 → 16 bit, dithered, mono → stereo")]
    public void Says_what_it_changes(int rate, int bits, int channels, string expected)
    {
        Assert.Equal(expected, PcmConverter.Describe(new(rate, bits, channels)));
        Assert.True(PcmConverter.ChangesSamples(new(rate, bits, channels)));
    }

    [Theory]
    [InlineData(500, 16, 2)]
    [InlineData(1_000_000, 16, 2)]
    [InlineData(44_100, 8, 2)]
    [InlineData(44_100, 16, 6)]
    public void Refuses_what_it_cannot_convert(int rate, int bits, int channels)
    {
        RaopException e = Assert.Throws<RaopException>(() => PcmConverter.ToAirTunes(new MemorySource(new(rate, bits, channels), [])));
        Assert.Equal(RaopError.UnsupportedFormat, e.Error);
        Assert.NotEmpty(e.Remedy);
    }

    [Theory]
    [InlineData(48_000, 48_000, 44_100)]
    [InlineData(48_000, 1, 1)]
    [InlineData(96_000, 3, 2)]
    [InlineData(8_000, 1, 6)]
    [InlineData(22_050, 1000, 2000)]
    [InlineData(44_056, 44_056, 44_100)]
    [InlineData(48_000, 0, 0)]
    public async Task Gives_as_many_frames_as_it_says(int rate, int frames, int expected)
    {
        IPcmSource converter = PcmConverter.ToAirTunes(new MemorySource(new(rate, 16, 2), Noise(frames * 4, 7)));
        Assert.Equal(expected, converter.Length);
        Assert.Equal(expected, (await ReadAsync(converter, 1000)).Length / 4);
    }

    [Fact]
    public async Task Dither_is_triangular_unbiased_and_independent()
    {
        // 24-bit samples a third of a 16-bit step above zero: only dither can carry them.
        var input = new byte[200_000 * 6];
        for (int i = 0; i < 400_000; i++) input[i * 3] = 85;
        byte[] output = await ReadAsync(PcmConverter.ToAirTunes(new MemorySource(new(44_100, 24, 2), input)), 8192);
        double[] left = [.. Enumerable.Range(0, 200_000).Select(i => (double)BinaryPrimitives.ReadInt16LittleEndian(output.AsSpan(i * 4)))];
        double[] right = [.. Enumerable.Range(0, 200_000).Select(i => (double)BinaryPrimitives.ReadInt16LittleEndian(output.AsSpan((i * 4) + 2)))];
        const double Value = 85.0 / 256;
        Assert.Equal(Value, left.Average(), 0.01);
        Assert.Equal(0.25, left.Average(x => (x - Value) * (x - Value)), 0.01); // TPDF: rounding error power is a quarter step squared, whatever the signal
        Assert.All(left, x => Assert.InRange(x, -1, 2));
        Assert.Equal(0, left.Zip(right, (l, r) => (l - Value) * (r - Value)).Average(), 0.01);
        Assert.Equal(0, left.Zip(left.Skip(1), (a, b) => (a - Value) * (b - Value)).Average(), 0.01);
    }

    [Fact]
    public async Task Full_scale_is_cut_and_counted_instead_of_wrapping()
    {
        var input = new byte[4096 * 4];
        for (int i = 0; i < 4096; i++)
        {
            short square = i / 50 % 2 == 0 ? short.MaxValue : short.MinValue;
            BinaryPrimitives.WriteInt16LittleEndian(input.AsSpan(i * 4), square);
            BinaryPrimitives.WriteInt16LittleEndian(input.AsSpan((i * 4) + 2), square);
        }

        var converter = (PcmConverter)PcmConverter.ToAirTunes(new MemorySource(new(48_000, 16, 2), input));
        byte[] output = await ReadAsync(converter, 999);
        Assert.True(converter.ClippedSamples > 100);
        for (int i = 200; i < 3000; i++)
        {
            double phase = i * 48_000.0 / 44_100 % 100;
            if (phase is > 3 and < 47) Assert.True(BinaryPrimitives.ReadInt16LittleEndian(output.AsSpan(i * 4)) > 20_000);
            if (phase is > 53 and < 97) Assert.True(BinaryPrimitives.ReadInt16LittleEndian(output.AsSpan(i * 4)) < -20_000);
        }
    }

    [Theory]
    [InlineData(48_000, 16, 2)]
    [InlineData(96_000, 24, 1)]
    [InlineData(11_025, 16, 1)]
    [InlineData(44_056, 32, 2)]
    [InlineData(44_100, 24, 2)]
    public async Task Any_pieces_in_and_out_give_the_same_samples(int rate, int bits, int channels)
    {
        var format = new PcmFormat(rate, bits, channels);
        byte[] input = Noise(7000 * format.BytesPerFrame, 3);
        byte[] whole = await ReadAsync(PcmConverter.ToAirTunes(new MemorySource(format, input)), 1 << 20);
        await Gen.Select(Gen.Int[1, 3000].Array[1, 5], Gen.Int[4, 9000]).SampleAsync(
            async (pieces, size) => (await ReadAsync(PcmConverter.ToAirTunes(new MemorySource(format, input, pieces)), size)).AsSpan().SequenceEqual(whole),
            iter: 20);
    }

    [Theory]
    [InlineData(48_000, 16, 2)]
    [InlineData(96_000, 24, 1)]
    [InlineData(8_000, 16, 1)]
    [InlineData(44_056, 32, 2)]
    [InlineData(44_100, 24, 2)]
    [InlineData(44_100, 16, 1)]
    public async Task After_a_seek_come_the_samples_that_reading_through_gives(int rate, int bits, int channels)
    {
        var format = new PcmFormat(rate, bits, channels);
        byte[] input = Noise(9000 * format.BytesPerFrame, 4);
        IPcmSource converter = PcmConverter.ToAirTunes(new MemorySource(format, input));
        byte[] whole = await ReadAsync(converter, 4000);
        long length = converter.Length!.Value;
        Assert.Equal(length, whole.Length / 4);
        foreach (long frame in (long[])[0, 1, 2, 50, 91, 92, 93, 1000, length / 2, length - 100, length - 1, length, length + 5, 17])
        {
            await converter.SeekAsync(frame, Cancel);
            Assert.Equal(whole[(int)(Math.Min(frame, length) * 4)..], await ReadAsync(converter, 1500));
        }
    }

    [Fact]
    public async Task An_unknown_length_stays_unknown_and_ends_the_same()
    {
        byte[] input = Noise(4800 * 4, 5);
        IPcmSource converter = PcmConverter.ToAirTunes(new MemorySource(new(48_000, 16, 2), input) { Length = null });
        Assert.Null(converter.Length);
        Assert.Equal(4410, (await ReadAsync(converter, 777)).Length / 4);
    }

    [Fact]
    public async Task Disposing_it_disposes_the_source()
    {
        var source = new MemorySource(new(48_000, 16, 2), []);
        await PcmConverter.ToAirTunes(source).DisposeAsync();
        Assert.True(source.IsDisposed);
    }

    private static byte[] Noise(int bytes, int seed)
    {
        var noise = new byte[bytes];
        new Random(seed).NextBytes(noise);
        return noise;
    }

    private static async Task<byte[]> ReadAsync(IPcmSource source, int size)
    {
        var all = new MemoryStream();
        var buffer = new byte[Math.Max(size, 4)];
        while (await source.ReadAsync(buffer, Cancel) is var read and > 0)
        {
            Assert.Equal(0, read % source.Format.BytesPerFrame);
            all.Write(buffer, 0, read);
        }

        return all.ToArray();
    }
}
