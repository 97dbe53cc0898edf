using Alac;
using Raop.Audio;
using Raop.Media;

namespace Raop.Apps.Tests.Media.Input;

public class AlacFileTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("a.m4a", 16, 2)]
    [InlineData("a.m4a", 16, 1)]
    [InlineData("a.caf", 16, 2)]
    [InlineData("a.m4a", 24, 2)]
    [InlineData("a.caf", 24, 1)]
    public async Task Reads_ffmpegs_ALAC_and_seeks(string file, int bits, int channels)
    {
        Tools.Need("ffmpeg");
        using var folder = new TestFolder();
        byte[] pcm = await EncodeAsync(folder, file, 20_001, bits, channels);
        await using IMediaSource source = await MediaSource.OpenAsync(folder[file], new() { FfmpegPath = "/nonexistent" }, Cancel);
        Assert.Equal((new PcmFormat(44_100, bits, channels), 20_001L, "ALAC", "Lied"), (source.Format, source.Length, source.FormatName, source.Title));
        Assert.Equal(pcm, await source.ReadAllAsync());
        foreach (int frame in (int[])[0, 1, 4095, 4096, 4097, 20_000, 20_001, 30_000, 8192])
        {
            await source.SeekAsync(frame, Cancel);
            Assert.Equal(pcm[(Math.Min(frame, 20_001) * bits / 8 * channels)..], await source.ReadAllAsync(777));
        }
    }

    [Fact]
    public async Task Gives_whole_packets_only_where_a_packet_begins()
    {
        Tools.Need("ffmpeg");
        using var folder = new TestFolder();
        byte[] pcm = await EncodeAsync(folder, "a.m4a", 10_000, 16, 2);
        await using IMediaSource opened = await MediaSource.OpenAsync(folder["a.m4a"], null, Cancel);
        var source = Assert.IsAssignableFrom<IAlacPacketSource>(opened);
        var decoder = new AlacDecoder(source.Config);
        byte[] packet = new byte[source.Config.MaxPacketSize], decoded = new byte[source.Config.MaxPcmSize], buffer = new byte[400];

        (int bytes, int frames) = await source.ReadPacketAsync(packet, Cancel);
        Assert.Equal(4096, frames);
        Assert.Equal(AlacStatus.Ok, decoder.Decode(packet.AsSpan(0, bytes), decoded, out _));
        Assert.Equal(pcm[..(4096 * 4)], decoded[..(4096 * 4)]);

        Assert.Equal(400, await source.ReadAsync(buffer, Cancel)); // frames move both on
        Assert.Equal(pcm[(4096 * 4)..((4096 * 4) + 400)], buffer);
        Assert.Equal((0, 0), await source.ReadPacketAsync(packet, Cancel));

        await source.SeekAsync(8192, Cancel);
        (bytes, frames) = await source.ReadPacketAsync(packet, Cancel);
        Assert.Equal(10_000 - 8192, frames);
        Assert.Equal(AlacStatus.Ok, decoder.Decode(packet.AsSpan(0, bytes), decoded, out _));
        Assert.Equal(pcm[(8192 * 4)..], decoded[..(frames * 4)]);
        Assert.Equal((0, 0), await source.ReadPacketAsync(packet, Cancel));
        Assert.Equal(0, await source.ReadAsync(buffer, Cancel));

        await source.SeekAsync(5000, Cancel);
        Assert.Equal((0, 0), await source.ReadPacketAsync(packet, Cancel));
        Assert.Equal(pcm[(5000 * 4)..], await source.ReadAllAsync());
    }

    [Fact]
    public async Task Truncations_and_mutations_give_one_clear_error()
    {
        Tools.Need("ffmpeg");
        using var folder = new TestFolder();
        await EncodeAsync(folder, "a.m4a", 2000, 16, 2);
        byte[] file = File.ReadAllBytes(folder["a.m4a"]);
        for (int length = 0; length < file.Length; length += 7)
        {
            (_, RaopException? error) = await Reading.TryReadAsync(file[..length]);
            Assert.True(error is { Error: RaopError.CorruptFile or RaopError.UnsupportedFormat }, $"{length} bytes: {error}");
        }

        int seed = Random.Shared.Next();
        var random = new Random(seed);
        for (int i = 0; i < 500; i++)
        {
            (_, RaopException? error) = await Reading.TryReadAsync(Mutation.Of(file, random));
            Assert.True(error is null or { Error: RaopError.CorruptFile or RaopError.UnsupportedFormat }, $"seed {seed}, round {i}: {error}");
        }
    }

    private static async Task<byte[]> EncodeAsync(TestFolder folder, string file, int frames, int bits, int channels)
    {
        byte[] pcm = Sound.Make("music", frames, bits, channels);
        string[] depth = bits == 24 ? ["-sample_fmt", "s32p"] : [];
        await Tools.FfmpegEncodeAsync(folder, pcm, $"s{bits}le", 44_100, channels, folder[file], ["-c:a", "alac", .. depth, "-metadata", "title=Lied"]);
        return pcm;
    }
}
