using System.Buffers.Binary;
using Raop.Audio;

namespace Raop.Tests.Audio;

public class DriftResamplerTests
{
    private const double Amplitude = 0.5; // -6 dBFS

    [Theory]
    [InlineData(16, 2)]
    [InlineData(16, 1)]
    [InlineData(24, 2)]
    [InlineData(32, 1)]
    [InlineData(32, 2)]
    public void At_ratio_1_every_bit_stays(int bits, int channels)
    {
        var format = new PcmFormat(44_100, bits, channels);
        var resampler = new DriftResampler(format);
        byte[] input = new byte[5000 * format.BytesPerFrame];
        new Random(5).NextBytes(input);
        Assert.True(resampler.IsTransparent);
        Assert.Equal(input, Run(resampler, format, input, drain: true));
    }

    [Theory]
    [InlineData(24, 100, 1000, -120)]
    [InlineData(32, 100, 1000, -120)]
    [InlineData(32, -300, 100, -120)]
    [InlineData(32, 2000, 1000, -120)]
    [InlineData(32, -2000, 10_000, -115)]
    [InlineData(32, 100, 16_000, -110)]
    [InlineData(32, 100, 18_000, -105)]
    [InlineData(32, 100, 19_000, -105)]
    [InlineData(32, 100, 20_000, -65)]
    [InlineData(16, 100, 1000, -85)] // the dither of 16 bit, -93 dB below full scale
    public void A_tone_is_shifted_exactly_and_stays_clean(int bits, double ppm, double frequency, double limit)
    {
        var format = new PcmFormat(44_100, bits, 2);
        byte[] output = Run(new DriftResampler(format) { Ratio = 1 + (ppm * 1e-6) }, format, Sine(format, frequency, 44_100));
        (double gainDb, double residual) = Fit(format, output, frequency * (1 + (ppm * 1e-6)));
        Assert.InRange(residual, -200, limit);
        Assert.InRange(gainDb, -0.01, 0.01);
        Assert.True(Fit(format, output, frequency * (1 + (ppm * 1.1e-6))).Residual > residual + 3); // the fit knows 10 ppm of 100
    }

    [Theory]
    [InlineData(1e-6)]
    [InlineData(1e-5)]
    [InlineData(1e-4)]
    public void A_change_of_the_ratio_does_not_click(double step)
    {
        var format = new PcmFormat(44_100, 24, 1);
        var resampler = new DriftResampler(format);
        byte[] input = Sine(format, 1000, 44_100), output = new byte[DriftResampler.MaxOutput(441) * 3];
        var samples = new List<double>();
        var random = new Random(3);
        for (int at = 0; at < 44_100; at += 441)
        {
            resampler.Ratio = Math.Clamp(resampler.Ratio + (random.Next(2) == 0 ? step : -step), 0.998, 1.002);
            int made = resampler.Process(input.AsSpan(at * 3, 441 * 3), output);
            for (int i = 0; i < made; i++) samples.Add(PcmSample.Read(output.AsSpan(i * 3, 3)));
        }

        // A sine obeys x(n+1) + x(n-1) = 2 cos(w) x(n); a jump of phase or level does not.
        double factor = 2 * Math.Cos(2 * Math.PI * 1000 / 44_100), worst = 0;
        for (int i = 200; i + 1 < samples.Count; i++) worst = Math.Max(worst, Math.Abs(samples[i + 1] + samples[i - 1] - (factor * samples[i])));
        double full = Amplitude * (1 << 23), slower = full * 2 * Math.PI * 1000 / 44_100 * (2 * Math.PI * 1000 / 44_100) * 2 * Math.Abs(0.002);
        Assert.InRange(worst, 0, slower + (full * step) + 8);
    }

    [Fact]
    public void The_position_is_exact_whatever_the_ratio_did()
    {
        var format = new PcmFormat(44_100, 16, 1);
        var resampler = new DriftResampler(format);
        var random = new Random(7);
        byte[] input = new byte[1000 * 2], output = new byte[DriftResampler.MaxOutput(1000) * 2];
        Int128 expected = 0, one = (Int128)1 << 64;
        long fed = 0;
        for (int i = 0; i < 100; i++)
        {
            double deviation = (random.NextDouble() - 0.5) * 0.003;
            resampler.Ratio = 1 + deviation;
            long exact = (long)((resampler.Ratio - 1) * Math.ScaleB(1, 64));
            int made = resampler.Process(input, output);
            fed += 1000;
            expected += made * (one + exact);
            Assert.Equal((long)(expected >> 64) + Math.ScaleB((ulong)expected, -64), resampler.Position);
            Assert.Equal(fed, resampler.InputFrames);
            Assert.InRange(resampler.Position, fed - DriftResampler.Delay, fed - DriftResampler.Delay + 1.002);
        }
    }

