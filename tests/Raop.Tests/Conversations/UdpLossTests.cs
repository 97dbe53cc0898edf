using System.Net;
using Raop.Tests.Fakes;
using Raop.Tests.Simulation;

namespace Raop.Tests.Conversations;

/// <summary>Whole sessions, our sender to our receiver, over links that lose packets. 2 s from a packet to its sound.</summary>
public sealed class UdpLossTests(ITestOutputHelper output)
{
    private static readonly byte[] Piece = Music.Frames(UdpPlay.Second * 6);

    [Theory]
    [InlineData(0)]
    [InlineData(50)]
    [InlineData(100)]
    [InlineData(150)]
    public void Five_percent_are_not_heard(int seeds) => EachSeed(seeds + 1, 50, 0.05, play =>
    {
        Assert.True(Piece.AsSpan().SequenceEqual(play.Stage.Sink.Pcm), play.Difference());
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
            if (Piece.AsSpan().SequenceEqual(play.Stage.Sink.Pcm)) return;
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
            if (Piece.AsSpan().SequenceEqual(play.Stage.Sink.Pcm)) return;
            bad++;
            output.WriteLine(play.Difference());
        });
        output.WriteLine($"{bad} of 25 sessions not to the bit, {concealed} packets concealed");
        Assert.InRange(concealed, 0, 0.001 * 25 * 752);
    }

    /// <summary>PipeWire and node-airtunes2 send nothing again; half a second from a packet to its sound.</summary>
    [Theory]
    [InlineData(1, 0.01)]
    [InlineData(2, 0.05)]
    [InlineData(3, 0.05)]
    [InlineData(4, 0.1)]
    public void Of_a_sender_that_repeats_nothing_each_loss_is_hidden_without_a_click(int seed, double loss)
    {
        var stage = new Stage(seed);
        byte[] music = Tones(UdpPlay.Second * 30);
        SimulatedPath path = stage.World.Path(stage.SenderHost, stage.ReceiverHost);
        var truth = new UdpTruth(stage.World, stage.SenderHost, stage.ReceiverHost);
        var random = new Random(seed);
        int lost = 0, packets = (music.Length / 4 + 351) / 352;
        truth.Loses = (type, count) =>
        {
            bool loses = type == UdpTruth.Audio && count > 0 && count < packets - 1 && random.NextDouble() < loss;
            if (loses) lost++;
            return loses;
        };
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive();
            await using var sender = new UdpScriptSender(stage.SenderHost, IPAddress.Parse("10.0.1.103")) { Latency = 11_025, Resends = false };
            await sender.OpenAsync(Stage.Address);
            sender.BeginLine();
            await sender.PlayAsync(music);
            await sender.WaitUntilHeardAsync(music.Length / 4);
            await sender.DisposeAsync();
            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());
            output.WriteLine($"seed {seed}: lost {lost} of {packets}, {path.Lost}; {sender.ResendRequests} requests");
        });
        RaopSessionCounts counts = stage.Ended.Counts;
        (int own, int heard) = (Sharpest(music), Sharpest(stage.Sink.Pcm));
        output.WriteLine($"sharpest edge {heard}, of the music {own}; {counts}");
        Assert.Equal((lost, lost), (counts.PacketsLost, counts.PacketsConcealed));
        Assert.Equal(music.Length, stage.Sink.Pcm.Length);
        Assert.InRange(heard, 0, own * 1.5);
    }

    private static byte[] Tones(int frames)
    {
        byte[] pcm = new byte[frames * 4];
        for (int i = 0; i < frames; i++)
        {
            double t = i / 44_100.0;
            BitConverter.TryWriteBytes(pcm.AsSpan(i * 4), (short)((6000 * Math.Sin(2 * Math.PI * 440 * t)) + (3000 * Math.Sin(2 * Math.PI * 1234 * t)) + (1500 * Math.Sin(2 * Math.PI * 3001 * t))));
            BitConverter.TryWriteBytes(pcm.AsSpan((i * 4) + 2), (short)((6000 * Math.Sin(2 * Math.PI * 220 * t)) + (3000 * Math.Sin(2 * Math.PI * 777 * t)) + (1500 * Math.Sin(2 * Math.PI * 2500 * t))));
        }

        return pcm;
    }

    /// <summary>The largest second difference: what a click has and tones have not.</summary>
    private static int Sharpest(byte[] pcm)
    {
        int most = 0;
        for (int i = 8; i < pcm.Length; i += 2) most = Math.Max(most, Math.Abs(At(i) - (2 * At(i - 4)) + At(i - 8)));
        return most;

        int At(int offset) => BitConverter.ToInt16(pcm, offset);
    }

    private static void EachSeed(int first, int count, double loss, Action<UdpPlay> look)
    {
        for (int seed = first; seed < first + count; seed++)
        {
            var play = new UdpPlay(seed) { Music = Piece };
            play.Run(UdpPlay.Both(path => path.Loss = loss));
            Assert.Equal(RaopEndCause.Teardown, play.Stage.Ended.Cause);
            look(play);
        }
    }
}
