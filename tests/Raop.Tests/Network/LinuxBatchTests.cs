using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Raop.Network;

namespace Raop.Tests.Network;

/// <summary>One call for many datagrams, beside one call for each.</summary>
public sealed class LinuxBatchTests
{
    private const int NotPermitted = 1, Interrupted = 4, TryAgain = 11, NoSuchCall = 38, NoBuffers = 105, Unreachable = 113;

    private static readonly byte[] Datagram = [.. Enumerable.Range(0, 900).Select(static i => (byte)i)];

    [Fact]
    public void The_kernel_s_structures_are_laid_out_as_it_has_them()
    {
        Assert.SkipUnless(LinuxBatch.IsSupported, "Only Linux of 64 bits has the call.");
        Assert.Equal((64, 56, 16), (Marshal.SizeOf<LinuxBatch.Message>(), Marshal.SizeOf<LinuxBatch.Header>(), Marshal.SizeOf<LinuxBatch.Part>()));
        Assert.Equal([0, 8, 16, 24, 32, 40, 48], new[] { "Name", "NameLength", "Parts", "PartCount", "Control", "ControlLength", "Flags" }
            .Select(static field => (int)Marshal.OffsetOf<LinuxBatch.Header>(field)));
        Assert.Equal(56, (int)Marshal.OffsetOf<LinuxBatch.Message>("Sent"));
        Assert.Equal(8, (int)Marshal.OffsetOf<LinuxBatch.Part>("Length"));
    }

