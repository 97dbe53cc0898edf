using System.Net;
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
        stage.World.Run(async () =>
        {
            foreach (GroupSpeaker speaker in stage.Speakers) speaker.Receive();
            await using (var group = new RaopGroup(network, new RaopGroupOptions { TimeProvider = stage.SenderHost.Clock }, null))
            {
                foreach (GroupSpeaker speaker in stage.Speakers) await group.AddAsync(speaker.Speaker);
                Task playing = group.PlayAsync(new ArraySource(music));
                await stage.WaitAsync(2);
                for (int i = 0; i < gone; i++) network.Silent.Add(stage.Speakers[i].Address.Address); // its connection takes longer to break
                await playing;
                await stage.WaitAsync(1);
            }

            foreach (GroupSpeaker speaker in stage.Speakers[gone..]) Assert.Equal(music, speaker.Heard);

            Assert.True(network.Full > 0); // the buffers were full indeed
            Assert.Equal(0, network.Open);
        });
    }

    /// <summary>A network whose datagrams to silent hosts stay in the socket's buffer, which has room for some.</summary>
    private sealed class CloggingNetwork(INetwork network) : INetwork
    {
        private const int Room = 92; // packets, in the kernel's default of 208 KiB

        public HashSet<IPAddress> Silent { get; } = [];

        /// <summary>Times that there was no room.</summary>
        public int Full { get; private set; }

        public int Open { get; private set; }

        public bool ResumesInPlace => network.ResumesInPlace;

        public ValueTask<IStreamConnection> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken = default) => network.ConnectAsync(remote, cancellationToken);

        public IStreamListener Listen(IPEndPoint local) => network.Listen(local);

        public IDatagramSocket Bind(IPEndPoint local)
        {
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
