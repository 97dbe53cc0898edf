using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Raop.Network;

/// <summary>A TCP connection: two pipes and the two pumps between them and the socket.</summary>
internal sealed class SocketStream : IStreamConnection
{
    private const int MinReceive = 4096;

    // Requests travel behind audio on the same connection: what waits must stay short, in the pipe and in the kernel.
    private const int MostWaiting = 64 * 1024;

    // What a closed stream's last bytes get; only a peer that takes nothing needs it.
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(250);

    private readonly Socket _socket;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopReceiving = new(), _stopSending = new();
    private readonly Pipe _in = NewPipe(), _out = NewPipe();
    private readonly DrainingPipeReader _input;
    private readonly Task _receiving, _sending;
    private volatile bool _disposed;

    public SocketStream(Socket socket, TimeProvider time)
    {
        _socket = socket;
        _time = time;
        LocalEndPoint = Unmapped(socket.LocalEndPoint!);
        RemoteEndPoint = Unmapped(socket.RemoteEndPoint!);
        socket.NoDelay = true;
        socket.SendBufferSize = MostWaiting;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true); // a dead host is found after 30 s
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 15);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
        _input = new DrainingPipeReader(_in.Reader);
        _receiving = ReceiveAsync();
        _sending = SendAsync();
    }

    public PipeReader Input => _input;

    public PipeWriter Output => _out.Writer;

    public IPEndPoint LocalEndPoint { get; }

    public IPEndPoint RemoteEndPoint { get; }

    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        using ITimer grace = _time.CreateTimer(static stop => ((CancellationTokenSource)stop!).Cancel(), _stopSending, Grace, Timeout.InfiniteTimeSpan);
        _stopReceiving.Cancel(); // a socket that is disposed under a waiting receive sends a reset and drops what it has to send
        _in.Writer.CancelPendingFlush();
        _out.Reader.CancelPendingRead();
        await _receiving.ConfigureAwait(false);
        await _sending.ConfigureAwait(false);
        _socket.Dispose();
    }

    /// <summary>The address without the IPv6 clothes that a dual socket puts on IPv4; an IPv6 scope stays.</summary>
    internal static IPEndPoint Unmapped(EndPoint endPoint)
    {
        var ip = (IPEndPoint)endPoint;
        return ip.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(ip.Address.MapToIPv4(), ip.Port) : ip;
    }

    private static Pipe NewPipe() => new(new PipeOptions(
        pauseWriterThreshold: MostWaiting, resumeWriterThreshold: MostWaiting / 2, minimumSegmentSize: MinReceive, useSynchronizationContext: false));

    private async Task ReceiveAsync()
    {
        try
        {
            while (true)
            {
                Memory<byte> memory = _in.Writer.GetMemory(MinReceive);
                int length = await _socket.ReceiveAsync(memory, SocketFlags.None, _stopReceiving.Token).ConfigureAwait(false);
                if (length == 0) break;
                _in.Writer.Advance(length);
                FlushResult flushed = await _in.Writer.FlushAsync().ConfigureAwait(false);
                if (flushed.IsCompleted || flushed.IsCanceled) break;
            }
        }
        catch (OperationCanceledException)
        {
            // disposed
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            _input.Fault = Explain(e);
            _socket.Dispose(); // a reset goes for both ways
            _out.Reader.CancelPendingRead();
        }

        if (_disposed) _input.Fault = NetworkErrors.ClosedHere(RemoteEndPoint);
        await _in.Writer.CompleteAsync().ConfigureAwait(false);
    }

    private async Task SendAsync()
    {
        Exception? fault = null;
        try
        {
            ReadResult result;
            do
            {
                result = await _out.Reader.ReadAsync().ConfigureAwait(false);
                foreach (ReadOnlyMemory<byte> segment in result.Buffer) await SendAllAsync(segment).ConfigureAwait(false);
                _out.Reader.AdvanceTo(result.Buffer.End);
            }
            while (!result.IsCompleted && !result.IsCanceled);

            _socket.Shutdown(SocketShutdown.Send);
            if (result.IsCanceled) fault = NetworkErrors.ClosedHere(RemoteEndPoint);
        }
        catch (Exception e)
        {
            // A cancelled send, or an output that was completed with an error, drops the connection on purpose.
            fault = e is SocketException or ObjectDisposedException ? Explain(e) : NetworkErrors.ClosedHere(RemoteEndPoint);
            _input.Fault = fault;
            _socket.Dispose();
            _in.Writer.CancelPendingFlush();
        }

        await _out.Reader.CompleteAsync(fault).ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendAllAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int sent = await _socket.SendAsync(bytes, SocketFlags.None, _stopSending.Token).ConfigureAwait(false);
            bytes = bytes[sent..];
        }
    }

    private Exception Explain(Exception e) =>
        _disposed ? NetworkErrors.ClosedHere(RemoteEndPoint)
        : _input.Fault ?? NetworkErrors.ConnectionLost(RemoteEndPoint, e as SocketException); // the other pump may know more
}
