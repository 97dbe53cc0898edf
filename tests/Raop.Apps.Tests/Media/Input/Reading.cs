using Raop.Audio;
using Raop.Media;
using Raop.Media.Input;

namespace Raop.Apps.Tests.Media.Input;

/// <summary>Reading whole inputs, from a file and as a pipe would bring them.</summary>
internal static class Reading
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>All frames, read in pieces of an odd size. The count of frames is checked against the length.</summary>
    public static async Task<byte[]> ReadAllAsync(this IPcmSource source, int size = 10_007)
    {
        var all = new MemoryStream();
        var buffer = new byte[Math.Max(size, source.Format.BytesPerFrame)];
        while (await source.ReadAsync(buffer, Cancel) is var read and > 0)
        {
            Assert.Equal(0, read % source.Format.BytesPerFrame);
            all.Write(buffer, 0, read);
        }

        return all.ToArray();
    }

    public static async Task<byte[]> ReadFileAsync(string path, MediaSourceOptions? options = null)
    {
        await using IMediaSource source = await MediaSource.OpenAsync(path, options, Cancel);
        byte[] all = await source.ReadAllAsync();
        if (source.Length is { } length) Assert.Equal(length, all.Length / source.Format.BytesPerFrame);
        return all;
    }

    public static ValueTask<IMediaSource> OpenPipeAsync(byte[] content, MediaSourceOptions? options = null, int piece = 1000) =>
        InputOpener.OpenStreamAsync(new Pipe(content, piece), "standard input", options ?? new MediaSourceOptions(), Cancel);

    public static ValueTask<IMediaSource> OpenMemoryAsync(byte[] content) =>
        InputOpener.OpenStreamAsync(new MemoryStream(content, writable: false), "memory", new MediaSourceOptions { FfmpegPath = "/nonexistent/ffmpeg" }, Cancel);

    /// <summary>Opens and reads to the end or to the error. Any exception but a <see cref="RaopException"/> fails the test.</summary>
    public static async Task<(byte[] Pcm, RaopException? Error)> TryReadAsync(byte[] content)
    {
        var all = new MemoryStream();
        try
        {
            await using IMediaSource source = await OpenMemoryAsync(content);
            var buffer = new byte[64 * 1024];
            while (await source.ReadAsync(buffer, Cancel) is var read and > 0)
            {
                all.Write(buffer, 0, read);
                Assert.True(all.Length < 1L << 30, "more sound than these bytes can hold");
            }

            return (all.ToArray(), null);
        }
        catch (RaopException e)
        {
            return (all.ToArray(), e);
        }
    }

    /// <summary>A stream that cannot seek and gives little at once.</summary>
    private sealed class Pipe(byte[] content, int piece) : Stream
    {
        private int _at;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            count = Math.Min(Math.Min(count, piece), content.Length - _at);
            content.AsSpan(_at, count).CopyTo(buffer.AsSpan(offset));
            _at += count;
            return count;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
