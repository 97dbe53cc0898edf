using Raop.Audio;
using Raop.Media;
using Raop.Media.Input;

namespace Raop.Apps.Tests.Media.Input;

/// <summary>The errors that a user meets first, and input without a header.</summary>
public class OpeningTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_missing_file_and_a_directory_are_not_found()
    {
        using var folder = new TestFolder();
        foreach (string path in (string[])[folder["missing.flac"], folder["no/such/folder/a.wav"], folder[""], "\0"])
        {
            RaopException e = await FailAsync(path);
            Assert.Equal(RaopError.FileNotFound, e.Error);
            Assert.NotEmpty(e.Remedy);
        }
    }

    [Theory]
    [InlineData("song.wav", "Dear diary,\ntoday was a good day.\n", "plain text")]
    [InlineData("song.flac", "<!DOCTYPE html>\n<p>404", "a web page")]
    [InlineData("song.mp3", "", "empty")]
    [InlineData("song.aiff", "%PDF-1.4\n", "a PDF document")]
    [InlineData("song", "Grüße", "plain text")]
    public async Task What_is_not_music_is_named(string name, string content, string looksLike)
    {
        using var folder = new TestFolder();
        RaopException e = await FailAsync(folder.Write(name, System.Text.Encoding.UTF8.GetBytes(content)));
        Assert.Equal(RaopError.UnsupportedFormat, e.Error);
        Assert.Contains(looksLike, e.Message, StringComparison.Ordinal);
        Assert.StartsWith(name, e.Message, StringComparison.Ordinal);
        Assert.NotEmpty(e.Remedy);
    }

    [Theory]
    [InlineData("RIFF....WAVEfmt ", Container.Wav)]
    [InlineData("FORM....AIFC", Container.Aiff)]
    [InlineData("fLaC....", Container.Flac)]
    [InlineData("....ftypM4A ", Container.Mp4)]
    [InlineData("....mdat....", Container.Mp4)]
    [InlineData("caff....", Container.Caf)]
    [InlineData("OggS....", Container.Foreign)]
    [InlineData("MThd....", Container.NotAudio)]
    [InlineData("hello", Container.Text)]
    [InlineData("h\u0001", Container.Unknown)]
    public void Recognises_content(string start, object expected) =>
        Assert.Equal((Container)expected, Signature.Of(System.Text.Encoding.Latin1.GetBytes(start), afterId3: false).Container);

    [Fact]
    public async Task Headerless_PCM_plays_when_its_format_is_stated()
    {
        using var folder = new TestFolder();
        byte[] pcm = Sound.Make("noise", 1000, 24, 1);
        string path = folder.Write("a.raw", pcm);
        var format = new PcmFormat(48_000, 24, 1);
        await using (IMediaSource source = await MediaSource.OpenAsync(path, new() { RawFormat = format }, Cancel))
        {
            Assert.Equal((format, 1000L, "raw PCM"), (source.Format, source.Length, source.FormatName));
            await source.SeekAsync(999, Cancel);
            Assert.Equal(pcm[^3..], await source.ReadAllAsync());
        }

        Assert.Equal(RaopError.UnsupportedFormat, (await FailAsync(path)).Error);
        await using IMediaSource pipe = await Reading.OpenPipeAsync(pcm, new() { RawFormat = format });
        Assert.Null(pipe.Length);
        Assert.Equal(pcm, await pipe.ReadAllAsync());
        await using IMediaSource unknown = await MediaSource.OpenAsync(folder.Write("x.dat", [0, 1, 2, 3, 4, 5, 6]), new() { RawFormat = format }, Cancel);
        Assert.Equal(2, unknown.Length);
    }

    [Fact]
    public void Options_refuse_formats_that_are_none()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new MediaSourceOptions { RawFormat = new(0, 16, 2) });
        Assert.Throws<ArgumentOutOfRangeException>(() => new MediaSourceOptions { RawFormat = new(44_100, 20, 2) });
        Assert.Throws<ArgumentOutOfRangeException>(() => new MediaSourceOptions { RawFormat = new(44_100, 16, 3) });
        Assert.Throws<ArgumentOutOfRangeException>(() => new MediaSourceOptions { NetworkTimeout = TimeSpan.Zero });
    }

    [Fact]
    public async Task A_buffer_smaller_than_a_frame_is_the_callers_mistake()
    {
        await using IMediaSource source = await Reading.OpenMemoryAsync(WavTests.Wav(WavTests.Format(1, 2, 44_100, 16), new byte[8], 8));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await source.ReadAsync(new byte[3], Cancel));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await source.SeekAsync(-1, Cancel));
    }

    private static async Task<RaopException> FailAsync(string path) =>
        await Assert.ThrowsAsync<RaopException>(async () => await MediaSource.OpenAsync(path, null, Cancel));
}
