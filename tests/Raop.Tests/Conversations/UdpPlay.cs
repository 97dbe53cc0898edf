using Raop.Tests.Fakes;

namespace Raop.Tests.Conversations;

/// <summary>One AirTunes v2 session of our sender and our receiver from the first frame to the last, over a link that the test sets.</summary>
internal sealed class UdpPlay
{
    public const int Second = 44_100;

    public UdpPlay(int seed = 1)
    {
        Stage = new Stage(seed);
        Truth = new UdpTruth(Stage.World, Stage.SenderHost, Stage.ReceiverHost);
    }

    public Stage Stage { get; }

    public UdpTruth Truth { get; }

    public byte[] Music { get; init; } = Fakes.Music.Frames(Second * 6);

    public TimeSpan Latency { get; init; } = TimeSpan.FromSeconds(2);

    public RaopCodec Codec { get; init; } = RaopCodec.Pcm;

    public RaopReceiverOptions Receiver { get; init; } = new();

    /// <summary>Plays there, in place of the stage's file.</summary>
    public DeviceSink? Device { get; set; }

    /// <summary>Packets of music.</summary>
    public int Packets => (Music.Length / 4 + 351) / 352;

    public RaopSessionCounts Counts => Stage.Ended.Counts;

    /// <summary>How much too late each run of frames was said to be due, ms.</summary>
    public IEnumerable<double> Errors(double fromSeconds = 0) => Truth.Errors(Stage.Sink.Times, Stage.ReceiverHost, fromSeconds);

    /// <summary>Connects over a good link, sets the conditions, plays all music, and waits for the end of the session.</summary>
    /// <param name="link">Sets the conditions, once connected.</param>
    /// <param name="meanwhile">Happens while it plays, from the first packet on.</param>
    public void Run(Action<Stage>? link = null, Func<Stage, RaopSender, Task>? meanwhile = null) => Stage.World.Run(async () =>
    {
        await using RaopReceiver receiver = Stage.Receive(Receiver, Device);
        var options = new RaopSenderOptions { Latency = Latency, Codec = Codec, Encryption = RaopEncryption.None };
        await using (RaopSender sender = await Stage.ConnectAsync(options, transport: RaopTransport.Udp))
        {
            link?.Invoke(Stage);
            Task playing = sender.PlayAsync(new ArraySource(Music));
            if (meanwhile is not null) await meanwhile(Stage, sender);
            await playing;
        }

        await Stage.WaitForAsync(() => Stage.Events.OfType<RaopSessionEnded>().Any(), 120);
    }, TimeSpan.FromHours(3));

    /// <summary>Whether each run of frames came to the file at its instant, and no later than 2 ms: how late, ms.</summary>
    public IEnumerable<double> Lateness() => Stage.Sink.Times.Zip(Stage.Sink.Writes)
        .Where(pair => pair.First.Due is not null)
        .Select(pair => (pair.Second.At - Stage.ReceiverHost.Clock.GetUtcNow()).TotalMilliseconds
            + ((Stage.ReceiverHost.Clock.GetTimestamp() - pair.First.Due!.Value) / 1e6));

    /// <summary>Sets the conditions of both ways.</summary>
    public static Action<Stage> Both(Action<Simulation.SimulatedPath> set) => stage => stage.World.Between(stage.SenderHost, stage.ReceiverHost, set);

    /// <summary>For a message: where what was heard differs from the music.</summary>
    public string Difference()
    {
        byte[] pcm = Stage.Sink.Pcm;
        int same = pcm.AsSpan().CommonPrefixLength(Music) / 4;
        return $"seed {Stage.World.Seed}: {pcm.Length / 4} frames of {Music.Length / 4}, the same up to {same} ({same / 352.0:0.0} packets); {Counts}";
    }
}
