using Raop.Audio;

namespace Raop.Tests.Audio;

public class ConcealerTests
{
    private const int Packet = 352;

    private static readonly Dictionary<string, Func<int, int, double>> Signals = new()
    {
        ["40 Hz, loud"] = (i, c) => 0.97 * Math.Sin(2 * Math.PI * 40 * i / 44_100),
        ["100 Hz"] = (i, c) => 0.5 * Math.Sin((2 * Math.PI * 100 * i / 44_100) + c),
        ["1 kHz"] = (i, c) => 0.5 * Math.Sin((2 * Math.PI * 1000 * i / 44_100) + c),
        ["chord"] = (i, c) => Chord(i, c),
        ["notes"] = (i, c) => Notes(i, c),
        ["noise"] = (i, c) => Noise(i, c),
        ["constant"] = (i, c) => 0.3,
        ["square"] = (i, c) => i / 50 % 2 == 0 ? 1 : -1,
    };

    public static TheoryData<string> Names => new(Signals.Keys);

    [Theory]
    [InlineData(16, 2)]
    [InlineData(24, 2)]
    [InlineData(32, 1)]
    public void Without_holes_every_bit_stays(int bits, int channels)
    {
        var format = new PcmFormat(44_100, bits, channels);
        var concealer = new Concealer(format);
        byte[] pcm = new byte[5000 * format.BytesPerFrame]; // the first sample is loud
        new Random(5).NextBytes(pcm);
        byte[] before = [.. pcm];
        for (int at = 0; at < pcm.Length; at += 100 * format.BytesPerFrame)
            Assert.Equal(0, concealer.Pass(pcm.AsSpan(at, 100 * format.BytesPerFrame)));
        Assert.Equal(before, pcm);
        Assert.False(concealer.IsConcealing);
    }

    [Theory]
    [InlineData(44_100, 16, 100)]
    [InlineData(44_100, 16, 101.3)]
    [InlineData(44_100, 16, 220)]
    [InlineData(44_100, 16, 440)]
    [InlineData(44_100, 24, 997)]
    [InlineData(44_100, 32, 1234.5)]
    [InlineData(44_100, 16, 2000)]
    [InlineData(44_100, 16, 50)] // one period is as long as the longest lag
    [InlineData(48_000, 24, 333)]
    [InlineData(96_000, 24, 1000)]
    [InlineData(192_000, 32, 440)]
    [InlineData(8_000, 16, 440)]
    public void A_steady_tone_goes_on(int rate, int bits, double frequency)
    {
        var format = new PcmFormat(rate, bits, 2);
        byte[] pcm = Make(format, rate, (i, c) => 0.4 * Math.Sin((2 * Math.PI * frequency * i / rate) + c)), clean = [.. pcm];
        int frames = rate * 8 / 1000, size = format.BytesPerFrame;
        Assert.InRange(Lose(new Concealer(format), format, pcm, clean, frames, n => n > 12 && n % 12 == 0), 50, 400);
        Assert.NotEqual(clean, pcm);
    }

    [Theory]
    [InlineData("chord", 15)]
    [InlineData("notes", 10)] // holes at onsets count too
    [InlineData("constant", 90)]
    [InlineData("square", 60)]
    [InlineData("40 Hz, loud", 30)]
    public void Richer_sounds_go_on_as_well_as_measured(string name, double limit)
    {
        byte[] clean = Make(PcmFormat.AirTunes, 88_000, Signals[name]), pcm = [.. clean];
        double snr = Lose(new Concealer(PcmFormat.AirTunes), PcmFormat.AirTunes, pcm, clean, Packet, n => n > 20 && n % 20 == 0);
        Assert.True(snr >= limit, $"{snr:F1} dB");
    }

    [Theory, MemberData(nameof(Names))]
    public void A_single_hole_does_not_click(string name) => CheckSeams(name, n => n > 20 && n % 20 == 0, 1.25);

