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
    public void On_a_quiet_link_any_two_are_a_tenth_of_a_millisecond_apart(int seed)
    {
        Errors apart = Apart(seed, 45, 1, 0.05, fromSeconds: 0);
        apart.Print($"{Speakers} receivers, 1 ms ± 50 µs, ±100 ppm, between any two, seed {seed}");
        Assert.InRange(apart.P99, 0, 0.1);
    }

    [Fact]
    public void Over_wifi_any_two_are_half_a_millisecond_apart()
    {
        Errors apart = Apart(3, 120, 20, 8, fromSeconds: 60);
        apart.Print($"{Speakers} receivers, 20 ± 8 ms, ±100 ppm, between any two, from 60 s, seed 3");
        Assert.InRange(apart.P99, 0, 0.5);
    }

    private static Errors Apart(int seed, int seconds, double delayMs, double jitterMs, double fromSeconds)
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
        var errors = new Errors();
        double[] last = [.. Enumerable.Repeat(double.NaN, Speakers)];
        foreach ((int _, double ms, int speaker) in events)
        {
            last[speaker] = ms;
            if (!last.Any(double.IsNaN)) errors.Add(last.Max() - last.Min());
        }

        Assert.True(errors.Count > 1000);
        return errors;
    }
}
