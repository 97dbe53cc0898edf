using System.Net;
using System.Net.Sockets;

namespace Raop.Network;

/// <summary>A UDP socket and, if wanted, the thread that receives from it. Neither way allocates for a datagram.</summary>
internal sealed class SocketDatagrams : IDatagramSocket
{
    private const int ReceiveBuffer = 1024 * 1024; // 0.7 s of everything that a receiver may be sent at once, should its thread be late
    private const int MaxDatagram = 65_536;

    private readonly Socket _socket;
    private readonly TimeProvider _time;
    private readonly bool _dual;
    private readonly SocketAddress _mapped = new(AddressFamily.InterNetworkV6); // of the sending thread
    private readonly ManualResetEventSlim _stopped = new();
    private Thread? _thread;
    private Inbox? _inbox; // of who drains

    public SocketDatagrams(Socket socket, TimeProvider time)
    {
        _socket = socket;
        _time = time;
        _dual = socket.AddressFamily == AddressFamily.InterNetworkV6 && socket.DualMode;
        socket.ReceiveBufferSize = ReceiveBuffer; // the system may give less
        socket.SendTimeout = 1; // ms: better lost than late
        LocalEndPoint = (IPEndPoint)socket.LocalEndPoint!;
    }

    public IPEndPoint LocalEndPoint { get; }

    public void Send(ReadOnlySpan<byte> datagram, SocketAddress to)
    {
        if (_dual && to.Family == AddressFamily.InterNetwork) to = MappedAddress.Map(to, _mapped);
        try
        {
            if (LinuxDatagrams.IsSupported) LinuxDatagrams.Send(_socket.SafeHandle, datagram, to);
            else _socket.SendTo(datagram, SocketFlags.None, to);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // lost
        }
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
            Hand(_inbox, length, handler);
            count++;
        }

        return count;
    }

    private void Receive(object? state)
    {
        var handler = (DatagramHandler)state!;
        var inbox = new Inbox(_socket.AddressFamily);
        while (!_stopped.IsSet)
        {
            if (TryReceive(inbox, out int length) && !_stopped.IsSet) Hand(inbox, length, handler);
        }
    }

    /// <summary>Receives without waiting. What is available is cheap to ask, but an empty datagram does not show there.</summary>
    private bool TryTake(Inbox inbox, out int length)
    {
        length = 0;
        try
        {
            if (!LinuxDatagrams.IsSupported) return (_socket.Available > 0 || _socket.Poll(0, SelectMode.SelectRead)) && TryReceive(inbox, out length);
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

    private void Hand(Inbox inbox, int length, DatagramHandler handler)
    {
        long timestamp = _time.GetTimestamp();
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