    [Theory, MemberData(nameof(Names))]
    public void A_burst_does_not_click(string name) => CheckSeams(name, n => n > 20 && n % 40 < 12, 1.25);

    [Theory, MemberData(nameof(Names))]
    public void Every_second_packet_lost_does_not_click(string name) => CheckSeams(name, n => n > 20 && n % 2 == 0, 1.5);

    [Theory, MemberData(nameof(Names))]
    public void Random_holes_down_to_a_frame_do_not_click(string name)
    {
        byte[] clean = Make(PcmFormat.AirTunes, 66_150, Signals[name]), pcm = [.. clean];
        var concealer = new Concealer(PcmFormat.AirTunes);
        var random = new Random(11);
        concealer.Pass(pcm.AsSpan(0, 40_000));
        for (int at = 40_000; at < pcm.Length;)
        {
            int bytes = Math.Min(4 * (random.Next(3) == 0 ? random.Next(1, 20) : random.Next(1, 1500)), pcm.Length - at);
            if (random.Next(2) == 0) concealer.Conceal(pcm.AsSpan(at, bytes));
            else concealer.Pass(pcm.AsSpan(at, bytes));
            at += bytes;
        }

        Assert.InRange(Roughness(pcm), 0, (Roughness(clean) * 2.5) + Floor); // holes in the cross-fades of holes
    }

    [Fact]
    public void A_hole_sounds_on_for_10_ms_and_is_exactly_silent_after_70()
    {
        PcmFormat format = PcmFormat.AirTunes;
        byte[] pcm = Make(format, 44_100, Signals["1 kHz"]);
        var concealer = new Concealer(format);
        concealer.Pass(pcm.AsSpan(0, 22_050 * 4));
        concealer.Conceal(pcm.AsSpan(22_050 * 4));
        double before = Peak(pcm.AsSpan(21_000 * 4, 441 * 4));
        Assert.InRange(Peak(pcm.AsSpan(22_050 * 4, 441 * 4)) / before, 0.99, 1.01);
        Assert.InRange(Peak(pcm.AsSpan((22_050 + 1764 - 100) * 4, 200 * 4)) / before, 0.45, 0.6); // 40 ms: half way
        Assert.Equal(-1, pcm.AsSpan((22_050 + 3087) * 4).IndexOfAnyExcept((byte)0));
        Assert.True(concealer.IsConcealing);
    }

    [Fact]
    public void After_a_hole_5_ms_are_cross_faded_and_then_every_bit_stays()
    {
        PcmFormat format = PcmFormat.AirTunes;
        byte[] clean = Make(format, 44_100, Signals["noise"]), pcm = [.. clean];
        var concealer = new Concealer(format);
        Assert.Equal(0, concealer.Pass(pcm.AsSpan(0, 80_000)));
        concealer.Conceal(pcm.AsSpan(80_000, 1408));
        int changed = concealer.Pass(pcm.AsSpan(81_408, 400)); // 100 frames: it goes on
        Assert.True(concealer.IsConcealing);
        changed += concealer.Pass(pcm.AsSpan(81_808, 4000));
        Assert.False(concealer.IsConcealing);
        Assert.InRange(changed, 200, 220);
        Assert.Equal(clean.AsSpan(81_408 + (220 * 4)).ToArray(), pcm.AsSpan(81_408 + (220 * 4)).ToArray());
        Assert.Equal(0, concealer.Pass(pcm.AsSpan(85_808, 4000)));
    }

    [Fact]
    public void Without_history_there_is_silence()
    {
        var concealer = new Concealer(PcmFormat.AirTunes);
        byte[] pcm = Filled(4000);
        concealer.Conceal(pcm);
        Assert.All(pcm, b => Assert.Equal(0, b));
        Assert.Equal(0, concealer.Pass(pcm)); // silence after silence: nothing to change

        concealer.Reset();
        concealer.Pass(new byte[40_000]);
        concealer.Conceal(pcm = Filled(4000));
        Assert.All(pcm, b => Assert.Equal(0, b));
    }

