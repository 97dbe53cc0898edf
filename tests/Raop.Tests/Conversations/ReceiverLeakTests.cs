using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Raop.Audio;
using Raop.Metadata;
using Raop.Network;
using Raop.Rtsp;
using Raop.Tests.Fakes;
using Raop.Tests.Metadata;

namespace Raop.Tests.Conversations;

/// <summary>Nothing runs beside these tests: they count what the whole process holds.</summary>
[CollectionDefinition(nameof(AloneInTheProcess), DisableParallelization = true)]
public sealed class AloneInTheProcess;

/// <summary>
/// One receiver, real sockets, senders that come, tell what they play, and go or vanish: what it holds does not grow. RAOP_LEAK_CYCLES=10000
/// for as many as one likes.
/// </summary>
[Collection(nameof(AloneInTheProcess))]
public sealed class ReceiverLeakTests(ITestOutputHelper output)
{
    private const int UsualCycles = 400, UpdatesPerCycle = 10;
    private const double Most = 1.01; // handles and memory afterwards, of those before

    // What the runtime itself takes and gives back meanwhile. A leak of one handle or 1 kB a cycle is far more.
    private const int FewHandles = 4, FewBytes = 300_000;

    private const string Sdp = "v=0\r\no=iTunes 1 0 IN IP4 127.0.0.1\r\ns=iTunes\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 0 RTP/AVP 96\r\n"
        + "a=rtpmap:96 AppleLossless\r\na=fmtp:96 352 0 16 40 10 14 2 255 0 0 44100\r\n";

    private static readonly byte[] Covers = [.. MetadataVectors.Jpeg(20_000, seed: 1), .. MetadataVectors.Png(20_000, seed: 2)];

    private readonly SemaphoreSlim _over = new(0);
    private long _tracks, _artworks, _progresses, _ended;

    private static int Cycles => int.TryParse(
        Environment.GetEnvironmentVariable("RAOP_LEAK_CYCLES"), NumberStyles.None, CultureInfo.InvariantCulture, out int cycles) ? cycles : UsualCycles;

