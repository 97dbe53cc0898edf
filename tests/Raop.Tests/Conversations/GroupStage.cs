using System.Net;
using Raop.Audio;
using Raop.Receiving;
using Raop.Rtp;
using Raop.Tests.Fakes;
using Raop.Tests.Simulation;
using Raop.Timing;

namespace Raop.Tests.Conversations;

/// <summary>A sender's host and those of several receivers in a simulated network; our receivers run there, and the sender's line is known.</summary>
internal sealed class GroupStage
{
    public const int Rate = 44_100, Latency = 88_200;

    public GroupStage(int receivers, int seed = 1, Action<SimulatedPath>? path = null, double ppm = 0)
    {
        World = new SimulatedWorld(seed);
        SenderHost = World.AddHost("sender", "10.0.1.100", "fd00::100");
        SenderHost.Clock.RatePpm = ppm == 0 ? 0 : (seed * 37 % 200) - 100;
        for (int i = 0; i < receivers; i++)
        {
            SimulatedHost host = World.AddHost($"speaker{i}", $"10.0.1.{101 + i}", $"fd00::{101 + i:x}");
            host.Clock.RatePpm = ppm == 0 ? 0 : ppm * ((2.0 * i / Math.Max(1, receivers - 1)) - 1);
            World.Between(SenderHost, host, path ?? (p => p.Delay = TimeSpan.FromMilliseconds(2)));
            Speakers.Add(new GroupSpeaker(this, host));
        }

        World.Tap = Take;
    }

    public SimulatedWorld World { get; }

    public SimulatedHost SenderHost { get; }

    public List<GroupSpeaker> Speakers { get; } = [];

    public List<RaopGroupEvent> Events { get; } = [];

    /// <summary>The first sync that anybody got: it tells the line.</summary>
    public SyncPacket? First { get; private set; }

    /// <summary>Sees each datagram of the sender.</summary>
    public Action<IPEndPoint, byte[]>? Seen { get; set; }

    public RaopGroup Group(RaopGroupOptions? options = null) =>
        new(SenderHost.Network, (options ?? new()) with { TimeProvider = SenderHost.Clock }, Events.Add);

    public Task WaitAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), World.Clock);

    public async Task WaitForAsync(Func<bool> condition, double limitSeconds = 30)
    {
        for (double waited = 0; !condition(); waited += 0.01)
        {
            Assert.True(waited < limitSeconds, "The condition did not come true in time.");
            await WaitAsync(0.01);
        }
    }

    /// <summary>When a frame is to be heard by a member without a delay, ns of true time.</summary>
    public double DueNs(uint rtpTime)
    {
        SyncPacket sync = First!.Value;
        long at = NtpTime.Ticks(sync.NtpTime, NtpTime.FromTimestamp(0, 1_000_000_000), 1_000_000_000);
        double seconds = ((double)unchecked((int)(rtpTime - sync.Next)) + Latency) / Rate;
        return SenderHost.Clock.TrueTime(at) + (seconds * 1e9 / (1 + (SenderHost.Clock.RatePpm / 1e6)));
    }

    private void Take(SimulatedHost from, IPEndPoint to, ReadOnlySpan<byte> datagram)
    {
        if (from != SenderHost) return;
        if (SyncPacket.TryParse(datagram, out SyncPacket sync)) First ??= sync;
        Seen?.Invoke(to, datagram.ToArray());
    }
}

/// <summary>One of our receivers on a host of its own.</summary>
internal sealed class GroupSpeaker(GroupStage stage, SimulatedHost host)
{
    public SimulatedHost Host { get; } = host;

    public RecordingSink Sink { get; private set; } = new(host.Clock);

    public List<RaopReceiverEvent> Events { get; } = [];

    public IPEndPoint Address { get; } = new(host.Addresses[0], 5000);

    public RaopSpeaker Speaker => RaopSpeaker.At(Address);

    public RaopReceiver? Receiver { get; private set; }

    /// <summary>What it heard, without silence at the ends.</summary>
    public byte[] Heard
    {
        get
        {
            byte[] pcm = Sink.Pcm;
            int first = pcm.AsSpan().IndexOfAnyExcept((byte)0), last = pcm.AsSpan().LastIndexOfAnyExcept((byte)0);
            return first < 0 ? [] : pcm[(first / 4 * 4)..((last / 4 * 4) + 4)];
        }
    }

    public void Receive(RaopReceiverOptions? options = null, Action<ReceiverContext>? change = null)
    {
        Sink = new RecordingSink(Host.Clock);
        options = (options ?? new RaopReceiverOptions()) with { TimeProvider = Host.Clock, Listen = new IPEndPoint(IPAddress.IPv6Any, 5000) };
        Receiver = RaopReceiver.Start(Host.Network, Sink, options, Events.Add, change);
    }

    /// <summary>How much too late each run of frames was said to be due by the line, ms.</summary>
    public IEnumerable<(uint RtpTime, double Ms)> Errors() => Sink.Times
        .Where(static time => time.Due is not null && time.RtpTime is not null)
        .Select(time => (time.RtpTime!.Value, (Host.Clock.TrueTime(time.Due!.Value) - stage.DueNs(time.RtpTime!.Value)) / 1e6));
}
