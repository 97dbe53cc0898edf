using System.Buffers.Binary;
using System.Text;
using Raop.Audio;
using Raop.Media;

namespace Raop.Apps.Tests.Media.Input;

public class AiffTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("pcm_s8", 16)]
    [InlineData("pcm_s16be", 16)]
    [InlineData("pcm_s16le", 16)]
    [InlineData("pcm_s24be", 24)]
    [InlineData("pcm_s32be", 32)]
    [InlineData("pcm_f32be", 32)]
    [InlineData("pcm_f64be", 32)]
    public async Task Reads_what_ffmpeg_writes(string codec, int bits)
    {
        Tools.Need("ffmpeg");
        foreach (int channels in (int[])[1, 2])
        {
            using var folder = new TestFolder();
            byte[] pcm = Sound.Make("music", 3001, 32, channels);
            await Tools.FfmpegEncodeAsync(folder, pcm, "s32le", 32_000, channels, folder["a.aiff"], "-c:a", codec, "-metadata", "title=Lied");
            byte[] expected = await Tools.FfmpegDecodeAsync(folder["a.aiff"], bits);
            Assert.Equal(expected, await Reading.ReadFileAsync(folder["a.aiff"]));
            await using IMediaSource source = await MediaSource.OpenAsync(folder["a.aiff"], cancellationToken: Cancel);
            Assert.Equal((new PcmFormat(32_000, bits, channels), 3001L, "AIFF", "Lied"), (source.Format, source.Length, source.FormatName, source.Title));
            await source.SeekAsync(1234, Cancel);
            Assert.Equal(expected[(1234 * source.Format.BytesPerFrame)..], await source.ReadAllAsync());
            await using IMediaSource pipe = await Reading.OpenPipeAsync(File.ReadAllBytes(folder["a.aiff"]));
            Assert.Equal(expected, await pipe.ReadAllAsync());
        }
    }

    [Theory]
    [InlineData("aiff", 8)]
    [InlineData("aiff", 16)]
    [InlineData("aiff", 24)]
    [InlineData("aifc", 16)]
    [InlineData("aifc", 32)]
    public async Task Reads_what_sox_writes(string type, int bits)
    {
        Tools.Need("sox");
        using var folder = new TestFolder();
        byte[] pcm = Sound.Make("noise", 999, bits, 2);
        string raw = folder.Write("a.raw", pcm);
        await Tools.RunAsync("sox", "-t", "raw", "-r", "11025", "-e", bits == 8 ? "unsigned" : "signed", "-b", $"{bits}", "-c", "2", raw, "-D", "-t", type, folder["a.aiff"]);
        Assert.Equal(bits == 8 ? Sound.Widen8(pcm) : pcm, await Reading.ReadFileAsync(folder["a.aiff"]));
    }

    [Theory]
    [InlineData("400E AC44000000000000", 44_100)]
    [InlineData("400E BB80000000000000", 48_000)]
    [InlineData("400B FA00000000000000", 8_000)]
    [InlineData("4010 BB80000000000000", 192_000)]
    public async Task Reads_the_rate_in_80_bits(string hex, int rate)
    {
        byte[] file = Aiff("AIFF", [.. Common(1, 2, 16, hex), .. SoundChunk(1, 2, 3, 4)]);
        await using IMediaSource source = await Reading.OpenMemoryAsync(file);
        Assert.Equal(new PcmFormat(rate, 16, 1), source.Format);
        Assert.Equal([2, 1, 4, 3], await source.ReadAllAsync());
    }

    [Fact]
    public async Task The_format_may_come_after_the_samples_in_a_file_but_not_in_a_pipe()
    {
        byte[] file = Aiff("AIFF", [.. SoundChunk(1, 2, 3, 4), .. Common(1, 2, 16), .. Chunk("NAME", "N"u8)]);
        await using IMediaSource source = await Reading.OpenMemoryAsync(file);
        Assert.Equal([2, 1, 4, 3], await source.ReadAllAsync());
        Assert.Equal("N", source.Title);
        RaopException e = await Assert.ThrowsAsync<RaopException>(async () => await Reading.OpenPipeAsync(file));
        Assert.Equal(RaopError.CorruptFile, e.Error);
    }

    [Fact]
    public async Task An_offset_before_the_samples_is_honoured()
    {
        byte[] sound = SoundChunk(9, 9, 9, 9, 1, 2);
        sound[11] = 4;
        await using IMediaSource source = await Reading.OpenMemoryAsync(Aiff("AIFF", [.. Common(1, 1, 16), .. sound]));
        Assert.Equal([2, 1], await source.ReadAllAsync());
    }

    [Fact]
    public async Task Every_truncation_is_one_clear_error()
    {
        byte[] samples = [.. Enumerable.Range(0, 100).Select(i => (byte)i)];
        byte[] file = Aiff("AIFC", [.. Common(1, 50, 16, compression: "NONE\0\0"), .. SoundChunk(samples)]);
        for (int length = 0; length < file.Length; length++)
        {
            (byte[] read, RaopException? error) = await Reading.TryReadAsync(file[..length]);
            Assert.True(error is { Error: RaopError.CorruptFile } || (length < 12 && error is { Error: RaopError.UnsupportedFormat }), $"{length} bytes: {error}");
            Assert.Equal(Math.Max(0, length - (file.Length - 100)) / 2 * 2, read.Length);
        }
    }

    [Fact]
    public async Task Mutations_never_give_another_exception_nor_run_on()
    {
        byte[] file = Aiff("AIFC", [.. Common(1, 50, 16, compression: "sowt\0\0"), .. Chunk("NAME", "abc"u8), .. SoundChunk(new byte[100])]);
        int seed = Random.Shared.Next();
        var random = new Random(seed);
        for (int i = 0; i < 3000; i++)
        {
            (_, RaopException? error) = await Reading.TryReadAsync(Mutation.Of(file, random));
            Assert.True(error is null or { Error: RaopError.CorruptFile or RaopError.UnsupportedFormat }, $"seed {seed}, round {i}: {error}");
        }
    }

    private static byte[] Aiff(string type, byte[] chunks)
    {
        byte[] file = [.. "FORM"u8, 0, 0, 0, 0, .. Encoding.ASCII.GetBytes(type), .. chunks];
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(4), file.Length - 8);
        return file;
    }

    private static byte[] Common(int channels, int frames, int bits, string rate = "400E AC44000000000000", string compression = "") => Chunk("COMM", [
        0, (byte)channels, 0, 0, (byte)(frames >> 8), (byte)frames, 0, (byte)bits,
        .. Convert.FromHexString(rate.Replace(" ", "", StringComparison.Ordinal)), .. Encoding.ASCII.GetBytes(compression)]);

    private static byte[] SoundChunk(params byte[] samples) => Chunk("SSND", [0, 0, 0, 0, 0, 0, 0, 0, .. samples]);

    private static byte[] Chunk(string id, ReadOnlySpan<byte> content)
    {
        var chunk = new byte[8 + content.Length + (content.Length & 1)];
        Encoding.ASCII.GetBytes(id, chunk);
        BinaryPrimitives.WriteInt32BigEndian(chunk.AsSpan(4), content.Length);
        content.CopyTo(chunk.AsSpan(8));
        return chunk;
    }
}
