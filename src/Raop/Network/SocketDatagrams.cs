using System.Net;
using System.Net.Sockets;

namespace Raop.Network;

/// <summary>A UDP socket and, if wanted, the thread that receives from it. Neither way allocates for a datagram.</summary>
internal sealed class SocketDatagrams : IDatagramSocket
{
    private const int ReceiveBuffer = 1024 * 1024; // 0.7 s of everything that a receiver may be sent at once, should its thread be late
    private const int MaxDatagram = 65_536;

    /// <summary>What is sent to a host that has just gone waits in the kernel for its address, up to 208 KiB, and counts here.</summary>
    private const int SendBuffer = 1024 * 1024;

    private readonly Socket _socket;
    private readonly TimeProvider _time;
    private readonly bool _dual, _isLinux;
    private readonly SocketAddress _mapped = new(AddressFamily.InterNetworkV6); // of the sending thread
    private readonly ManualResetEventSlim _stopped = new();
    private Thread? _thread;
    private Inbox? _inbox; // of who drains
    private LinuxBatch? _batch; // of the sending thread, once it has sent to several

    /// <param name="socket">Bound.</param>
    /// <param name="time">Clock for arrival timestamps.</param>
    /// <param name="usesPlatform">Whether .NET's library does everything, as on other systems, even on Linux.</param>
    public SocketDatagrams(Socket socket, TimeProvider time, bool usesPlatform = false)
    {
        _socket = socket;
        _time = time;
        _isLinux = LinuxDatagrams.IsSupported && !usesPlatform;
        _dual = socket.AddressFamily == AddressFamily.InterNetworkV6 && socket.DualMode;
        socket.ReceiveBufferSize = ReceiveBuffer; // the system may give less
        socket.SendBufferSize = SendBuffer; // so here
        socket.SendTimeout = 1; // ms: better lost than late; Linux does not wait at all
        LocalEndPoint = (IPEndPoint)socket.LocalEndPoint!;
    }

    public IPEndPoint LocalEndPoint { get; }

    public void Send(ReadOnlySpan<byte> datagram, SocketAddress to) => _ = TrySend(datagram, to);

    public int Send(ReadOnlySpan<byte> datagram, ReadOnlySpan<SocketAddress> to)
    {
        int done = 0;
        if (!_isLinux || !LinuxBatch.IsSupported || to.Length == 1)
        {
            while (done < to.Length && TrySend(datagram, to[done])) done++;
            return done;
        }

        _batch ??= new LinuxBatch();
        while (done < to.Length)
        {
            ReadOnlySpan<SocketAddress> some = to.Slice(done, Math.Min(to.Length - done, LinuxBatch.Most));
            for (int i = 0; i < some.Length; i++) _batch.Address(i, Reachable(some[i]));
            int sent;
            try
            {
                sent = _batch.Send(_socket.SafeHandle, datagram, some.Length);
            }
            catch (ObjectDisposedException)
            {
                return to.Length; // lost
            }

            done += sent;
            if (sent < some.Length) break;
        }

        return done;
    }

    public void Start(DatagramHandler handler)
    {
        if (_thread is not null) throw new InvalidOperationException("Start was called before.");
        _thread = new Thread(Receive) { IsBackground = true, Name = $"UDP {LocalEndPoint}", Priority = ThreadPriority.AboveNormal };
        _thread.Start(handler);
    }

    public void Dispose()
    {
        _stopped.Set();
        _socket.Dispose(); // ends a waiting receive
        if (_thread != Thread.CurrentThread) _thread?.Join();
    }

    public int Drain(DatagramHandler handler, int most)
    {
        _inbox ??= new Inbox(_socket.AddressFamily);
        int count = 0;
        while (count < most && !_stopped.IsSet && TryTake(_inbox, out int length))
        {
            Hand(_inbox, length, handler, age: 0);
            count++;
        }

        return count;
    }

    private SocketAddress Reachable(SocketAddress to) => _dual && to.Family == AddressFamily.InterNetwork ? MappedAddress.Map(to, _mapped) : to;

    /// <summary>False when there is no room; what fails otherwise is lost.</summary>
    private bool TrySend(ReadOnlySpan<byte> datagram, SocketAddress to)
    {
        to = Reachable(to);
        try
        {
            if (_isLinux) return LinuxDatagrams.Send(_socket.SafeHandle, datagram, to.Buffer.Span[..to.Size]) != LinuxDatagrams.TryAgain;
            _socket.SendTo(datagram, SocketFlags.None, to);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock or SocketError.NoBufferSpaceAvailable)
        {
            return false;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // lost
        }

        return true;
    }

    private void Receive(object? state)
    {
        var handler = (DatagramHandler)state!;
        var inbox = new Inbox(_socket.AddressFamily);
        Age();
        while (!_stopped.IsSet)
        {
            if (TryReceive(inbox, out int length) && !_stopped.IsSet) Hand(inbox, length, handler, Age());
        }
    }

    /// <summary>Receives without waiting. What is available is cheap to ask, but an empty datagram does not show there.</summary>
    private bool TryTake(Inbox inbox, out int length)
    {
        length = 0;
        try
        {
            if (!_isLinux) return (_socket.Available > 0 || _socket.Poll(0, SelectMode.SelectRead)) && TryReceive(inbox, out length);
            inbox.From.Size = inbox.WholeFrom;
            length = LinuxDatagrams.Receive(_socket.SafeHandle, inbox.Buffer, inbox.From);
            return length >= 0;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    private bool TryReceive(Inbox inbox, out int length)
    {
        length = 0;
        try
        {
            inbox.From.Size = inbox.WholeFrom;
            length = _socket.ReceiveFrom(inbox.Buffer, SocketFlags.None, inbox.From);
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionRefused or SocketError.MessageSize)
        {
            return false; // an earlier send found no one, or more than a datagram may hold
        }
        catch (SocketException)
        {
            _stopped.Wait(10); // ms, should it last
            return false;
        }
        catch (ObjectDisposedException)
        {
            _stopped.Set();
            return false;
        }
    }

    /// <summary>
    /// How long the datagram has waited for this thread to wake, in the clock's ticks: 50 µs, or ms on a busy machine, by which each exchange of clocks would be
    /// wrong. 0 where nobody knows.
    /// </summary>
    private long Age()
    {
        if (!_isLinux || _time != TimeProvider.System) return 0;
        try
        {
            long came = LinuxDatagrams.Came(_socket.SafeHandle) / TimeSpan.NanosecondsPerTick, age = _time.GetUtcNow().Subtract(DateTimeOffset.UnixEpoch).Ticks - came;
            return age is > 0 and < TimeSpan.TicksPerSecond ? age * _time.TimestampFrequency / TimeSpan.TicksPerSecond : 0; // the clock may have been set meanwhile
        }
        catch (ObjectDisposedException)
        {
            return 0;
        }
    }

    private void Hand(Inbox inbox, int length, DatagramHandler handler, long age)
    {
        long timestamp = _time.GetTimestamp() - age;
        SocketAddress sender = _dual && MappedAddress.TryUnmap(inbox.From, inbox.Unmapped) ? inbox.Unmapped : inbox.From;
        handler(inbox.Buffer.AsSpan(0, length), sender, timestamp);
    }

    /// <summary>Where datagrams are received, one after the other.</summary>
    private sealed class Inbox(AddressFamily family)
    {
        public readonly byte[] Buffer = GC.AllocateUninitializedArray<byte>(MaxDatagram, pinned: true);
        public readonly SocketAddress From = new(family), Unmapped = new(AddressFamily.InterNetwork);

        public int WholeFrom { get; } = new SocketAddress(family).Size;
    }
}
