using System.Buffers.Binary;
using System.Text;
using Raop.Audio;
using Raop.Media;

namespace Raop.Apps.Tests.Media.Input;

public class WavTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("u8", "pcm_u8", 16)]
    [InlineData("s16le", "pcm_s16le", 16)]
    [InlineData("s24le", "pcm_s24le", 24)]
    [InlineData("s32le", "pcm_s32le", 32)]
    [InlineData("f32le", "pcm_f32le", 32)]
    [InlineData("f64le", "pcm_f64le", 32)]
    public async Task Reads_what_ffmpeg_writes(string raw, string codec, int bits)
    {
        Tools.Need("ffmpeg");
        foreach (int channels in (int[])[1, 2])
        {
            using var folder = new TestFolder();
            byte[] pcm = Samples(raw, 3001, channels);
            await Tools.FfmpegEncodeAsync(folder, pcm, raw, 48_000, channels, folder["a.wav"], "-c:a", codec);
            await Tools.FfmpegEncodeAsync(folder, pcm, raw, 48_000, channels, folder["64.wav"], "-c:a", codec, "-rf64", "always");
            byte[] expected = await Tools.FfmpegDecodeAsync(folder["a.wav"], bits);
            Assert.Equal(expected, await Reading.ReadFileAsync(folder["a.wav"]));
            Assert.Equal(expected, await Reading.ReadFileAsync(folder["64.wav"]));
            await using IMediaSource pipe = await Reading.OpenPipeAsync(File.ReadAllBytes(folder["a.wav"]));
            Assert.Equal((new PcmFormat(48_000, bits, channels), 3001L, "WAV"), (pipe.Format, pipe.Length, pipe.FormatName));
            Assert.Equal(expected, await pipe.ReadAllAsync());
        }
    }

    [Fact]
    public async Task Reads_what_sox_and_ffmpeg_write_to_a_pipe()
    {
        Tools.Need("ffmpeg", "sox");
        using var folder = new TestFolder();
        byte[] pcm = Sound.Make("music", 3001, 16, 2);
        string raw = folder.Write("a.raw", pcm);
        byte[] sox = await Tools.RunAsync("sox", "-t", "raw", "-r", "44100", "-e", "signed", "-b", "16", "-c", "2", raw, "-t", "wav", "-");
        byte[] ffmpeg = await Tools.RunAsync("ffmpeg", "-v", "error", "-f", "s16le", "-ar", "44100", "-ac", "2", "-i", raw, "-f", "wav", "-");
        foreach (byte[] file in (byte[][])[sox, ffmpeg])
        {
            await using IMediaSource pipe = await Reading.OpenPipeAsync(file);
            Assert.True(pipe.Length is null or 3001);
            Assert.Equal(pcm, await pipe.ReadAllAsync());
            await using IMediaSource memory = await Reading.OpenMemoryAsync(file);
            Assert.Equal(3001, memory.Length);
            Assert.Equal(pcm, await memory.ReadAllAsync());
        }
    }

    [Theory]
    [InlineData(0u, null)]
    [InlineData(0xFFFF_FFFFu, null)]
    [InlineData(0x7FFF_F000u, null)]
    [InlineData(0x8000_0000u - 44, null)]
    [InlineData(400u, 100L)]
    [InlineData(403u, 100L)]
    public async Task The_length_of_the_samples_may_be_unknown(uint size, long? frames)
    {
        byte[] file = Wav(Format(1, 2, 44_100, 16), new byte[400], size, riffSize: size);
        await using IMediaSource pipe = await Reading.OpenPipeAsync(file);
        Assert.Equal(frames, pipe.Length);
        Assert.Equal(400, (await pipe.ReadAllAsync()).Length);
    }

    [Fact]
    public async Task Zero_samples_before_other_chunks_are_zero_samples()
    {
        byte[] file = [.. Wav(Format(1, 2, 44_100, 16), [], 0, riffSize: 100), .. Chunk("LIST", new byte[56])];
        await using IMediaSource source = await Reading.OpenMemoryAsync(file);
        Assert.Equal(0, source.Length);
        Assert.Empty(await source.ReadAllAsync());
    }

    [Fact]
    public async Task Passes_over_odd_chunks_and_reads_tags_before_the_samples()
    {
        byte[] info = [.. "INFO"u8, .. Chunk("INAM", "Träume\0"u8), .. Chunk("IART", "A"u8), .. Chunk("IPRD", Encoding.Latin1.GetBytes("Größe"))];
        byte[] pcm = Sound.Little16(1, -1, 2, -2);
        byte[] file = Riff("RIFF", [.. Chunk("JUNK", new byte[27]), .. Format(1, 1, 22_050, 16), .. Chunk("LIST", info), .. Chunk("fact", new byte[4]), .. Chunk("data", pcm), .. Chunk("LIST", new byte[9])]);
        await using IMediaSource source = await Reading.OpenMemoryAsync(file);
        Assert.Equal(("Träume", "A", "Größe"), (source.Title, source.Artist, source.Album));
        Assert.Equal(new PcmFormat(22_050, 16, 1), source.Format);
        Assert.Equal(pcm, await source.ReadAllAsync());
    }

    [Theory]
    [InlineData(24, 16, 16, "00 01 02", "01 02")]
    [InlineData(32, 24, 24, "00 01 02 83", "01 02 83")]
    [InlineData(32, 20, 24, "00 10 02 83", "10 02 83")]
    [InlineData(24, 24, 24, "00 01 02", "00 01 02")]
    [InlineData(16, 12, 16, "10 02", "10 02")]
    public async Task Extensible_says_how_many_bits_count(int bits, int valid, int expectedBits, string sample, string expected)
    {
        byte[] format = Extensible(1, 44_100, bits, valid, tag: 1);
        await using IMediaSource source = await Reading.OpenMemoryAsync(Wav(format, Hex(sample), (uint)Hex(sample).Length));
        Assert.Equal(expectedBits, source.Format.BitsPerSample);
        Assert.Equal(Hex(expected), await source.ReadAllAsync());
    }

    [Fact]
    public async Task Floats_beyond_full_scale_are_cut_and_nonsense_is_silence()
    {
        float[] values = [0, 1, -1, 2, -2, 0.5f, float.NaN, float.PositiveInfinity, float.NegativeInfinity];
        byte[] data = new byte[values.Length * 4];
        for (int i = 0; i < values.Length; i++) BinaryPrimitives.WriteSingleLittleEndian(data.AsSpan(i * 4), values[i]);
        await using IMediaSource source = await Reading.OpenMemoryAsync(Wav(Format(3, 1, 44_100, 32), data, (uint)data.Length));
        byte[] pcm = await source.ReadAllAsync();
        int[] read = [.. Enumerable.Range(0, values.Length).Select(i => BinaryPrimitives.ReadInt32LittleEndian(pcm.AsSpan(i * 4)))];
        Assert.Equal([0, int.MaxValue, int.MinValue, int.MaxValue, int.MinValue, 1 << 30, 0, int.MaxValue, int.MinValue], read);
    }

    [Fact]
    public async Task Seeks_to_the_exact_frame()
    {
        byte[] pcm = Sound.Make("noise", 50_000, 24, 2);
        await using IMediaSource source = await Reading.OpenMemoryAsync(Wav(Format(1, 2, 44_100, 24), pcm, (uint)pcm.Length));
        foreach (int frame in (int[])[49_999, 0, 25_000, 25_001, 50_000, 60_000, 12_345])
        {
            await source.SeekAsync(frame, Cancel);
            Assert.Equal(pcm[(Math.Min(frame, 50_000) * 6)..], await source.ReadAllAsync());
        }
    }

    [Fact]
    public async Task Every_truncation_is_one_clear_error_after_what_is_there()
    {
        byte[] pcm = Sound.Make("noise", 50, 16, 2);
        byte[] file = Wav(Format(1, 2, 44_100, 16), pcm, 200);
        for (int length = 0; length < file.Length; length++)
        {
            (byte[] read, RaopException? error) = await Reading.TryReadAsync(file[..length]);
            Assert.True(error is { Error: RaopError.CorruptFile } || (length < 12 && error is { Error: RaopError.UnsupportedFormat }), $"{length} bytes: {error}");
            Assert.NotEmpty(error.Remedy);
            Assert.Equal(pcm[..(Math.Max(0, length - 44) / 4 * 4)], read);
        }
    }

    [Fact]
    public async Task Mutations_never_give_another_exception_nor_run_on()
    {
        byte[] info = [.. "INFO"u8, .. Chunk("INAM", "T"u8)];
        byte[] file = Riff("RIFF", [.. Extensible(2, 44_100, 24, 20, 1), .. Chunk("LIST", info), .. Chunk("data", Sound.Make("noise", 20, 24, 2)), .. Chunk("x   ", [1])]);
        int seed = Random.Shared.Next();
        var random = new Random(seed);
        for (int i = 0; i < 3000; i++)
        {
            (_, RaopException? error) = await Reading.TryReadAsync(Mutation.Of(file, random));
            Assert.True(error is null or { Error: RaopError.CorruptFile or RaopError.UnsupportedFormat }, $"seed {seed}, round {i}: {error}");
        }
    }

    internal static byte[] Wav(byte[] format, byte[] data, uint dataSize, uint? riffSize = null)
    {
        byte[] head = [.. "RIFF"u8, 0, 0, 0, 0, .. "WAVE"u8, .. format, .. "data"u8, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(head.Length - 4), dataSize);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(4), riffSize ?? (uint)(head.Length - 8 + data.Length));
        return [.. head, .. data];
    }

    internal static byte[] Format(int tag, int channels, int rate, int bits)
    {
        var format = new byte[16];
        BinaryPrimitives.WriteUInt16LittleEndian(format, (ushort)tag);
        BinaryPrimitives.WriteUInt16LittleEndian(format.AsSpan(2), (ushort)channels);
        BinaryPrimitives.WriteInt32LittleEndian(format.AsSpan(4), rate);
        BinaryPrimitives.WriteInt32LittleEndian(format.AsSpan(8), rate * channels * bits / 8);
        BinaryPrimitives.WriteUInt16LittleEndian(format.AsSpan(12), (ushort)(channels * bits / 8));
        BinaryPrimitives.WriteUInt16LittleEndian(format.AsSpan(14), (ushort)bits);
        return Chunk("fmt ", format);
    }

    private static byte[] Extensible(int channels, int rate, int bits, int valid, int tag) => Chunk("fmt ", [
        .. Format(0xFFFE, channels, rate, bits)[8..], 22, 0, (byte)valid, 0, 0, 0, 0, 0,
        (byte)tag, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]);

    private static byte[] Chunk(string id, ReadOnlySpan<byte> content)
    {
        var chunk = new byte[8 + content.Length + (content.Length & 1)];
        Encoding.ASCII.GetBytes(id, chunk);
        BinaryPrimitives.WriteInt32LittleEndian(chunk.AsSpan(4), content.Length);
        content.CopyTo(chunk.AsSpan(8));
        return chunk;
    }

    private static byte[] Riff(string id, byte[] chunks)
    {
        byte[] file = [.. Encoding.ASCII.GetBytes(id), 0, 0, 0, 0, .. "WAVE"u8, .. chunks];
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), file.Length - 8);
        return file;
    }

    private static byte[] Hex(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    private static byte[] Samples(string raw, int frames, int channels)
    {
        if (raw[0] != 'f') return Sound.Make("music", frames, raw == "u8" ? 8 : int.Parse(raw.AsSpan(1, 2)), channels);
        byte[] integers = Sound.Make("noise", frames, 32, channels);
        int width = raw == "f32le" ? 4 : 8;
        var floats = new byte[integers.Length / 4 * width];
        for (int i = 0; i < integers.Length / 4; i++)
        {
            double value = BinaryPrimitives.ReadInt32LittleEndian(integers.AsSpan(i * 4)) / 2147483648.0 * 1.1; // a few beyond full scale
            if (width == 4) BinaryPrimitives.WriteSingleLittleEndian(floats.AsSpan(i * 4), (float)value);
            else BinaryPrimitives.WriteDoubleLittleEndian(floats.AsSpan(i * 8), value);
        }

        return floats;
    }
}