    [Fact]
    public void A_reset_forgets_what_sounded_before()
    {
        var concealer = new Concealer(PcmFormat.AirTunes);
        byte[] loud = Make(PcmFormat.AirTunes, 8820, Signals["noise"]);
        concealer.Pass([.. loud]);
        concealer.Conceal(Filled(1408));
        concealer.Reset();
        Assert.False(concealer.IsConcealing);
        byte[] next = [.. loud];
        Assert.Equal(0, concealer.Pass(next));
        Assert.Equal(loud, next);
        concealer.Reset();
        byte[] hole = Filled(1408);
        concealer.Conceal(hole);
        Assert.All(hole, b => Assert.Equal(0, b));
    }

    [Theory]
    [InlineData(16, 2)]
    [InlineData(24, 1)]
    public void Pieces_give_the_same_as_the_whole(int bits, int channels)
    {
        var format = new PcmFormat(44_100, bits, channels);
        byte[] whole = Make(format, 60_000, Signals["notes"]), pieces = [.. whole];
        Concealer one = new(format), other = new(format);
        Random runs = new(3), cuts = new(4);
        for (int at = 0, n = 0; at < 60_000; n++)
        {
            int frames = Math.Min(n % 2 == 0 ? runs.Next(50, 6000) : runs.Next(1, 4000), 60_000 - at), changed = 0, sum = 0;
            Span<byte> a = whole.AsSpan(at * format.BytesPerFrame, frames * format.BytesPerFrame);
            if (n % 2 == 0) changed = one.Pass(a);
            else one.Conceal(a);
            for (int done = 0; done < frames;)
            {
                int piece = Math.Min(cuts.Next(0, 90), frames - done);
                Span<byte> b = pieces.AsSpan((at + done) * format.BytesPerFrame, piece * format.BytesPerFrame);
                if (n % 2 == 0) sum += other.Pass(b);
                else other.Conceal(b);
                done += piece;
            }

            Assert.Equal(changed, sum);
            at += frames;
        }

        Assert.Equal(whole, pieces);
    }

    [Fact]
    public void Both_channels_keep_their_own_sound()
    {
        byte[] clean = Make(PcmFormat.AirTunes, 44_100, (i, c) => c == 0 ? 0.5 * Math.Sin(2 * Math.PI * 440 * i / 44_100) : 0), pcm = [.. clean];
        Lose(new Concealer(PcmFormat.AirTunes), PcmFormat.AirTunes, pcm, clean, Packet, n => n > 20 && n % 5 == 0);
        for (int i = 2; i < pcm.Length; i += 4) Assert.True(pcm[i] == 0 && pcm[i + 1] == 0);
    }

    [Fact]
    public void Allocates_nothing()
    {
        var concealer = new Concealer(PcmFormat.AirTunes);
        byte[] pcm = Make(PcmFormat.AirTunes, Packet, Signals["chord"]);
        Assert.Equal(0, Garbage.Of(Both));

        void Both()
        {
            concealer.Pass(pcm);
            concealer.Conceal(pcm);
        }
    }

    private const double Floor = 200; // steps: -44 dB below full scale; what the loudest tones need at a bend

    private static void CheckSeams(string name, Func<int, bool> isLost, double factor)
    {
        byte[] clean = Make(PcmFormat.AirTunes, 88_000, Signals[name]), pcm = [.. clean];
        Lose(new Concealer(PcmFormat.AirTunes), PcmFormat.AirTunes, pcm, clean, Packet, isLost);
        double limit = (Roughness(clean) * factor) + Floor;
        Assert.True(Roughness(pcm) <= limit, $"{Roughness(pcm):F0} where the clean signal has {Roughness(clean):F0}");
    }