    [Fact]
    public void What_is_heard_is_the_input_at_the_position()
    {
        var format = new PcmFormat(48_000, 32, 1);
        var resampler = new DriftResampler(format) { Ratio = 1.0007 };
        byte[] input = new byte[20_000 * 4], output = new byte[DriftResampler.MaxOutput(100) * 4];
        for (int i = 0; i < 20_000; i++) BinaryPrimitives.WriteInt32LittleEndian(input.AsSpan(i * 4), i * 50_000); // a ramp tells where it is
        for (int at = 0; at < 20_000; at += 100)
        {
            double position = resampler.Position;
            int made = resampler.Process(input.AsSpan(at * 4, 400), output);
            if (at > 500 && made > 0) Assert.Equal(position, BinaryPrimitives.ReadInt32LittleEndian(output) / 50_000.0, 1e-4);
        }
    }

    [Theory]
    [InlineData(16, 2)]
    [InlineData(24, 1)]
    [InlineData(32, 2)]
    public void Pieces_give_the_same_as_the_whole(int bits, int channels)
    {
        var format = new PcmFormat(44_100, bits, channels);
        byte[] input = new byte[6000 * format.BytesPerFrame];
        new Random(5).NextBytes(input);
        byte[] whole = Run(new DriftResampler(format) { Ratio = 1.0013 }, format, input, drain: true);
        var resampler = new DriftResampler(format) { Ratio = 1.0013 };
        var random = new Random(6);
        var pieces = new List<byte>();
        for (int at = 0; at < 6000;)
        {
            int frames = Math.Min(random.Next(0, 70), 6000 - at);
            pieces.AddRange(Run(resampler, format, input.AsSpan(at * format.BytesPerFrame, frames * format.BytesPerFrame)));
            at += frames;
        }

        pieces.AddRange(Drained(resampler, format));
        Assert.Equal(whole, pieces);
        Assert.Equal((int)Math.Ceiling(6000 / 1.0013), whole.Length / format.BytesPerFrame);
    }

    [Fact]
    public void Back_at_ratio_1_it_settles_on_a_whole_frame_and_bits_stay_again()
    {
        var format = PcmFormat.AirTunes;
        var resampler = new DriftResampler(format);
        byte[] input = Fakes.Music.Frames(44_100);
        Run(resampler, format, input.AsSpan(0, 4 * 10_000));
        resampler.Ratio = 1.0001;
        Run(resampler, format, input.AsSpan(40_000, 4 * 1000)); // 0.1 frames: 50,000 frames to settle
        resampler.Ratio = 1;
        Assert.False(resampler.IsTransparent);
        double before = resampler.Position;
        for (int i = 0; i < 2; i++) Run(resampler, format, input);
        Assert.True(resampler.IsTransparent);
        Assert.Equal(Math.Round(before), resampler.Position - (2 * 44_100));
        Run(resampler, format, input);
        byte[] output = Run(resampler, format, input);
        Assert.Equal(input.AsSpan(0, output.Length - (DriftResampler.Delay * 4)).ToArray(), output.AsSpan(DriftResampler.Delay * 4).ToArray());
    }

    [Fact]
    public void Silence_stays_silence_and_full_scale_is_cut_not_wrapped()
    {
        var format = new PcmFormat(44_100, 16, 1);
        var resampler = new DriftResampler(format) { Ratio = 1.001 };
        Assert.All(Run(resampler, format, new byte[20_000]), b => Assert.Equal(0, b));
        byte[] square = new byte[20_000];
        for (int i = 0; i < 10_000; i++) BinaryPrimitives.WriteInt16LittleEndian(square.AsSpan(i * 2), i / 50 % 2 == 0 ? short.MaxValue : short.MinValue);
        resampler.Reset();
        byte[] output = Run(resampler, format, square);
        double position = 0;
        for (int i = 0; i < output.Length / 2; i++, position += 1.001)
        {
            if (position % 50 is < 1.1 or > 48.9) continue; // on the flank any value is right
            Assert.Equal((int)position / 50 % 2 == 0 ? 1 : -1, Math.Sign(BinaryPrimitives.ReadInt16LittleEndian(output.AsSpan(i * 2))));
        }
    }

