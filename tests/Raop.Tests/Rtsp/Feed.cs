using System.IO.Pipelines;
using Raop.Rtsp;

namespace Raop.Tests.Rtsp;

/// <summary>Gives bytes to a reader in chosen pieces, each taken before the next comes, and then the end.</summary>
internal static class Feed
{
    public static Task<List<RtspRequest>> RequestsAsync(byte[] bytes, params int[] sizes) => ReadAllAsync(bytes, sizes, static (r, c) => r.ReadRequestAsync(c));

    public static Task<List<RtspResponse>> ResponsesAsync(byte[] bytes, params int[] sizes) => ReadAllAsync(bytes, sizes, static (r, c) => r.ReadResponseAsync(c));

    /// <summary>What a reader throws at a stream, and the status that it suggests.</summary>
    public static async Task<(RaopError Error, int Status)> FailureAsync(byte[] bytes, int maxHead = 16 * 1024, int maxBody = 1024 * 1024, bool answers = false)
    {
        Pipe pipe = NewPipe();
        var reader = new RtspReader(pipe.Reader, maxHead, maxBody);
        Task writing = WriteAsync(pipe.Writer, bytes, []);
        RaopException e = await Assert.ThrowsAsync<RaopException>(async () =>
        {
            while (answers ? await reader.ReadResponseAsync(TestContext.Current.CancellationToken) is not null : await reader.ReadRequestAsync(TestContext.Current.CancellationToken) is not null)
            {
            }
        });
        await pipe.Reader.CompleteAsync();
        await writing;
        return (e.Error, reader.SuggestedStatus);
    }

    public static Pipe NewPipe() => new(new PipeOptions(
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false));

    private static async Task<List<T>> ReadAllAsync<T>(byte[] bytes, int[] sizes, Func<RtspReader, CancellationToken, ValueTask<T?>> read)
        where T : class
    {
        Pipe pipe = NewPipe();
        Task<List<T>> reading = LoopAsync();
        await WriteAsync(pipe.Writer, bytes, sizes);
        return await reading;

        async Task<List<T>> LoopAsync()
        {
            var reader = new RtspReader(pipe.Reader);
            var messages = new List<T>();
            try
            {
                while (await read(reader, TestContext.Current.CancellationToken) is T message) messages.Add(message);
            }
            finally
            {
                await pipe.Reader.CompleteAsync();
            }

            return messages;
        }
    }

    private static async Task WriteAsync(PipeWriter writer, byte[] bytes, int[] sizes)
    {
        int at = 0;
        foreach (int size in sizes.Append(bytes.Length))
        {
            int part = Math.Min(size, bytes.Length - at);
            await writer.WriteAsync(bytes.AsMemory(at, part), TestContext.Current.CancellationToken);
            at += part;
        }

        await writer.CompleteAsync();
    }
}
