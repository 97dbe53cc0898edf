using System.Buffers.Binary;
using System.Text;
using Raop.Audio;
using Raop.Media;
using Raop.Media.Input.Ffmpeg;

namespace Raop.Apps.Tests.Media.Input;

public class FfmpegTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("a.mp3", "libmp3lame", "MP3", 24, true)]
    [InlineData("a.ogg", "libvorbis", "Ogg Vorbis", 24, true)]
    [InlineData("a.m4a", "aac", "AAC", 24, true)]
    [InlineData("a.opus", "libopus", "Opus", 24, true)]
    [InlineData("a.wv", "wavpack", "WavPack", 16, true)]
    [InlineData("a.au", "pcm_s16be", "PCM", 16, true)]
    [InlineData("a.mka", "flac", "FLAC", 16, true)]
    [InlineData("mulaw.wav", "pcm_mulaw", "PCM", 16, true)]
    public async Task Plays_what_we_cannot_read_ourselves_gapless_with_tags(string file, string codec, string name, int bits, bool hasTags)
    {
        Tools.Need("ffmpeg", "ffprobe");
        using var folder = new TestFolder();
        int rate = codec == "libopus" ? 48_000 : 44_100;
        await Tools.FfmpegEncodeAsync(folder, Sound.Make("music", rate * 2, 16, 2), "s16le", rate, 2, folder[file], "-c:a", codec, "-metadata", "title=Lied", "-metadata", "artist=Wer");
        await using IMediaSource source = await MediaSource.OpenAsync(folder[file], null, Cancel);
        Assert.Equal((new PcmFormat(rate, bits, 2), name), (source.Format, source.FormatName));
        Assert.Equal(hasTags && file is not ("a.au" or "mulaw.wav") ? "Lied" : source.Title, source.Title);
        Assert.Equal(rate * 2, source.Length!.Value, rate / 50.0); // padding at the end of MP3 counts
        byte[] all = await source.ReadAllAsync();
        Assert.InRange(all.Length / source.Format.BytesPerFrame, (rate * 2) - 100, (rate * 2) + 100);

        await source.SeekAsync(rate, Cancel);
        byte[] second = await source.ReadAllAsync();
        Assert.InRange(second.Length / source.Format.BytesPerFrame, rate - 100, rate + 100);
        if (bits == 16) Assert.Equal(all[^second.Length..], second);
        await source.SeekAsync(rate * 2, Cancel);
        await source.SeekAsync(0, Cancel);
        Assert.Equal(all.Length, (await source.ReadAllAsync()).Length);
    }

    [Fact]
    public async Task Lossless_formats_come_bit_for_bit_and_seek_to_the_frame()
    {
        Tools.Need("ffmpeg", "ffprobe");
        using var folder = new TestFolder();
        byte[] pcm = Sound.Make("noise", 100_000, 16, 1);
        await Tools.FfmpegEncodeAsync(folder, pcm, "s16le", 44_100, 1, folder["a.wv"]);
        await using IMediaSource source = await MediaSource.OpenAsync(folder["a.wv"], null, Cancel);
        Assert.Equal(new PcmFormat(44_100, 16, 1), source.Format);
        Assert.Equal(pcm, await source.ReadAllAsync());
        foreach (int frame in (int[])[1, 12_345, 44_100, 77_777, 99_999])
        {
            await source.SeekAsync(frame, Cancel);
            Assert.Equal(pcm[(frame * 2)..], await source.ReadAllAsync());
        }
    }

    [Theory]
    [InlineData("a.wav", "pcm_s16le")]
    [InlineData("a.flac", "flac")]
    [InlineData("a.ogg", "libvorbis")]
    public async Task More_than_two_channels_become_two(string file, string codec)
    {
        Tools.Need("ffmpeg", "ffprobe");
        using var folder = new TestFolder();
        await Tools.FfmpegEncodeAsync(folder, Sound.Make("music", 9000 * 3, 16, 2), "s16le", 44_100, 6, folder[file], "-c:a", codec);
        await using IMediaSource source = await MediaSource.OpenAsync(folder[file], null, Cancel);
        Assert.Equal(6, source.OriginalChannels);
        Assert.Equal(2, source.Format.Channels);
        Assert.Equal(9000, (await source.ReadAllAsync()).Length / source.Format.BytesPerFrame, file == "a.ogg" ? 1000.0 : 0); // ffmpeg 5.1 trims one page of Vorbis not to the frame
    }

    [Fact]
    public async Task A_pipe_goes_through_ffmpeg_too()
    {
        Tools.Need("ffmpeg");
        using var folder = new TestFolder();
        await Tools.FfmpegEncodeAsync(folder, Sound.Make("music", 44_100, 16, 1), "s16le", 32_000, 1, folder["a.mp3"]);
        await using IMediaSource source = await Reading.OpenPipeAsync(File.ReadAllBytes(folder["a.mp3"]));
        Assert.Equal((new PcmFormat(32_000, 24, 1), "MP3", false), (source.Format, source.FormatName, source.CanSeek));
        Assert.InRange((await source.ReadAllAsync()).Length / 3, 44_100, 44_100 + 2304);
    }

    [Theory]
    [InlineData("a.m4a", "aac", "MP4")]
    [InlineData("a.m4a", "alac", "MP4")]
    [InlineData("a.caf", "alac", "CAF")]
    public async Task What_must_be_seeked_in_is_refused_from_a_pipe(string file, string codec, string name)
    {
        Tools.Need("ffmpeg");
        using var folder = new TestFolder();
        await Tools.FfmpegEncodeAsync(folder, Sound.Make("noise", 441_000, 16, 2), "s16le", 44_100, 2, folder[file], "-c:a", codec);
        RaopException e = await Assert.ThrowsAsync<RaopException>(async () => await Reading.OpenPipeAsync(File.ReadAllBytes(folder[file])));
        Assert.Equal(RaopError.UnsupportedFormat, e.Error);
        Assert.Contains($"as a stream ({name}): ffmpeg says", e.Message, StringComparison.Ordinal);
        Assert.Contains("file first", e.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Content_decides_not_the_name()
    {
        Tools.Need("ffmpeg", "ffprobe");
        using var folder = new TestFolder();
        await Tools.FfmpegEncodeAsync(folder, Sound.Make("music", 4410, 16, 1), "s16le", 44_100, 1, folder["a.mp3"]);
        File.Move(folder["a.mp3"], folder["-i.wav"]);
        await using IMediaSource source = await MediaSource.OpenAsync(folder["-i.wav"], null, Cancel);
        Assert.Equal("MP3", source.FormatName);
    }

    [Fact]
    public async Task Without_ffmpeg_the_error_names_the_format_and_how_to_install_it()
    {
        using var folder = new TestFolder();
        foreach ((string file, byte[] content, string format) in ((string, byte[], string)[])[
            ("a.mp3", [0xFF, 0xFB, 0x90, 0x64, .. new byte[400]], "MP3"), ("b.ogg", [.. "OggS"u8, .. new byte[24], .. "\u0001vorbis"u8], "Ogg Vorbis")])
        {
            RaopException e = await Assert.ThrowsAsync<RaopException>(async () =>
                await MediaSource.OpenAsync(folder.Write(file, content), new() { FfmpegPath = folder["ffmpeg"] }, Cancel));
            Assert.Equal(RaopError.UnsupportedFormat, e.Error);
            Assert.Contains($"{file} is {format}", e.Message, StringComparison.Ordinal);
            Assert.Contains("apt install ffmpeg", e.Remedy, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_ffmpeg_cannot_read_is_one_clear_error()
    {
        Tools.Need("ffmpeg", "ffprobe");
        using var folder = new TestFolder();
        byte[] noise = new byte[5000];
        new Random(1).NextBytes(noise);
        string path = folder.Write("a.ogg", [.. "OggS"u8, .. noise]);
        RaopException e = await Assert.ThrowsAsync<RaopException>(async () => await MediaSource.OpenAsync(path, null, Cancel));
        Assert.Equal(RaopError.UnsupportedFormat, e.Error);
        Assert.DoesNotContain(folder[""], e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tags_longer_than_anybody_reads_do_not_keep_from_the_music()
    {
        Tools.Need("ffmpeg", "ffprobe");
        using var folder = new TestFolder();
        await Tools.FfmpegEncodeAsync(folder, Sound.Make("music", 4410, 16, 1), "s16le", 44_100, 1, folder["a.mp3"], "-id3v2_version", "0");
        byte[] song = "TIT2\0\0\0\u0005\0\0\u0003Song"u8.ToArray(), words = Encoding.ASCII.GetBytes("TXXX....\0\0\u0003words\0" + new string('x', 2_000_000));
        BinaryPrimitives.WriteInt32BigEndian(words.AsSpan(4), words.Length - 10);
        int size = song.Length + words.Length;
        byte[] head = [.. "ID3\u0003\0\0"u8, (byte)(size >> 21), (byte)((size >> 14) & 0x7F), (byte)((size >> 7) & 0x7F), (byte)(size & 0x7F)];
        string path = folder.Write("b.mp3", [.. head, .. song, .. words, .. File.ReadAllBytes(folder["a.mp3"])]);
        await using IMediaSource source = await MediaSource.OpenAsync(path, null, Cancel);
        Assert.Equal(("MP3", "Song"), (source.FormatName, source.Title));
        Assert.NotEmpty(await source.ReadAllAsync());
    }

    [Fact]
    public async Task Disposing_in_the_middle_ends_the_child()
    {
        Tools.Need("ffmpeg");
        ChildProcess child = ChildProcess.Start("ffmpeg", ["-nostdin", "-v", "error", "-f", "lavfi", "-i", "anoisesrc", "-f", "s16le", "pipe:1"]);
        Assert.NotEqual(0, await child.Output.ReadAsync(new byte[100], Cancel));
        await child.DisposeAsync();
        Assert.ThrowsAny<InvalidOperationException>(() => child.Output.ReadByte());
    }
}
