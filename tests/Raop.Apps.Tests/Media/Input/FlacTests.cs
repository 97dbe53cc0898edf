using Raop.Audio;
using Raop.Media;

namespace Raop.Apps.Tests.Media.Input;

/// <summary>Our FLAC decoder against the reference encoder, the reference decoder and ffmpeg.</summary>
public class FlacTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("-0")]
    [InlineData("-1")]
    [InlineData("-2")]
    [InlineData("-3")]
    [InlineData("-4")]
    [InlineData("-5")]
    [InlineData("-6")]
    [InlineData("-7")]
    [InlineData("-8")]
    [InlineData("--lax -8 -l 32 -b 16384")]
    [InlineData("--lax -r 15 -b 32768 -l 12")]
    [InlineData("--lax -b 16 -l 0")]
    [InlineData("-b 4608 -l 0 --no-mid-side")]
    [InlineData("-b 192 -l 8 -q 15")]
    [InlineData("-8 -e -p")]
    [InlineData("--no-padding --no-seektable")]
    [InlineData("--adaptive-mid-side")]
    [InlineData("--disable-constant-subframes --disable-fixed-subframes")]
    [InlineData("--disable-fixed-subframes -r 0 -l 1")]
    public async Task Decodes_every_setting_of_the_reference_encoder(string options)
    {
        Tools.Need("flac");
        foreach (int bits in (int[])[16, 24])
        {
            await CheckAsync("music", 30_011, bits, 2, options);
        }
    }

    [Theory]
    [InlineData("music")]
    [InlineData("noise")]
    [InlineData("silence")]
    [InlineData("square")]
    [InlineData("wasted")]
    public async Task Decodes_every_depth_and_both_channel_counts(string kind)
    {
        Tools.Need("flac");
        foreach (int bits in (int[])[8, 16, 24])
        {
            foreach (int channels in (int[])[1, 2])
            {
                await CheckAsync(kind, 9_001, bits, channels, "-5");
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(4097)]
    public async Task Decodes_every_odd_length(int frames)
    {
        Tools.Need("flac");
        await CheckAsync("music", frames, 16, 2, "-8");
    }

    [Theory]
    [InlineData("music")]
    [InlineData("noise")]
    [InlineData("square")]
    public async Task Decodes_32_bit_with_its_33_bit_side_channel(string kind)
    {
        Tools.Need("flac"); // 1.4 or later
        await CheckAsync(kind, 9_001, 32, 1, "-5");
        await CheckAsync(kind, 9_001, 32, 2, "-8");
    }

    [Fact]
    public async Task Decodes_ffmpegs_encoder_at_its_highest_level()
    {
        Tools.Need("ffmpeg");
        using var folder = new TestFolder();
        byte[] pcm = Sound.Make("music", 50_000, 16, 2);
        await Tools.FfmpegEncodeAsync(folder, pcm, "s16le", 44_100, 2, folder["a.flac"], "-lpc_type", "cholesky", "-compression_level", "12", "-frame_size", "1152");
        Assert.Equal(pcm, await Reading.ReadFileAsync(folder["a.flac"]));
    }

    [Fact]
    public async Task Reads_tags_and_passes_over_an_ID3_tag()
    {
        Tools.Need("flac");
        using var folder = new TestFolder();
        byte[] pcm = Sound.Make("music", 5000, 16, 2);
        string path = await EncodeAsync(folder, pcm, 16, 2, "-5 -T TITLE=Ein__Lied -T artist=Ä -T ARTIST=B -T ALBUM=C".Split(' '));
        byte[] id3 = [(byte)'I', (byte)'D', (byte)'3', 4, 0, 0, 0, 0, 1, 2, .. new byte[130]];
        File.WriteAllBytes(path, [.. id3, .. File.ReadAllBytes(path)]);
        await using IMediaSource source = await MediaSource.OpenAsync(path, cancellationToken: Cancel);
        Assert.Equal(("Ein__Lied", "Ä, B", "C", "FLAC"), (source.Title, source.Artist, source.Album, source.FormatName));
        Assert.Equal(new PcmFormat(44_100, 16, 2), source.Format);
        Assert.Equal(5000, source.Length);
        await source.SeekAsync(4321, Cancel);
        Assert.Equal(pcm[(4321 * 4)..], await source.ReadAllAsync());
    }

    [Fact]
    public async Task Without_tags_the_name_of_the_file_is_the_title()
    {
        Tools.Need("flac");
        using var folder = new TestFolder();
        string path = await EncodeAsync(folder, Sound.Make("music", 50, 16, 2), 16, 2, "-5");
        await using IMediaSource source = await MediaSource.OpenAsync(path, cancellationToken: Cancel);
        Assert.Equal("a", source.Title);
        Assert.Null(source.Artist);
    }

    [Theory]
    [InlineData("-5")]
    [InlineData("-5 --no-seektable")]
    [InlineData("-5 -S 1x")]
    [InlineData("-0 -b 192 --lax --no-seektable")]
    public async Task Seeks_to_the_exact_frame(string options)
    {
        Tools.Need("flac");
        using var folder = new TestFolder();
        byte[] pcm = Sound.Make("noise", 300_000, 16, 2);
        string path = await EncodeAsync(folder, pcm, 16, 2, options.Split(' '));
        await using IMediaSource source = await MediaSource.OpenAsync(path, cancellationToken: Cancel);
        var random = new Random(1);
        int[] frames = [150_000, 0, 1, 4095, 4096, 299_999, 300_000, 300_001, 191, 192, .. Enumerable.Range(0, 60).Select(_ => random.Next(300_000))];
        var buffer = new byte[777 * 4];
        foreach (int frame in frames)
        {
            await source.SeekAsync(frame, Cancel);
            int read = await source.ReadAsync(buffer, Cancel);
            Assert.Equal(pcm.AsSpan(Math.Min(frame, 300_000) * 4, read).ToArray(), buffer.AsSpan(0, read).ToArray());
            Assert.Equal(frame >= 300_000, read == 0);
        }

        await source.SeekAsync(0, Cancel);
        Assert.Equal(pcm, await source.ReadAllAsync());
    }

    [Fact]
    public async Task A_wrong_seek_table_is_not_believed()
    {
        Tools.Need("flac");
        using var folder = new TestFolder();
        byte[] pcm = Sound.Make("noise", 300_000, 16, 2);
        string path = await EncodeAsync(folder, pcm, 16, 2, "-5", "-S", "1s");
        byte[] file = File.ReadAllBytes(path);
        int table = 42; // "fLaC", STREAMINFO with its head, then SEEKTABLE's head
        Assert.Equal(3, file[table] & 0x7F);
        for (int i = 0; i < 4; i++) file[table + 4 + (18 * i) + 14]++; // each offset 256 bytes off
        await using IMediaSource source = await Reading.OpenMemoryAsync(file);
        foreach (int frame in (int[])[299_000, 100_000, 50_000, 222_222])
        {
            await source.SeekAsync(frame, Cancel);
            Assert.Equal(pcm[(frame * 4)..], await source.ReadAllAsync());
        }
    }

    [Fact]
    public async Task Streams_from_a_pipe_also_without_a_known_length()
    {
        Tools.Need("flac");
        using var folder = new TestFolder();
        byte[] pcm = Sound.Make("music", 20_000, 16, 2);
        byte[] file = File.ReadAllBytes(await EncodeAsync(folder, pcm, 16, 2, "-5"));
        await using (IMediaSource source = await Reading.OpenPipeAsync(file, piece: 7))
        {
            Assert.False(source.CanSeek);
            Assert.Equal(20_000, source.Length);
            await Assert.ThrowsAsync<NotSupportedException>(async () => await source.SeekAsync(1, Cancel));
            Assert.Equal(pcm, await source.ReadAllAsync());
        }

        file[21] &= 0xF0; // STREAMINFO's 36 bits of length
        file.AsSpan(22, 4).Clear();
        byte[] id3v1 = [(byte)'T', (byte)'A', (byte)'G', .. new byte[125]];
        await using IMediaSource unknown = await Reading.OpenPipeAsync([.. file, .. id3v1]);
        Assert.Null(unknown.Length);
        Assert.Equal(pcm, await unknown.ReadAllAsync());
    }

    [Fact]
    public async Task Every_truncation_is_one_clear_error_after_what_is_there()
    {
        Tools.Need("flac");
        using var folder = new TestFolder();
        byte[] pcm = Sound.Make("music", 2500, 16, 2);
        byte[] file = File.ReadAllBytes(await EncodeAsync(folder, pcm, 16, 2, "-5", "-b", "512", "--no-padding", "--no-seektable"));
        for (int length = 0; length < file.Length; length++)
        {
            (byte[] read, RaopException? error) = await Reading.TryReadAsync(file[..length]);
            Assert.True(error is { Error: RaopError.CorruptFile } || (length < 12 && error is { Error: RaopError.UnsupportedFormat }), $"{length} bytes: {error}");
            Assert.NotEmpty(error.Remedy);
            Assert.True(pcm.AsSpan().StartsWith(read), $"{length} bytes");
        }

        Assert.Null((await Reading.TryReadAsync(file)).Error);
    }

    [Fact]
    public async Task Mutations_never_give_another_exception_nor_run_on()
    {
        Tools.Need("flac");
        using var folder = new TestFolder();
        byte[] file = File.ReadAllBytes(await EncodeAsync(folder, Sound.Make("music", 2500, 16, 2), 16, 2, "-8", "-b", "512"));
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (int i = 0; i < 2000; i++)
        {
            byte[] mutant = Mutation.Of(file, random);
            (_, RaopException? error) = await Reading.TryReadAsync(mutant);
            Assert.True(error is null or { Error: RaopError.CorruptFile or RaopError.UnsupportedFormat }, $"seed {seed}, round {i}: {error}");
        }
    }

    [Fact]
    public async Task A_flipped_bit_in_the_middle_is_named_with_its_place()
    {
        Tools.Need("flac");
        using var folder = new TestFolder();
        byte[] pcm = Sound.Make("noise", 50_000, 16, 2);
        byte[] file = File.ReadAllBytes(await EncodeAsync(folder, pcm, 16, 2, "-5"));
        file[file.Length / 2] ^= 1;
        (byte[] read, RaopException? error) = await Reading.TryReadAsync(file);
        Assert.Equal(RaopError.CorruptFile, error?.Error);
        Assert.Contains("byte", error!.Message, StringComparison.Ordinal);
        Assert.True(read.Length > pcm.Length / 3 && pcm.AsSpan().StartsWith(read));
    }

    private static async Task CheckAsync(string kind, int frames, int bits, int channels, string options)
    {
        using var folder = new TestFolder();
        byte[] pcm = Sound.Make(kind, frames, bits, channels);
        string path = await EncodeAsync(folder, pcm, bits, channels, options.Split(' '));
        byte[] expected = bits == 8 ? Sound.Widen8(pcm) : pcm;
        byte[] read = await Reading.ReadFileAsync(path);
        Assert.True(expected.AsSpan().SequenceEqual(read), $"{kind}, {frames} frames, {bits} bit, {channels} channels, {options}");
    }

    private static async Task<string> EncodeAsync(TestFolder folder, byte[] pcm, int bits, int channels, params string[] options)
    {
        string raw = folder.Write("a.raw", pcm);
        string sign = bits == 8 ? "unsigned" : "signed";
        await Tools.RunAsync("flac", [.. options, "-s", "-f", "--force-raw-format", "--endian=little", $"--sign={sign}", $"--channels={channels}", $"--bps={bits}", "--sample-rate=44100", "-o", folder["a.flac"], raw]);
        return folder["a.flac"];
    }
}
