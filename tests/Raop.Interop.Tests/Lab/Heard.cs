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

    /// <summary>The samples of a plain WAV file that our tool or ffmpeg has written.</summary>
    public static byte[] Samples(byte[] wav)
    {
        int data = wav.AsSpan().IndexOf("data"u8);
        Assert.True(wav.AsSpan().StartsWith("RIFF"u8) && data > 0, "Not a WAV file.");
        int length = (int)Math.Min(BitConverter.ToUInt32(wav, data + 4), (uint)(wav.Length - data - 8));
        return wav[(data + 8)..(data + 8 + length)];
    }
}
