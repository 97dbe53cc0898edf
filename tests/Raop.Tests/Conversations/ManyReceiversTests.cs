using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Raop.Discovery;
using Raop.Receiving;
using Raop.Tests.Fakes;
using Raop.Tests.Simulation;

namespace Raop.Tests.Conversations;

/// <summary>Many receivers in one process: they share its multicast DNS and nothing else.</summary>
public sealed class ManyReceiversTests
{
    private const int Count = 64, FirstPort = 5000, Frames = 44_100 * 3 / 2;
    private const double MostLate = 2; // ms, as of one receiver

    [Fact]
    public void Sixty_four_are_found_apart_and_play_at_once_each_to_the_bit_and_in_time()
    {
        var stage = new Stage();
        var lan = new SimulatedLan(stage.World);
        Hosted[] all = [.. Enumerable.Range(1, Count).Select(number => new Hosted(number, stage.ReceiverHost.Clock))];
        stage.World.Run(async () =>
        {
            MdnsService service = Multicast(stage.ReceiverHost, lan, "10.0.1.103/24"), other = Multicast(stage.SenderHost, lan, "10.0.1.101/24");
            foreach (Hosted one in all)
            {
                one.Receiver = RaopReceiver.Start(stage.ReceiverHost.Network, one.Sink, one.Options(stage), one.Events.Add, one.Look);
                one.Receiver.Advertise(service);
            }

            await AssertFoundApartAsync(stage, other, all);
            RaopSender[] senders = await Task.WhenAll(all.Select(one => stage.ConnectAsync(
                new RaopSenderOptions { Codec = RaopCodec.Alac, Encryption = RaopEncryption.Rsa },
                new IPEndPoint(Stage.Address.Address, one.Receiver!.EndPoint.Port),
                RaopTransport.Udp)));
            await Task.WhenAll(senders.Select((sender, i) => sender.PlayAsync(new ArraySource(all[i].Music))));
            foreach (RaopSender sender in senders) await sender.DisposeAsync();
            await stage.WaitForAsync(() => all.All(static one => one.Ended is not null));
            foreach (Hosted one in all) await one.Receiver!.DisposeAsync();
            await service.DisposeAsync();
            await other.DisposeAsync();
        });

        foreach (Hosted one in all)
        {
            RaopSessionCounts counts = one.Ended!.Counts;
            Assert.True(one.Music.AsSpan().SequenceEqual(one.Sink.Pcm), $"Kitchen {one.Number} did not hear its own music to the bit: {counts}");
            Assert.Equal(
                (RaopEndCause.Teardown, Frames, 0, 0, 0, 0),
                (one.Ended.Cause, counts.FramesWritten, counts.PacketsLate, counts.PacketsLost, counts.PacketsConcealed, counts.FramesChanged));
            Assert.All(one.Lateness(stage), late => Assert.InRange(late, -MostLate, MostLate));
        }

        // At once: the last had begun before the first was over.
        Assert.True(all.Max(static one => one.Sink.Writes[0].At) < all.Min(static one => one.Sink.Writes[^1].At), "They did not play at once.");
    }

    [Fact]
    public async Task One_whose_port_is_taken_leaves_the_others_as_they_are()
    {
        await using var sink = new RecordingSink(TimeProvider.System);
        var options = new RaopReceiverOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0), Advertise = false };
        await using RaopReceiver first = RaopReceiver.Start(sink, options), second = RaopReceiver.Start(sink, options);
        Assert.Equal(RaopError.AddressInUse, Assert.Throws<RaopException>(() => RaopReceiver.Start(sink, options with { Listen = second.EndPoint })).Error);
        foreach (RaopReceiver receiver in new[] { first, second })
        {
            await using RaopSender sender = await RaopSender.ConnectAsync(
                receiver.EndPoint, new RaopSenderOptions { Transport = RaopTransport.Tcp }, TestContext.Current.CancellationToken);
        }
    }

    private static async Task AssertFoundApartAsync(Stage stage, MdnsService other, Hosted[] all)
    {
        Dictionary<string, int> found = [];
        using IDisposable browsing = other.Browse(Advertisement.Type, change => found[change.Instance] = change.Port);
        await stage.WaitForAsync(() => found.Count == Count && all.All(static one => one.Receiver!.Name == one.Advertised), 10);
        Assert.Equal(
            all.Select(static one => ($"{Convert.ToHexString(one.HardwareAddress)}@Kitchen {one.Number}", FirstPort + one.Number - 1)).Order(),
            found.Select(static one => (one.Key, one.Value)).Order());
        Assert.Equal(Count, all.Select(static one => Convert.ToHexString(one.HardwareAddress)).Distinct().Count());
        Assert.All(all, static one => Assert.Equal(DeviceAddress.Of($"Kitchen {one.Number}", FirstPort + one.Number - 1), one.HardwareAddress)); // the same each time
    }

    private static MdnsService Multicast(SimulatedHost host, SimulatedLan lan, string address) =>
        MdnsService.Open(new SimulatedMulticast(host).Attach(lan, 1, address), host.Clock, NullLogger.Instance, new Random(host.Number));

    private sealed class Hosted(int number, SimulatedClock clock)
    {
        public int Number => number;

        public RecordingSink Sink { get; } = new(clock);

        public byte[] Music { get; } = Fakes.Music.Frames(Frames, seed: number);

        public List<RaopReceiverEvent> Events { get; } = [];

        public RaopReceiver? Receiver { get; set; }

        public byte[] HardwareAddress { get; private set; } = [];

        public string? Advertised => Events.OfType<RaopAdvertised>().LastOrDefault()?.Name;

        public RaopSessionEnded? Ended => Events.OfType<RaopSessionEnded>().SingleOrDefault();

        public RaopReceiverOptions Options(Stage stage) => new()
        {
            Name = $"Kitchen {number}", Listen = new IPEndPoint(IPAddress.IPv6Any, FirstPort + number - 1), TimeProvider = stage.ReceiverHost.Clock,
        };

        public void Look(ReceiverContext context) => HardwareAddress = context.HardwareAddress.ToArray();

        /// <summary>How much later than it was due each run of frames was written, ms.</summary>
        public IEnumerable<double> Lateness(Stage stage)
        {
            (DateTimeOffset wall, long ticks) = (stage.ReceiverHost.Clock.GetUtcNow(), stage.ReceiverHost.Clock.GetTimestamp());
            return Sink.Times.Zip(Sink.Writes).Where(static pair => pair.First.Due is not null)
                .Select(pair => (pair.Second.At - wall).TotalMilliseconds + ((ticks - pair.First.Due!.Value) / 1e6));
        }
    }
}