    /// <summary>More than one call takes; between those who listen some who have gone, one whom there is no way to, and one of another family.</summary>
    [Theory, InlineData("127.0.0.1", "192.0.2.1"), InlineData("::1", "2001:db8::1")]
    public void What_arrives_is_what_arrives_one_by_one(string address, string nowhere)
    {
        IPAddress here = IPAddress.Parse(address);
        Assert.SkipUnless(here.AddressFamily == AddressFamily.InterNetwork || HasIPv6, "There is no IPv6.");
        IPEndPoint otherFamily = new(here.AddressFamily == AddressFamily.InterNetwork ? IPAddress.IPv6Loopback : IPAddress.Loopback, 9);
        using var listening = new Listeners(150, here);
        using var sender = new Socket(here.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        sender.Bind(new IPEndPoint(here, 0));
        using var datagrams = new SocketDatagrams(sender, TimeProvider.System);
        List<SocketAddress> to = [];
        for (int i = 0; i < listening.All.Length; i++)
        {
            to.Add(listening.All[i].LocalEndPoint!.Serialize());
            if (i % 7 == 0) to.Add(new IPEndPoint(here, listening.Gone).Serialize());
            if (i % 40 == 1) to.Add(new IPEndPoint(IPAddress.Parse(nowhere), 6000).Serialize());
            if (i % 40 == 2) to.Add(otherFamily.Serialize());
        }

        for (int round = 0; round < 3; round++)
        {
            foreach (SocketAddress one in to) datagrams.Send(Datagram, one);
            int[] alone = listening.Take();
            Assert.Equal(to.Count, ((IDatagramSocket)datagrams).Send(Datagram, CollectionsMarshal.AsSpan(to)));
            int[] together = listening.Take();
            Assert.Equal(Enumerable.Repeat(1, listening.All.Length), alone);
            Assert.Equal(alone, together);
        }
    }

    /// <summary>Where no call of Linux is used, .NET's library says so when there is no room.</summary>
    [Fact]
    public void On_other_systems_too_it_says_from_whom_on_there_is_no_room()
    {
        Assert.SkipUnless(HasIPv6, "There is no IPv6.");
        byte[] tooMuch = new byte[65_507]; // for so small a buffer: over IPv6 even loopback takes it in two parts
        using Socket listener = new(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp), sender = new(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        listener.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        sender.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        using IDatagramSocket datagrams = new SocketDatagrams(sender, TimeProvider.System, usesPlatform: true);
        SocketAddress to = listener.LocalEndPoint!.Serialize();
        Assert.Equal(3, datagrams.Send(Datagram, [to, to, to]));
        sender.SendBufferSize = 1;
        Assert.SkipUnless(HasNoRoom(sender, tooMuch, to), "The system sends what its buffer has no room for.");
        Assert.Equal(0, datagrams.Send(tooMuch, [to, to]));
        Assert.Equal(0, datagrams.Send(tooMuch, [to]));
    }

    [Fact]
    public void A_socket_of_both_families_sends_to_both()
    {
        Assert.SkipUnless(HasIPv6, "There is no IPv6.");
        using Listeners four = new(3, IPAddress.Loopback), six = new(3, IPAddress.IPv6Loopback);
        using IDatagramSocket socket = new SocketNetwork(TimeProvider.System).Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        SocketAddress[] to = [.. four.All.Zip(six.All).SelectMany(static pair => new[] { pair.First.LocalEndPoint!.Serialize(), pair.Second.LocalEndPoint!.Serialize() })];
        Assert.Equal(6, socket.Send(Datagram, to));
        Assert.Equal([1, 1, 1], four.Take());
        Assert.Equal([1, 1, 1], six.Take());
    }

    [Theory, InlineData(Interrupted), InlineData(NoBuffers), InlineData(Unreachable), InlineData(111)]
    public void Who_fails_loses_its_own_and_nobody_else_does(int error)
    {
        Assert.SkipUnless(LinuxBatch.IsSupported, "Only Linux of 64 bits has the call.");
        foreach (int failing in new[] { 0, 5, 9 })
        {
            List<int> sent = [];
            Assert.Equal(10, Send(10, Failing(failing, error, sent)));
            Assert.Equal(Enumerable.Range(0, 10).Where(i => i != failing), sent);
        }
    }

    [Fact]
    public void Without_room_it_says_from_whom_on()
    {
        Assert.SkipUnless(LinuxBatch.IsSupported, "Only Linux of 64 bits has the call.");
        foreach (int failing in new[] { 0, 5, 9 })
        {
            List<int> sent = [];
            Assert.Equal(failing, Send(10, Failing(failing, TryAgain, sent)));
            Assert.Equal(Enumerable.Range(0, failing), sent);
        }
    }

    /// <summary>Where the call is forbidden or missing, each goes by itself; it is not asked for again once that is certain.</summary>
    [Theory, InlineData(NotPermitted, 8), InlineData(NoSuchCall, 1)]
    public unsafe void Where_there_is_no_such_call_each_goes_by_itself(int error, int certain)
    {
        Assert.SkipUnless(LinuxBatch.IsSupported, "Only Linux of 64 bits has the call.");
        using var listening = new Listeners(5, IPAddress.Loopback);
        using var sender = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        int calls = 0;
        var batch = new LinuxBatch((_, _, _, _) =>
        {
            calls++;
            Marshal.SetLastPInvokeError(error);
            return -1;
        });
        for (int i = 0; i < 5; i++) batch.Address(i, listening.All[i].LocalEndPoint!.Serialize());
        for (int round = 1; round <= 3; round++)
        {
            Assert.Equal(5, batch.Send(sender.SafeHandle, Datagram, 5));
            Assert.Equal([1, 1, 1, 1, 1], listening.Take());
            Assert.Equal(Math.Min(round * 5, certain), calls);
        }
    }

    /// <summary>A firewall's rule with a limit: it goes away, and the call stays in use.</summary>
    [Fact]
    public unsafe void What_is_forbidden_for_a_while_is_asked_for_again()
    {
        Assert.SkipUnless(LinuxBatch.IsSupported, "Only Linux of 64 bits has the call.");
        using var listening = new Listeners(7, IPAddress.Loopback);
        using var sender = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        int calls = 0;
        bool forbids = false;
        var batch = new LinuxBatch((_, _, count, _) =>
        {
            calls++;
            if (!forbids) return (int)count;
            Marshal.SetLastPInvokeError(NotPermitted);
            return -1;
        });
        for (int i = 0; i < 7; i++) batch.Address(i, listening.All[i].LocalEndPoint!.Serialize());
        for (int round = 1; round <= 5; round++)
        {
            forbids = true;
            Assert.Equal(7, batch.Send(sender.SafeHandle, Datagram, 7));
            Assert.Equal([1, 1, 1, 1, 1, 1, 1], listening.Take());
            forbids = false;
            Assert.Equal(7, batch.Send(sender.SafeHandle, Datagram, 7));
            Assert.Equal(round * 8, calls);
        }
    }

    [Fact]
    public void It_allocates_nothing_for_a_datagram()
    {
        using var listening = new Listeners(20, IPAddress.Loopback);
        using IDatagramSocket socket = new SocketNetwork(TimeProvider.System).Bind(new IPEndPoint(IPAddress.Loopback, 0));
        SocketAddress[] to = [.. listening.All.Select(static s => s.LocalEndPoint!.Serialize())];
        long fewest = long.MaxValue; // of some rounds: what the runtime allocates once falls into one of them
        for (int round = 0; round < 10; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 20; i++) _ = socket.Send(Datagram, to);
            fewest = Math.Min(fewest, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, fewest);
    }

    private static bool HasIPv6
    {
        get
        {
            if (!Socket.OSSupportsIPv6) return false;
            try
            {
                using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
                socket.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        }
    }

    private static bool HasNoRoom(Socket sender, byte[] datagram, SocketAddress to)
    {
        try
        {
            sender.SendTo(datagram, SocketFlags.None, to);
            return false;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.NoBufferSpaceAvailable;
        }
    }

    private static int Send(int count, LinuxBatch.SendMany call)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var batch = new LinuxBatch(call);
        for (int i = 0; i < count; i++) batch.Address(i, new IPEndPoint(IPAddress.Loopback, 100 + i).Serialize());
        return batch.Send(socket.SafeHandle, Datagram, count);
    }

    /// <summary>A kernel that takes at most four at a time and has an error for one of them. As the real one, it tells it only of the first.</summary>
    private static unsafe LinuxBatch.SendMany Failing(int failing, int error, List<int> sent) => (_, messages, count, _) =>
    {
        for (int i = 0; i < count && i < 4; i++)
        {
            int port = (messages[i].Header.Name[2] << 8) | messages[i].Header.Name[3];
            if (port - 100 == failing)
            {
                if (i > 0) return i;
                Marshal.SetLastPInvokeError(error);
                return -1;
            }

            Assert.Equal((16u, (nuint)1, (nuint)Datagram.Length), (messages[i].Header.NameLength, messages[i].Header.PartCount, messages[i].Header.Parts->Length));
            sent.Add(port - 100);
        }

        return (int)Math.Min(count, 4);
    };

    /// <summary>Sockets that listen, and a port that nobody has.</summary>
    private sealed class Listeners : IDisposable
    {
        public Listeners(int count, IPAddress address)
        {
            All = [.. Enumerable.Range(0, count).Select(_ => Bound(address))];
            using Socket gone = Bound(address);
            Gone = ((IPEndPoint)gone.LocalEndPoint!).Port;
        }

        public Socket[] All { get; }

        public int Gone { get; }

        /// <summary>How many datagrams came to each. Waits some seconds for the one that each is to get; more than that would be there already.</summary>
        public int[] Take()
        {
            byte[] buffer = new byte[2000];
            long start = Stopwatch.GetTimestamp();
            return [.. All.Select(socket =>
            {
                int count = 0;
                for (; socket.Poll(count == 0 ? Left(start) : TimeSpan.Zero, SelectMode.SelectRead); count++) Assert.Equal(Datagram, buffer[..socket.Receive(buffer)]);
                return count;
            })];
        }

        public void Dispose() => Array.ForEach(All, static socket => socket.Dispose());

        private static TimeSpan Left(long start)
        {
            TimeSpan left = TimeSpan.FromSeconds(10) - Stopwatch.GetElapsedTime(start);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }

        private static Socket Bound(IPAddress address)
        {
            var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(address, 0));
            return socket;
        }
    }
}