    /// <summary>Loses packets; gives the ratio of what they held to what is wrong in their place, in dB.</summary>
    private static double Lose(Concealer concealer, PcmFormat format, byte[] pcm, byte[] clean, int frames, Func<int, bool> isLost)
    {
        int bytes = frames * format.BytesPerFrame, width = format.BitsPerSample / 8;
        double signal = 0, error = 1e-9;
        for (int n = 0; (n + 1) * bytes <= pcm.Length; n++)
        {
            Span<byte> packet = pcm.AsSpan(n * bytes, bytes);
            if (!isLost(n))
            {
                concealer.Pass(packet);
                continue;
            }

            packet.Fill(0x55);
            concealer.Conceal(packet);
            for (int i = 0; i < bytes; i += width)
            {
                double was = PcmSample.Read(clean.AsSpan((n * bytes) + i, width)), isNow = PcmSample.Read(packet.Slice(i, width));
                signal += was * was;
                error += (isNow - was) * (isNow - was);
            }
        }

        return 10 * Math.Log10(signal / error);
    }

    /// <summary>The largest second difference of 16 bit stereo: a click has a larger one than the music.</summary>
    private static double Roughness(byte[] pcm)
    {
        double largest = 0;
        for (int i = 8; i + 1 < pcm.Length; i += 2)
            largest = Math.Max(largest, Math.Abs(At(pcm, i) - (2 * At(pcm, i - 4)) + At(pcm, i - 8)));
        return largest;
    }

    private static double Peak(ReadOnlySpan<byte> pcm)
    {
        double peak = 0;
        for (int i = 0; i < pcm.Length; i += 2) peak = Math.Max(peak, Math.Abs(PcmSample.Read(pcm.Slice(i, 2))));
        return peak;
    }

    private static double At(byte[] pcm, int at) => (short)(pcm[at] | (pcm[at + 1] << 8));

    private static byte[] Make(PcmFormat format, int frames, Func<int, int, double> signal)
    {
        int width = format.BitsPerSample / 8;
        byte[] pcm = new byte[frames * format.BytesPerFrame];
        for (int i = 0; i < frames * format.Channels; i++)
            PcmSample.Write(pcm.AsSpan(i * width, width), Math.ScaleB(signal(i / format.Channels, i % format.Channels), format.BitsPerSample - 1));
        return pcm;
    }

    private static byte[] Filled(int bytes)
    {
        byte[] pcm = new byte[bytes];
        Array.Fill(pcm, (byte)0x55);
        return pcm;
    }

    /// <summary>C major with overtones.</summary>
    private static double Chord(int i, int c)
    {
        double sum = 0;
        foreach (double frequency in (ReadOnlySpan<double>)[261.63, 329.63, 392.00, 523.25])
        {
            for (int h = 1; h <= 5; h++) sum += 0.08 / h * Math.Sin((2 * Math.PI * frequency * h * i / 44_100) + (c * h));
        }

        return sum;
    }

    /// <summary>Plucked notes, one each 150 ms, ringing into each other.</summary>
    private static double Notes(int i, int c)
    {
        double sum = 0;
        int note = i / 6615;
        for (int n = Math.Max(0, note - 2); n <= note; n++)
        {
            double t = (i - (n * 6615)) / 44_100.0, frequency = 220 * Math.Pow(2, n * 7 % 24 / 12.0), level = 0.2 * Math.Exp(-4 * t) * (1 - Math.Exp(-t * 400));
            for (int h = 1; h <= 4; h++) sum += level / h * Math.Sin((2 * Math.PI * frequency * h * t) + (c * 0.5 * h));
        }

        return sum;
    }

    private static double Noise(int i, int c)
    {
        ulong z = (((ulong)i << 1) | (uint)c) * 0x9E37_79B9_7F4A_7C15;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return ((z ^ (z >> 31)) * (0.8 / 18446744073709551616.0)) - 0.4;
    }
}
