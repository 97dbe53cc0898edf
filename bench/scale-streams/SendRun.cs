using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using HostedFeeder;
using Raop;

namespace ScaleBench;

/// <summary>Plays to many in one process and says what it took; then what the kernel takes for the same datagrams alone.</summary>
internal static partial class SendRun
{
    private const int WarmUpSeconds = 5; // what happens at a start; every method is compiled for good at its first call
    private const double PacketsPerSecond = 44_100 / 352.0;

    public static async Task RunAsync(bool isGroup, int count, int port, int seconds, byte[] pcm)
    {
        using var stop = new CancellationTokenSource();
        RaopSpeaker[] speakers = [.. Enumerable.Range(0, count).Select(i => RaopSpeaker.At(new IPEndPoint(Address(i), port)))];
        List<IAsyncDisposable> open = [];
        List<Task> playing = [];
        Func<long> sentBytes;
        if (isGroup)
        {
            var group = new RaopGroup(new RaopGroupOptions { RemoteControl = false, ConnectTimeout = TimeSpan.FromSeconds(30), ReplyTimeout = TimeSpan.FromSeconds(30) });
            open.Add(group);
            foreach (RaopSpeaker[] some in speakers.Chunk(16))
                await Task.WhenAll(some.Select(s => group.AddAsync(s, new RaopMemberOptions { Encryption = RaopEncryption.Rsa, Transport = RaopTransport.Udp })));
            playing.Add(group.PlayAsync(new Loop(pcm, 0), cancellationToken: stop.Token));
            sentBytes = () => group.Members.Sum(m => m.Status.BytesSent);
        }
        else
        {
            var senders = new List<RaopSender>();
            foreach (RaopSpeaker speaker in speakers)
            {
                senders.Add(await RaopSender.ConnectAsync(
                    speaker, new RaopSenderOptions { Encryption = RaopEncryption.Rsa, Transport = RaopTransport.Udp, RemoteControl = false }));
            }

            open.AddRange(senders);
            playing.AddRange(senders.Select((s, i) => s.PlayAsync(new Loop(pcm, (i + 1) * 441_000L * 4), stop.Token)));
            sentBytes = () => senders.Sum(s => s.Status.BytesSent);
        }

        // On a thread of its own, which sleeps: a pool that gives one of its threads away starts another, and that would be counted.
        (double ours, long garbage, int size) = await Task.Factory.StartNew(
            () => Measure(sentBytes, count, seconds), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Task? failed = playing.Find(p => p.IsFaulted);
        stop.Cancel();
        foreach (IAsyncDisposable one in open) await one.DisposeAsync();
        if (failed is not null) await failed;
        double kernel = Kernel(speakers, size, seconds: 5);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{ours:0.0} {kernel:0.0} {size} {garbage / (PacketsPerSecond * count):0.000}"));
    }

    /// <summary>ms of processor time a second, bytes allocated in the middle one of the seconds, and bytes in a datagram, once it has warmed up.</summary>
    /// <remarks>Of the seconds the middle one, for a pool that starts a thread, once in many seconds, allocates 1 kB.</remarks>
    private static (double Ours, long Garbage, int Size) Measure(Func<long> sentBytes, int count, int seconds)
    {
        long[] garbage = new long[seconds];
        Thread.Sleep(TimeSpan.FromSeconds(WarmUpSeconds));
        long bytes = sentBytes();
        double before = Cpu();
        for (int i = 0; i < seconds; i++)
        {
            long allocated = GC.GetTotalAllocatedBytes(precise: true);
            Thread.Sleep(TimeSpan.FromSeconds(1));
            garbage[i] = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        }

        double ours = (Cpu() - before) / seconds;
        int size = (int)((sentBytes() - bytes) / (count * seconds * PacketsPerSecond));
        Array.Sort(garbage);
        return (ours, garbage[seconds / 2], size);
    }

    /// <summary>A loopback address for each receiver.</summary>
    private static IPAddress Address(int index) => new([127, 0, (byte)(1 + (index / 200)), (byte)(1 + (index % 200))]);

    /// <summary>ms of processor time of this process.</summary>
    private static double Cpu() => Environment.CpuUsage.TotalTime.TotalMilliseconds;

    /// <summary>ms a second that sendto alone takes for datagrams of this size, three to each receiver at a time, at the pace of music.</summary>
    private static unsafe double Kernel(RaopSpeaker[] speakers, int size, int seconds)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        byte[][] to = [.. speakers.Select(s => s.EndPoints[0].Serialize().Buffer[..16].ToArray())];
        byte[] packet = new byte[size];
        int descriptor = (int)socket.Handle;
        int rounds = (int)(seconds * PacketsPerSecond / 3);
        double before = ThreadCpu();
        for (int i = 0; i < rounds; i++)
        {
            for (int n = 0; n < 3; n++)
            {
                foreach (byte[] address in to)
                {
                    fixed (byte* data = packet, name = address) _ = SendTo(descriptor, data, (nuint)size, 0, name, 16);
                }
            }

            Thread.Sleep(24);
        }

        return (ThreadCpu() - before) / seconds;
    }

    /// <summary>ms of processor time of this thread: the process still compiles and collects what has ended.</summary>
    private static unsafe double ThreadCpu()
    {
        const int threadClock = 3; // CLOCK_THREAD_CPUTIME_ID of Linux
        long* time = stackalloc long[2];
        _ = GetTime(threadClock, time);
        return (time[0] * 1e3) + (time[1] / 1e6);
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = false)]
    private static unsafe partial int GetTime(int clock, long* time);

    [LibraryImport("libc", EntryPoint = "sendto", SetLastError = false)]
    private static unsafe partial nint SendTo(int descriptor, byte* data, nuint length, int flags, byte* to, uint toLength);
}
