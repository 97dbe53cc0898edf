namespace Raop.Interop.Tests.Lab;

/// <summary>What a receiver has written to a file.</summary>
internal static class Heard
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20), Look = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Compares a file that a receiver is still writing: looks again until the last frame of the source is in it, or until
    /// nothing has come for a long while.
    /// </summary>
    public static async Task<PcmComparison> InFileAsync(string path, byte[] source)
    {
        DateTime last = DateTime.UtcNow;
        long size = -1;
        while (true)
        {
            byte[] pcm = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
            if (pcm.Length != size)
            {
                (size, last) = (pcm.Length, DateTime.UtcNow);
                PcmComparison heard = PcmComparison.Compare(source, pcm.AsSpan(0, pcm.Length / Mix.FrameBytes * Mix.FrameBytes));
                if (heard.Runs.Count > 0 && heard.LostAtEnd == 0) return heard;
            }
            else if (DateTime.UtcNow - last > Patience)
            {
                return PcmComparison.Compare(source, pcm.AsSpan(0, pcm.Length / Mix.FrameBytes * Mix.FrameBytes));
            }

            await Task.Delay(Look, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Waits until a receiver has begun to write.</summary>
    public static async Task SomethingInAsync(string path)
    {
        while (new FileInfo(path).Length == 0) await Task.Delay(Look, TestContext.Current.CancellationToken);
    }
}
