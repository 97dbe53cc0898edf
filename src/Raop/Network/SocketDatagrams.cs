using System.Net;
using System.Net.Sockets;

namespace Raop.Network;

/// <summary>A UDP socket and the thread that receives from it. Neither way allocates for a datagram.</summary>
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
            _socket.SendTo(datagram, SocketFlags.None, to);
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

    private void Receive(object? state)
    {
        var handler = (DatagramHandler)state!;
        byte[] buffer = GC.AllocateUninitializedArray<byte>(MaxDatagram, pinned: true);
        var from = new SocketAddress(_socket.AddressFamily);
        var unmapped = new SocketAddress(AddressFamily.InterNetwork);
        int whole = from.Size;
        while (!_stopped.IsSet)
        {
            int length;
            try
            {
                from.Size = whole;
                length = _socket.ReceiveFrom(buffer, SocketFlags.None, from);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionRefused or SocketError.MessageSize)
            {
                continue; // an earlier send found no one, or more than a datagram may hold
            }
            catch (SocketException)
            {
                _stopped.Wait(10); // ms, should it last
                continue;
            }
            catch (ObjectDisposedException)
            {
                return;
            }

            long timestamp = _time.GetTimestamp();
            if (_stopped.IsSet) return;
            SocketAddress sender = _dual && MappedAddress.TryUnmap(from, unmapped) ? unmapped : from;
            handler(buffer.AsSpan(0, length), sender, timestamp);
        }
    }
}
