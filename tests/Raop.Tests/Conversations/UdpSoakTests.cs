using System.Diagnostics;
using System.Globalization;

namespace Raop.Tests.Conversations;

/// <summary>
/// Long sessions: half an hour around the wraps of RTP time and sequence number each time, and RAOP_SOAK_HOURS=1000 for as long as one likes.
/// </summary>
public sealed class UdpSoakTests(ITestOutputHelper output)
{
    private const double UsualHours = 0.5;

    private static double Hours => double.TryParse(
        Environment.GetEnvironmentVariable("RAOP_SOAK_HOURS"), NumberStyles.Float, CultureInfo.InvariantCulture, out double hours) ? hours : UsualHours;

    [Theory]
    [InlineData(1, 40, 0)]
    [InlineData(2, -60, 0.01)]
    public void A_long_session_drops_nothing_and_stays_in_time(int seed, double ppm, double loss)
    {
        // RTP time wraps after ten minutes, the sequence number after one and then each 8.7.
        using var soak = new UdpSoak(seed, unchecked((uint)-(44_100 * 600)), unchecked((ushort)-7500)) { Ppm = ppm, Loss = loss };
        soak.Run(0.1);
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        double left = Hours - 0.1;
        for (int done = 0; left > 0; left -= 10, done += 10)
        {
            soak.Run(Math.Min(left, 10));
            if (done % 100 == 90) output.WriteLine($"{done + 10} h: worst {soak.WorstError:0.000} ms, {soak.PacketsLost} lost, {watch.Elapsed:c}");
        }

        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        output.WriteLine(
            $"seed {seed}: {Hours} h, {soak.Packets} packets, {soak.FramesWritten} frames, worst error {soak.WorstError:0.000} ms, latest {soak.WorstLateness:0.000} ms, "
            + $"{allocated} bytes allocated, {(Hours - 0.1) / watch.Elapsed.TotalMinutes:0.0} virtual hours a minute");
        Assert.Equal((0L, 0L, 0L, 0, 0), (soak.PacketsLost, soak.FramesChanged, soak.WrongFrames, soak.Underruns, soak.ClockSteps));
        Assert.True(soak.FramesWritten >= ((Hours * 3600) - 3) * 44_100 * 0.9999, "Frames are missing.");
        Assert.InRange(soak.WorstError, 0, 0.5);
        Assert.InRange(allocated, 0, 100_000); // nothing for a packet or an exchange, so memory is flat
    }
}
