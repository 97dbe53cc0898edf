using System.Net;
using Raop.Audio;
using Raop.Receiving;
using Raop.Tests.Fakes;
using Raop.Tests.Simulation;

namespace Raop.Tests.Conversations;

/// <summary>A sender's host and a receiver's host in a simulated network, and our receiver on the second.</summary>
internal sealed class Stage
{
    public static readonly IPEndPoint Address = new(IPAddress.Parse("10.0.1.103"), 5000);

    public Stage(int seed = 1)
    {
        World = new SimulatedWorld(seed);
        SenderHost = World.AddHost("sender", "10.0.1.101", "fd00::101");
        ReceiverHost = World.AddHost("receiver", "10.0.1.103", "fd00::103");
        World.Between(SenderHost, ReceiverHost, path => path.Delay = TimeSpan.FromMilliseconds(2));
        Sink = new RecordingSink(ReceiverHost.Clock);
    }

    public SimulatedWorld World { get; }

    public SimulatedHost SenderHost { get; }

    public SimulatedHost ReceiverHost { get; }

    public RecordingSink Sink { get; }

    public List<RaopReceiverEvent> Events { get; } = [];

    public RaopSessionEnded Ended => Events.OfType<RaopSessionEnded>().Last();

    public RaopReceiver Receive(RaopReceiverOptions? options = null, Action<ReceiverContext>? change = null) => Receive(options, null, change);

    /// <summary>Plays to another sink, if there is one.</summary>
    public RaopReceiver Receive(RaopReceiverOptions? options, IPcmSink? sink, Action<ReceiverContext>? change = null)
    {
        options = (options ?? new RaopReceiverOptions()) with { TimeProvider = ReceiverHost.Clock, Listen = new IPEndPoint(IPAddress.IPv6Any, 5000) };
        return RaopReceiver.Start(ReceiverHost.Network, sink ?? Sink, options, Events.Add, change);
    }

    /// <summary>Over TCP, unless the test says otherwise.</summary>
    public Task<RaopSender> ConnectAsync(RaopSenderOptions? options = null, IPEndPoint? address = null, RaopTransport transport = RaopTransport.Tcp) =>
        RaopSender.ConnectAsync(
            SenderHost.Network, address ?? Address,
            (options ?? new RaopSenderOptions()) with { TimeProvider = SenderHost.Clock, Transport = transport }, CancellationToken.None);

    /// <summary>Waits on the world's own clock.</summary>
    public Task WaitAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), World.Clock);

    public async Task WaitForAsync(Func<bool> condition, double limitSeconds = 30)
    {
        for (double waited = 0; !condition(); waited += 0.01)
        {
            Assert.True(waited < limitSeconds, "The condition did not come true in time.");
            await WaitAsync(0.01);
        }
    }
}
