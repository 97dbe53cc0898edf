using Raop.Audio;

namespace Raop.Tests.Audio;

/// <summary>The figures that a good resampler reaches, measured on sines: README of the filter in <see cref="PolyphaseFilter"/>.</summary>
public class ResamplerTests
{
    [Theory]
    [InlineData(48_000, -138)]
    [InlineData(96_000, -138)]
    [InlineData(192_000, -138)]
    [InlineData(88_200, -138)]
    [InlineData(32_000, -138)]
    [InlineData(22_050, -138)]
    [InlineData(11_025, -138)]
    [InlineData(8_000, -137)]
    [InlineData(44_056, -136)]
    [InlineData(47_999, -136)]
    public void A_997_Hz_sine_stays_clean(int rate, double limit) => Assert.True(Measure(rate, 997).Residual <= limit, Measure(rate, 997).ToString());

    [Theory]
    [InlineData(48_000, 997)]
    [InlineData(48_000, 18_000)]
    [InlineData(48_000, 20_000)]
    [InlineData(96_000, 20_000)]
    [InlineData(192_000, 20_000)]
    [InlineData(384_000, 20_000)]
    [InlineData(176_400, 20_000)]
    [InlineData(44_056, 19_900)]
    [InlineData(32_000, 14_500)]
    public void The_pass_band_is_flat_and_in_phase(int rate, double frequency)
    {
        (double gain, double phase, _) = Measure(rate, frequency);
        Assert.InRange(gain, -0.01, 0.01);
        Assert.InRange(phase, -1e-6, 1e-6); // radians: no delay
    }

    [Theory]
    [InlineData(48_000, 23_000)]
    [InlineData(96_000, 23_000)]
    [InlineData(96_000, 40_000)]
    [InlineData(192_000, 23_000)]
    [InlineData(192_000, 90_000)]
    public void What_lies_above_half_the_rate_does_not_come_back(int rate, double frequency)
    {
        float[] output = Resample(rate, Sine(rate, frequency, rate), out _);
        double power = output.AsSpan(1000, output.Length - 2000).ToArray().Average(x => (double)x * x);
        Assert.True(Decibels(power / (Amplitude * Amplitude / 2)) <= -130, $"{Decibels(power / (Amplitude * Amplitude / 2))} dB");
    }

    [Theory]
    [InlineData(48_000)]
    [InlineData(96_000)]
    [InlineData(22_050)]
    public void An_impulse_stays_at_its_time_and_is_symmetric(int rate)
    {
        var input = new float[rate];
        input[rate / 2] = 1; // half a second: frame 22,050 on either side
        float[] output = Resample(rate, input, out _);
        Assert.Equal(22_050, Array.IndexOf(output, output.Max()));
        for (int i = 1; i < 400; i++) Assert.Equal(output[22_050 - i], output[22_050 + i], 1e-7f);
    }

    [Theory]
    [InlineData(48_000)]
    [InlineData(8_000)]
    [InlineData(44_056)]
    public void A_constant_stays_that_constant(int rate)
    {
        float[] output = Resample(rate, [.. Enumerable.Repeat(0.5f, rate)], out _);
        Assert.All(output.AsSpan(2000, 10_000).ToArray(), x => Assert.Equal(0.5, x, 1e-6));
    }

    private const double Amplitude = 0.8912509381337456; // -1 dBFS

    private static float[] Sine(int rate, double frequency, int frames)
    {
        var sine = new float[frames];
        for (int i = 0; i < frames; i++) sine[i] = (float)(Amplitude * Math.Sin(2 * Math.PI * frequency * i / rate));
        return sine;
    }

    private static float[] Resample(int rate, float[] input, out Resampler resampler)
    {
        resampler = new Resampler(rate, 44_100, 1);
        var output = new float[resampler.OutputLength(input.Length)];
        int fed = 0, made = 0;
        while (made < output.Length)
        {
            made += resampler.Read(output.AsSpan(made), []);
            int step = resampler.Room;
            Span<float> tail = resampler.Tail(0);
            for (int i = 0; i < step; i++) tail[i] = fed + i < input.Length ? input[fed + i] : 0;
            resampler.Commit(step);
            fed += step;
        }

        return output;
    }

    /// <summary>Fits a sine of the known frequency; what is left is noise and distortion.</summary>
    private static (double GainDb, double Phase, double Residual) Measure(int rate, double frequency)
    {
        float[] output = Resample(rate, Sine(rate, frequency, rate), out _);
        double ss = 0, sc = 0, cc = 0, ys = 0, yc = 0;
        int from = 4000, to = output.Length - 4000;
        for (int i = from; i < to; i++)
        {
            (double s, double c) = Math.SinCos(2 * Math.PI * frequency * i / 44_100);
            ss += s * s;
            sc += s * c;
            cc += c * c;
            ys += output[i] * s;
            yc += output[i] * c;
        }

        double determinant = (ss * cc) - (sc * sc), a = ((ys * cc) - (yc * sc)) / determinant, b = ((yc * ss) - (ys * sc)) / determinant, rest = 0;
        for (int i = from; i < to; i++)
        {
            (double s, double c) = Math.SinCos(2 * Math.PI * frequency * i / 44_100);
            double e = output[i] - (a * s) - (b * c);
            rest += e * e;
        }

        double power = (a * a) + (b * b);
        return (Decibels(power / (Amplitude * Amplitude)), Math.Atan2(b, a), Decibels(rest / (to - from) / (power / 2)));
    }

    private static double Decibels(double power) => 10 * Math.Log10(power);
}
