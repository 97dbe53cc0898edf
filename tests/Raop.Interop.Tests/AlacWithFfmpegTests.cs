using Raop.Interop.Tests.Lab;

namespace Raop.Interop.Tests;

/// <summary>ffmpeg reads what <c>raop alac encode</c> writes, and <c>raop alac decode</c> reads what ffmpeg writes, both to the bit.</summary>
public class AlacWithFfmpegTests
{
    private static readonly Dictionary<string, Func<Task<(byte[] Pcm, int Channels, int Bits)>>> Signals = new()
    {
        ["music"] = async () => (await Tracks.DecodedByFfmpegAsync(Tracks.Music()), 2, 16),
        ["mix"] = () => Of(Mix.Pcm(100_001), 2, 16),
        ["silence"] = () => Of(new byte[4 * 50_000], 2, 16),
        ["full-scale noise"] = () => Of(FullScale(50_000, 2), 2, 16),
        ["white noise"] = () => Of(Noise(4 * 50_000), 2, 16),
        ["one sample"] = () => Of([0x01, 0x80, 0xFF, 0x7F], 2, 16),
        ["24 bit"] = () => Of(Widened(Mix.Pcm(60_000)), 2, 24),
        ["24 bit noise"] = () => Of(Noise(6 * 20_000), 2, 24),
        ["mono"] = () => Of([.. Noise(2 * 4_096), .. Mix.Pcm(30_000)], 1, 16),
        ["24 bit mono"] = () => Of(Widened(Mix.Pcm(30_000)), 1, 24),
    };

    public static TheoryData<string, string> Rows => new MatrixTheoryData<string, string>(Signals.Keys, ["m4a", "caf"]);

    [Theory, MemberData(nameof(Rows))]
    public Task Ffmpeg_decodes_ours(string signal, string container) => PeerLab.RunAsync(
        async lab =>
        {
            (byte[] pcm, int channels, int bits) = await Signals[signal]();
            string wav = await lab.WriteAsync("in.wav", Wav.Of(pcm, channels, bits)), ours = lab.PathOf("ours." + container);
            await lab.Raop("alac", "encode", wav, ours).SucceedsAsync();
            Assert.Equal(pcm, await Tracks.DecodedByFfmpegAsync(ours, bits));
        },
        isolated: false);

    [Theory]
    [InlineData("m4a", 352)]
    [InlineData("caf", 352)]
    [InlineData("m4a", 16384)]
    [InlineData("caf", 1000)]
    public Task Ffmpeg_decodes_ours_of_any_frame_length(string container, int frames) => PeerLab.RunAsync(
        async lab =>
        {
            byte[] pcm = Mix.Pcm(100_001);
            string wav = await lab.WriteAsync("in.wav", Wav.Of(pcm)), ours = lab.PathOf("ours." + container);
            await lab.Raop("alac", "encode", wav, ours, "--frames", $"{frames}").SucceedsAsync();
            Assert.Equal(pcm, await Tracks.DecodedByFfmpegAsync(ours));
        },
        isolated: false);

    [Theory, MemberData(nameof(Rows))]
    public Task We_decode_ffmpegs(string signal, string container) => PeerLab.RunAsync(
        async lab =>
        {
            (byte[] pcm, int channels, int bits) = await Signals[signal]();
            string theirs = await lab.EncodedByFfmpegAsync(await lab.WriteAsync("in.wav", Wav.Of(pcm, channels, bits)), "theirs." + container);
            string wav = lab.PathOf("out.wav"), raw = lab.PathOf("out.raw");
            await lab.Raop("alac", "decode", theirs, wav).SucceedsAsync();
            Assert.Equal(pcm, await Wav.SamplesOfAsync(wav));
            await lab.Raop("alac", "decode", theirs, raw).SucceedsAsync();
            Assert.Equal(pcm, await File.ReadAllBytesAsync(raw, TestContext.Current.CancellationToken));
        },
        isolated: false);

    private static Task<(byte[] Pcm, int Channels, int Bits)> Of(byte[] pcm, int channels, int bits) => Task.FromResult((pcm, channels, bits));

    private static byte[] Noise(int bytes)
    {
        byte[] noise = new byte[bytes];
        new Random(1).NextBytes(noise);
        return noise;
    }

    /// <summary>Every sample is the highest or the lowest of 16 bits: the worst that a predictor can meet.</summary>
    private static byte[] FullScale(int frames, int channels)
    {
        Random random = new(2);
        byte[] pcm = new byte[frames * channels * 2];
        for (int i = 0; i < pcm.Length; i += 2) (pcm[i], pcm[i + 1]) = random.Next(2) == 0 ? ((byte)0x00, (byte)0x80) : ((byte)0xFF, (byte)0x7F);
        return pcm;
    }

    /// <summary>16 bits to 24, with something in the low byte.</summary>
    private static byte[] Widened(byte[] pcm16)
    {
        byte[] pcm24 = new byte[pcm16.Length / 2 * 3];
        for (int i = 0; i < pcm16.Length / 2; i++)
            (pcm24[3 * i], pcm24[(3 * i) + 1], pcm24[(3 * i) + 2]) = ((byte)(i * 37), pcm16[2 * i], pcm16[(2 * i) + 1]);
        return pcm24;
    }
}
