using System.Runtime.InteropServices;
using Alac;

namespace AlacBench;

/// <summary>What a piece took.</summary>
/// <param name="Name">The piece.</param>
/// <param name="Encode">ns of processor time a frame.</param>
/// <param name="Decode">ns of processor time a frame.</param>
/// <param name="Size">Bytes of all packets for each byte of PCM.</param>
internal sealed record Result(string Name, double Encode, double Decode, double Size);

internal static class Measurement
{
    private const int BytesPerFrame = 4;

    public static Result Of(string file, AlacConfig config, AlacEffort effort, int encodes, int decodes)
    {
        byte[] pcm = File.ReadAllBytes(file);
        pcm = pcm[..(pcm.Length / BytesPerFrame * BytesPerFrame)];
        var packets = new List<byte[]>();
        double encode = Least(encodes, () => Encode(pcm, config, effort, packets));
        Compare(pcm, config, packets);
        var decoder = new AlacDecoder(config);
        byte[] buffer = new byte[config.MaxPcmSize];
        double decode = Least(decodes, () => packets.ForEach(packet => decoder.Decode(packet, buffer, out _)));
        double nanoseconds = 1e9 * BytesPerFrame / pcm.Length;
        return new Result(Path.GetFileNameWithoutExtension(file), encode * nanoseconds, decode * nanoseconds, (double)packets.Sum(p => (long)p.Length) / pcm.Length);
    }

    private static void Encode(byte[] pcm, AlacConfig config, AlacEffort effort, List<byte[]> packets)
    {
        packets.Clear();
        var encoder = new AlacEncoder(config, effort);
        byte[] packet = new byte[config.MaxPacketSize];
        for (int at = 0; at < pcm.Length; at += config.MaxPcmSize)
        {
            int length = encoder.Encode(pcm.AsSpan(at, Math.Min(config.MaxPcmSize, pcm.Length - at)), packet);
            packets.Add(packet[..length]);
        }
    }

    private static void Compare(byte[] pcm, AlacConfig config, List<byte[]> packets)
    {
        var decoder = new AlacDecoder(config);
        byte[] buffer = new byte[config.MaxPcmSize];
        int at = 0;
        foreach (byte[] packet in packets)
        {
            AlacStatus status = decoder.Decode(packet, buffer, out int frames);
            int length = frames * BytesPerFrame;
            if (status != AlacStatus.Ok || !pcm.AsSpan(at, length).SequenceEqual(buffer.AsSpan(0, length))) throw new InvalidDataException("What is decoded is not what was encoded.");
            at += length;
        }
    }

    /// <summary>Seconds of the shortest round.</summary>
    private static double Least(int rounds, Action action)
    {
        double least = double.PositiveInfinity;
        for (int i = 0; i < rounds; i++)
        {
            double start = ThreadSeconds();
            action();
            least = Math.Min(least, ThreadSeconds() - start);
        }

        return rounds == 0 ? double.NaN : least;
    }

    /// <summary>Seconds of processor time that this thread has had.</summary>
    private static double ThreadSeconds()
    {
        const int ThreadClock = 3; // CLOCK_THREAD_CPUTIME_ID
        if (!OperatingSystem.IsLinux() || GetTime(ThreadClock, out Time time) != 0) throw new PlatformNotSupportedException("Linux is needed.");
        return time.Seconds + time.Nanoseconds * 1e-9;
    }

    [DllImport("libc", EntryPoint = "clock_gettime"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetTime(int clock, out Time time);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Time
    {
        public readonly nint Seconds, Nanoseconds;
    }
}