    [Fact]
    public async Task Senders_that_come_and_go_leave_nothing_behind()
    {
        await using var sink = new SilentSink();
        var options = new RaopReceiverOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0), Advertise = false };
        await using RaopReceiver receiver = RaopReceiver.Start(sink, options, Count);
        int warmUp = Math.Max(200, Cycles / 20);
        await RunAsync(receiver.EndPoint, 0, warmUp);
        (int handles, long bytes) = await HeldAsync();
        var watch = Stopwatch.StartNew();
        await RunAsync(receiver.EndPoint, warmUp, Cycles);
        TimeSpan took = watch.Elapsed;
        (int handlesAfter, long bytesAfter) = await HeldAsync((handles, bytes));
        long updates = _tracks + _artworks + _progresses;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{warmUp} + {Cycles} cycles in {took:c}, {updates} updates; handles {handles} → {handlesAfter}, managed bytes {bytes} → {bytesAfter} ({100.0 * (bytesAfter - bytes) / bytes:+0.00;-0.00} %)"));
        Assert.Equal((warmUp + Cycles) * (long)UpdatesPerCycle, updates);
        Assert.Equal(warmUp + Cycles, _ended);
        Assert.True(handlesAfter <= MostHandles(handles), $"{handles} handles have become {handlesAfter}.");
        Assert.True(bytesAfter <= MostBytes(bytes), $"{bytes} managed bytes have become {bytesAfter}.");
    }

    private void Count(RaopReceiverEvent e)
    {
        switch (e)
        {
            case RaopTrackChanged: _tracks++; break;
            case RaopArtworkChanged: _artworks++; break;
            case RaopProgressChanged: _progresses++; break;
            case RaopSessionEnded:
                _ended++;
                _over.Release();
                break;
        }
    }

    private async Task RunAsync(IPEndPoint receiver, int first, int count)
    {
        var network = new SocketNetwork(TimeProvider.System);
        for (int i = first; i < first + count; i++)
        {
            WireClient client = await WireClient.ConnectAsync(network, receiver);
            await using (client.ConfigureAwait(false)) await CycleAsync(client, i);
            await _over.WaitAsync(TestContext.Current.CancellationToken); // the player is free only then
        }
    }

    /// <summary>Every second sender vanishes without TEARDOWN, every third plays over UDP.</summary>
    private static async Task CycleAsync(WireClient client, int number)
    {
        string transport = number % 3 == 0 ? "RTP/AVP/UDP;unicast;mode=record;control_port=1;timing_port=1" : "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record";
        await ExpectAsync(client, "ANNOUNCE rtsp://x/1 RTSP/1.0\r\nContent-Type: application/sdp\r\nDACP-ID: 1\r\nActive-Remote: 2", Encoding.ASCII.GetBytes(Sdp));
        await ExpectAsync(client, $"SETUP rtsp://x/1 RTSP/1.0\r\nTransport: {transport}", []);
        await ExpectAsync(client, "RECORD rtsp://x/1 RTSP/1.0\r\nRTP-Info: seq=1;rtptime=1", []);
        for (int update = 0; update < UpdatesPerCycle; update++)
        {
            (string type, byte[] body) = (update % 3) switch
            {
                0 => (Dmap.MediaType, Dmap.Write(new TrackInfo { Title = $"Title {number}", Artist = $"Artist {update}" })),
                1 => ("image/jpeg", Covers[(update % 2 * 20_000)..((update % 2 * 20_000) + 20_000)]),
                _ => ("text/parameters", Encoding.ASCII.GetBytes($"progress: {number}/{number + update}/{number + 441_000}\r\n")),
            };
            await ExpectAsync(client, $"SET_PARAMETER rtsp://x/1 RTSP/1.0\r\nRTP-Info: rtptime={number}\r\nContent-Type: {type}", body);
        }

        if (number % 2 == 0) await ExpectAsync(client, "TEARDOWN rtsp://x/1 RTSP/1.0", []);
    }

    private static async Task ExpectAsync(WireClient client, string lines, byte[] body)
    {
        await client.SendAsync((byte[])[.. Encoding.ASCII.GetBytes($"{lines}\r\nContent-Length: {body.Length}\r\n\r\n"), .. body]);
        RtspResponse response = await client.ReadAsync() ?? throw new InvalidOperationException("The receiver closed.");
        Assert.Equal(200, response.StatusCode);
    }

    /// <summary>What the process holds once the last tasks of the last session are through: the least of some looks.</summary>
    private static double MostHandles(int before) => (before * Most) + FewHandles;

    private static double MostBytes(long before) => Math.Max(before * Most, before + FewBytes);

    /// <summary>What is held when nothing is under way any more. Threads that end and finalizers take their time: there are some looks at it.</summary>
    private static async Task<(int Handles, long Bytes)> HeldAsync((int Handles, long Bytes)? before = null)
    {
        (int handles, long bytes) least = (int.MaxValue, long.MaxValue);
        for (int look = 0; look < 400; look++)
        {
            if (look >= 8 && (before is not { } was || (least.handles <= MostHandles(was.Handles) && least.bytes <= MostBytes(was.Bytes)))) break;
            await Task.Delay(25, TestContext.Current.CancellationToken);
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            int handles = OperatingSystem.IsLinux() ? Directory.GetFileSystemEntries("/proc/self/fd").Length : Process.GetCurrentProcess().HandleCount;
            least = (Math.Min(least.handles, handles), Math.Min(least.bytes, GC.GetTotalMemory(forceFullCollection: true)));
        }

        return least;
    }

    /// <summary>Hears nothing, takes no time.</summary>
    private sealed class SilentSink : IPcmSink
    {
        public bool IsRealTime => false;

        public TimeSpan Delay => TimeSpan.Zero;

        public ValueTask StartAsync(PcmFormat format, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public ValueTask WriteAsync(ReadOnlyMemory<byte> frames, FrameTime time, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public void Flush()
        {
        }

        public ValueTask DrainAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
