using Raop.Tests.Fakes;

namespace Raop.Tests.Conversations;

/// <summary>Groups of our receivers over UDP, whole sessions on virtual time.</summary>
public sealed class GroupTests(ITestOutputHelper output)
{
    private const int Second = 44_100;

    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    public void All_hear_every_frame_to_the_bit(int speakers)
    {
        var stage = new GroupStage(speakers);
        byte[] music = Music.Frames(Second * 5);
        stage.World.Run(async () =>
        {
            stage.Speakers.ForEach(speaker => speaker.Receive());
            await using (RaopGroup group = stage.Group())
            {
                foreach (GroupSpeaker speaker in stage.Speakers) await group.AddAsync(speaker.Speaker);
                Assert.All(group.Members, member => Assert.Equal(RaopMemberState.Ready, member.State));
                Task playing = group.PlayAsync(new ArraySource(music));
                await stage.WaitAsync(2);
                Assert.All(group.Members, member => Assert.Equal(RaopMemberState.Playing, member.State));
                await playing;
            }

            await stage.WaitForAsync(() => stage.Speakers.TrueForAll(speaker => speaker.Events.OfType<RaopSessionEnded>().Any()));
        });
        Assert.All(stage.Speakers, speaker => Assert.Equal(music, speaker.Heard));
        double worst = stage.Speakers.SelectMany(speaker => speaker.Errors()).Max(error => Math.Abs(error.Ms));
        output.WriteLine($"{speakers} speakers: {worst:0.0000} ms off the line at most");
        Assert.InRange(worst, 0, 0.1);
    }
}
