using Raop.Tests.Simulation;

namespace Raop.Tests.Conversations;

/// <summary>Whole sessions, our sender to our receiver, over links that lose packets. 2 s from a packet to its sound.</summary>
public sealed class UdpLossTests(ITestOutputHelper output)
{
    private static readonly byte[] Music = Fakes.Music.Frames(UdpPlay.Second * 6);

    [Theory]
    [InlineData(0)]
    [InlineData(50)]
    [InlineData(100)]
    [InlineData(150)]
    public void Five_percent_are_not_heard(int seeds) => EachSeed(seeds + 1, 50, 0.05, play =>
    {
        Assert.True(Music.AsSpan().SequenceEqual(play.Stage.Sink.Pcm), play.Difference());
        Assert.Equal(0, play.Counts.PacketsConcealed);
    });

    [Theory]
    [InlineData(0)]
    [InlineData(50)]
    [InlineData(100)]
    [InlineData(150)]
    public void Twenty_percent_are_hardly_heard(int seeds)
    {
        int bad = 0;
        long concealed = 0;
        EachSeed(seeds + 1, 50, 0.2, play =>
        {
            concealed += play.Counts.PacketsConcealed;
            if (Music.AsSpan().SequenceEqual(play.Stage.Sink.Pcm)) return;
            bad++;
            output.WriteLine(play.Difference());
        });
        output.WriteLine($"{bad} of 50 sessions not to the bit, {concealed} packets concealed");
        Assert.InRange(concealed, 0, 0.0002 * 50 * 752);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(25)]
    public void Thirty_percent_end_no_session(int seeds)
    {
        int bad = 0;
        long concealed = 0;
        EachSeed(seeds + 1, 25, 0.3, play =>
        {
            concealed += play.Counts.PacketsConcealed;
            if (Music.AsSpan().SequenceEqual(play.Stage.Sink.Pcm)) return;
            bad++;
            output.WriteLine(play.Difference());
        });
        output.WriteLine($"{bad} of 25 sessions not to the bit, {concealed} packets concealed");
        Assert.InRange(bad, 0, 25);
    }

    private static void EachSeed(int first, int count, double loss, Action<UdpPlay> look)
    {
        for (int seed = first; seed < first + count; seed++)
        {
            var play = new UdpPlay(seed) { Music = Music };
            play.Run(UdpPlay.Both(path => path.Loss = loss));
            look(play);
        }
    }
}