    [Fact]
    public void Vectors_and_plain_loops_agree()
    {
        var random = new Random(9);
        for (int n = 0; n < 1000; n++)
        {
            double[] left = Numbers(random, DriftResamplerFilter.Taps), right = Numbers(random, DriftResamplerFilter.Taps);
            ulong fraction = (ulong)random.NextInt64() << 1;
            (double l, double r) = DriftResamplerFilter.Shared.At(fraction, left, right);
            (double scalarL, double scalarR) = DriftResamplerFilter.Shared.AtScalar(fraction, left, right);
            Assert.Equal(scalarL, l, 1e-12);
            Assert.Equal(scalarR, r, 1e-12);
        }
    }

    [Fact]
    public void Ratios_out_of_range_and_short_outputs_are_refused()
    {
        var resampler = new DriftResampler(PcmFormat.AirTunes);
        foreach (double ratio in (double[])[1.0021, 0.9979, double.NaN, double.PositiveInfinity, 0])
            Assert.Throws<ArgumentOutOfRangeException>(() => resampler.Ratio = ratio);
        resampler.Ratio = 1.002;
        resampler.Ratio = 0.998;
        Assert.Throws<ArgumentException>(() => resampler.Process(new byte[400], new byte[400]));
        Assert.Throws<ArgumentException>(() => resampler.Drain(new byte[4]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DriftResampler(new PcmFormat(44_100, 8, 2)));
    }

    [Fact]
    public void The_output_never_exceeds_its_bound()
    {
        var format = new PcmFormat(44_100, 16, 1);
        foreach (int piece in (int[])[1, 2, 352, 399, 400, 4096])
        {
            var resampler = new DriftResampler(format) { Ratio = 0.998 };
            byte[] input = new byte[piece * 2], output = new byte[DriftResampler.MaxOutput(piece) * 2];
            for (int i = 0; i < 2000; i++) Assert.InRange(resampler.Process(input, output), 0, DriftResampler.MaxOutput(piece));
        }
    }

    [Fact]
    public void Allocates_nothing()
    {
        var resampler = new DriftResampler(PcmFormat.AirTunes) { Ratio = 1.0001 };
        byte[] input = Fakes.Music.Frames(352), output = new byte[DriftResampler.MaxOutput(352) * 4];
        Assert.Equal(0, Garbage.Of(() => resampler.Process(input, output)));
    }

    private static double[] Numbers(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextDouble() - 0.5)];

    private static byte[] Run(DriftResampler resampler, PcmFormat format, ReadOnlySpan<byte> input, bool drain = false)
    {
        byte[] output = new byte[DriftResampler.MaxOutput(input.Length / format.BytesPerFrame) * format.BytesPerFrame];
        byte[] made = output[..(resampler.Process(input, output) * format.BytesPerFrame)];
        return drain ? [.. made, .. Drained(resampler, format)] : made;
    }

    private static byte[] Drained(DriftResampler resampler, PcmFormat format)
    {
        byte[] output = new byte[DriftResampler.MaxOutput(DriftResampler.Delay) * format.BytesPerFrame];
        return output[..(resampler.Drain(output) * format.BytesPerFrame)];
    }

    private static byte[] Sine(PcmFormat format, double frequency, int frames)
    {
        int width = format.BitsPerSample / 8;
        byte[] pcm = new byte[frames * format.BytesPerFrame];
        for (int i = 0; i < frames * format.Channels; i++)
            PcmSample.Write(pcm.AsSpan(i * width, width), Amplitude * Math.ScaleB(Math.Sin(2 * Math.PI * frequency * (i / format.Channels) / format.SampleRate), format.BitsPerSample - 1));
        return pcm;
    }

    /// <summary>Fits a sine of a known frequency to the last channel; what is left is noise and distortion.</summary>
    private static (double GainDb, double Residual) Fit(PcmFormat format, byte[] pcm, double frequency)
    {
        int width = format.BitsPerSample / 8, size = format.BytesPerFrame, from = 500, to = pcm.Length / size;
        double ss = 0, sc = 0, cc = 0, ys = 0, yc = 0, yy = 0;
        for (int i = from; i < to; i++)
        {
            double y = Math.ScaleB(PcmSample.Read(pcm.AsSpan(((i + 1) * size) - width, width)), 1 - format.BitsPerSample);
            (double s, double c) = Math.SinCos(2 * Math.PI * frequency * i / format.SampleRate);
            ss += s * s;
            sc += s * c;
            cc += c * c;
            ys += y * s;
            yc += y * c;
            yy += y * y;
        }

        double determinant = (ss * cc) - (sc * sc), a = ((ys * cc) - (yc * sc)) / determinant, b = ((yc * ss) - (ys * sc)) / determinant;
        double rest = Math.Max(1e-20, yy - (a * ys) - (b * yc)), power = (a * a) + (b * b);
        return (10 * Math.Log10(power / (Amplitude * Amplitude)), 10 * Math.Log10(rest / (to - from) / (power / 2)));
    }
}
