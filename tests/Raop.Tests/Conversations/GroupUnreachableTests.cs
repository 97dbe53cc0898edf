using System.Net;
using System.Net.Sockets;
using Raop.Network;
using Raop.Tests.Fakes;

namespace Raop.Tests.Conversations;

/// <summary>What is sent to a host that does not answer waits in the sender's own kernel, and fills what all of a socket's datagrams share.</summary>
public sealed class GroupUnreachableTests
{
    private const int Second = 44_100;

    [Theory, InlineData(1), InlineData(2)]
    public void A_host_that_has_gone_costs_the_others_no_packet(int gone)
    {
        var stage = new GroupStage(4);
        var network = new CloggingNetwork(stage.SenderHost.Network);
        byte[] music = Music.Frames(Second * 8);
        stage.World.Run(() => PlayAsync(stage, network, music, () =>
        {
            for (int i = 0; i < gone; i++) network.Silent.Add(stage.Speakers[i].Address.Address); // its connection takes longer to break
            return Task.CompletedTask;
        }));

        foreach (GroupSpeaker speaker in stage.Speakers[gone..]) Assert.Equal(music, speaker.Heard);
        Assert.True(network.Full > 0); // the buffers were full indeed
        Assert.Equal(0, network.Open);
    }

    /// <summary>Who gets a socket of its own gets it from the thread that all streams share: some at a time, and packets lost meanwhile are asked for again.</summary>
    [Fact]
    public void Of_many_some_at_a_time_get_a_socket_of_their_own()
    {
        const int Members = 12;
        var stage = new GroupStage(Members);
        var network = new CloggingNetwork(stage.SenderHost.Network);
        byte[] music = Music.Frames(Second * 6);
        List<long> opened = [];
        stage.World.Run(() => PlayAsync(stage, network, music, async () =>
        {
            network.Opening = () => opened.Add(stage.World.Nanoseconds);
            for (int i = 0; i < 3; i++) network.Silent.Add(stage.Speakers[i].Address.Address);
            await stage.WaitAsync(1);
        }));

        Assert.Equal(Members, opened.Count);
        Assert.InRange(opened.GroupBy(static at => at).Max(static step => step.Count()), 1, 8);
        foreach (GroupSpeaker speaker in stage.Speakers[3..]) Assert.Equal(music, speaker.Heard);
        Assert.Equal(0, network.Open);
    }

    /// <summary>A buffer that is full for a moment only: the others stay where they are, and go on by one call.</summary>
    [Fact]
    public void A_moment_without_room_parts_one()
    {
        var stage = new GroupStage(4);
        var network = new CloggingNetwork(stage.SenderHost.Network);
        byte[] music = Music.Frames(Second * 5);
        int opened = 0;
        stage.World.Run(() => PlayAsync(stage, network, music, async () =>
        {
            network.Opening = () => opened++;
            network.HasMoment = true;
            await stage.WaitAsync(1);
        }));

        Assert.Equal((1, 1), (network.Full, opened));
        foreach (GroupSpeaker speaker in stage.Speakers) Assert.Equal(music, speaker.Heard);
    }

    /// <summary>Without descriptors or memory for one more socket the stream goes on, asks for one now and then, and gets it when there is one.</summary>
    [Theory, InlineData(false), InlineData(true)]
    public void Without_sockets_to_be_had_it_asks_once_a_second(bool isSystems)
    {
        var stage = new GroupStage(4);
        var network = new CloggingNetwork(stage.SenderHost.Network);
        byte[] music = Music.Frames(Second * 9);
        int tries = 0, opened = 0;
        stage.World.Run(() => PlayAsync(stage, network, music, async () =>
        {
            network.Silent.Add(stage.Speakers[0].Address.Address);
            network.Opening = () =>
            {
                tries++;
                throw isSystems ? new SocketException((int)SocketError.NoBufferSpaceAvailable) : new RaopException(RaopError.AddressInUse, "There are too many open files.");
            };
            await stage.WaitAsync(4); // full after 0.7 s
            network.Opening = () => opened++;
            await stage.WaitAsync(1.5);
        }));

        Assert.InRange(tries, 3, 4);
        Assert.Equal(4, opened);
        Range end = ^(Second * 2 * 4)..;
        foreach (GroupSpeaker speaker in stage.Speakers[1..]) Assert.Equal(music[end], speaker.Heard[end]);
        Assert.Equal(0, network.Open);
    }

    /// <summary>Plays to all, and does something 2 s after the start.</summary>
    private static async Task PlayAsync(GroupStage stage, CloggingNetwork network, byte[] music, Func<Task> then)
    {
        foreach (GroupSpeaker speaker in stage.Speakers) speaker.Receive();
        await using var group = new RaopGroup(network, new RaopGroupOptions { TimeProvider = stage.SenderHost.Clock }, null);
        foreach (GroupSpeaker speaker in stage.Speakers) await group.AddAsync(speaker.Speaker);
        Task playing = group.PlayAsync(new ArraySource(music));
        await stage.WaitAsync(2);
        await then();
        await playing;
        await stage.WaitAsync(1);
    }

    /// <summary>A network whose datagrams to silent hosts stay in the socket's buffer, which has room for some.</summary>
    private sealed class CloggingNetwork(INetwork network) : INetwork
    {
        private const int Room = 92; // packets, in the kernel's default of 208 KiB

        public HashSet<IPAddress> Silent { get; } = [];

        /// <summary>Called before a socket is opened; what it throws is why there is none.</summary>
        public Action? Opening { get; set; }

        /// <summary>Whether the next packet for several finds no room, for no lasting reason.</summary>
        public bool HasMoment { get; set; }

        /// <summary>Times that there was no room.</summary>
        public int Full { get; private set; }

        public int Open { get; private set; }

        public bool ResumesInPlace => network.ResumesInPlace;

        public ValueTask<IStreamConnection> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken = default) => network.ConnectAsync(remote, cancellationToken);

        public IStreamListener Listen(IPEndPoint local) => network.Listen(local);

        public IDatagramSocket Bind(IPEndPoint local)
        {
            Opening?.Invoke();
            Open++;
            return new Datagrams(this, network.Bind(local));
        }

        private sealed class Datagrams(CloggingNetwork network, IDatagramSocket socket) : IDatagramSocket
        {
            private int _waiting;
            private bool _disposed;

            public IPEndPoint LocalEndPoint => socket.LocalEndPoint;

            public void Send(ReadOnlySpan<byte> datagram, SocketAddress to) => _ = TrySend(datagram, to);

            public int Send(ReadOnlySpan<byte> datagram, ReadOnlySpan<SocketAddress> to)
            {
                if (network.HasMoment)
                {
                    network.HasMoment = false;
                    network.Full++;
                    return 0;
                }

                int done = 0;
                while (done < to.Length && TrySend(datagram, to[done])) done++;
                return done;
            }

            public void Start(DatagramHandler handler) => socket.Start(handler);

            public int Drain(DatagramHandler handler, int most) => socket.Drain(handler, most);

            public void Dispose()
            {
                if (!_disposed) network.Open--;
                _disposed = true;
                socket.Dispose();
            }

            private bool TrySend(ReadOnlySpan<byte> datagram, SocketAddress to)
            {
                if (_waiting == Room)
                {
                    network.Full++;
                    return false;
                }

                if (network.Silent.Contains(Host(to))) _waiting++;
                else socket.Send(datagram, to);
                return true;
            }

            private IPAddress Host(SocketAddress to) => ((IPEndPoint)LocalEndPoint.Create(to)).Address;
        }
    }
}
