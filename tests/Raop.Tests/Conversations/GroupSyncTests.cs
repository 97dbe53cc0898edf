using Raop.Audio;
using Raop.Tests.Fakes;
using Raop.Tests.Timing;

namespace Raop.Tests.Conversations;

/// <summary>How far apart eight of our receivers with clocks of ±100 ppm say that a frame is due.</summary>
public sealed class GroupSyncTests
{
    private const int Second = GroupStage.Rate, Speakers = 8;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void On_a_quiet_link_any_two_are_a_tenth_of_a_millisecond_apart(int seed) =>
        Assert.InRange(Apart(seed, 45, 1, 0.05, fromSeconds: 0), 0, 0.1);

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Over_wifi_any_two_are_half_a_millisecond_apart(int seed) => Assert.InRange(Apart(seed, 120, 20, 8, fromSeconds: 60), 0, 0.5);

    /// <returns>p99 over all pairs, ms.</returns>
    private static double Apart(int seed, int seconds, double delayMs, double jitterMs, double fromSeconds)
    {
        var stage = new GroupStage(
            Speakers, seed, path => (path.Delay, path.Jitter) = (TimeSpan.FromMilliseconds(delayMs), TimeSpan.FromMilliseconds(jitterMs)), ppm: 100);
        GroupTests.Run(stage, async group =>
        {
            foreach (GroupSpeaker speaker in stage.Speakers) await group.AddAsync(speaker.Speaker);
            await group.PlayAsync(new ArraySource(new byte[Second * seconds * 4]));
        });
        uint first = stage.First!.Value.Next;
        var events = stage.Speakers
            .SelectMany((speaker, number) => speaker.Errors().Select(error => (Frame: unchecked((int)(error.RtpTime - first)), error.Ms, Speaker: number)))
            .Where(e => e.Frame >= fromSeconds * Second).OrderBy(e => e.Frame);
        (Errors pairs, Errors spread) = (new Errors(), new Errors());
        double[] last = [.. Enumerable.Repeat(double.NaN, Speakers)];
        foreach ((int _, double ms, int speaker) in events)
        {
            last[speaker] = ms;
            if (last.Any(double.IsNaN)) continue;
            spread.Add(last.Max() - last.Min());
            for (int other = 0; other < Speakers; other++)
            {
                if (other != speaker) pairs.Add(ms - last[other]);
            }
        }

        Assert.True(spread.Count > 1000);
        pairs.Print($"{Speakers} receivers, {delayMs} ± {jitterMs} ms, ±100 ppm, from {fromSeconds} s, seed {seed}: any two");
        spread.Print("the furthest two");
        return pairs.P99;
    }
}
