using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Runtime.CompilerServices;
using Raop.Network;

namespace Raop.Tests.Simulation;

/// <summary>One end of a simulated TCP connection.</summary>
internal sealed class SimulatedStream : IStreamConnection
{
    private const int Segment = 1448; // what Ethernet carries of TCP
    private const int Window = 64 * 1024; // bytes on the way or not yet taken by the peer's pipe

    private readonly SimulatedHost _host;
    private readonly int _incarnation;
    private readonly Pipe _in, _out;
    private readonly DrainingPipeReader _input;
    private readonly Queue<byte[]> _arrived = []; // an empty one is the end
    private Task _pump = Task.CompletedTask;
    private TaskCompletionSource? _windowOpens;
    private Exception? _closed;
    private bool _delivering, _peerIsDone, _isDeaf, _disposing;
    private int _inFlight;

    public SimulatedStream(SimulatedHost host, IPEndPoint local, IPEndPoint remote)
    {
        _host = host;
        _incarnation = host.Incarnation;
        _in = new Pipe(host.Pipes);
        _out = new Pipe(host.Pipes);
        _input = new DrainingPipeReader(_in.Reader);
        LocalEndPoint = local;
        RemoteEndPoint = remote;
    }

    public PipeReader Input => _input;

    public PipeWriter Output => _out.Writer;

    public IPEndPoint LocalEndPoint { get; }

    public IPEndPoint RemoteEndPoint { get; }

    public SimulatedStream Peer { get; private set; } = null!;

    /// <summary>Whether its process has been killed.</summary>
    public bool IsDead => _incarnation != _host.Incarnation;

    /// <summary>When the last segment that we have sent arrives.</summary>
    public StrongBox<long> Order { get; } = new();

    private SimulatedWorld World => _host.World;

    public static void Join(SimulatedStream client, SimulatedStream server)
    {
        client.Peer = server;
        server.Peer = client;
        client._pump = client.PumpAsync();
        server._pump = server.PumpAsync();
    }

    public async ValueTask DisposeAsync()
    {
        World.CheckThread();
        if (IsDead) return;
        _disposing = true;
        _out.Reader.CancelPendingRead();
        OpenWindow();
        if (_pump.IsCompleted) Close(NetworkErrors.ClosedHere(RemoteEndPoint));
        else if (!_host.IsFrozen) await _pump.ConfigureAwait(false);
    }

    /// <summary>Ends this end at once and lets the peer see a reset.</summary>
    public void ResetPeer()
    {
        SendToPeer(0, static peer => peer.Arrived(() => peer.Close(NetworkErrors.ConnectionLost(peer.RemoteEndPoint))));
        if (!IsDead) Close(NetworkErrors.ConnectionLost(RemoteEndPoint));
    }

    private void Close(Exception why)
    {
        if (_closed is not null || IsDead) return;
        _closed = why;
        _input.Fault = why;
        _arrived.Clear();
        _in.Writer.CancelPendingFlush();
        if (!_delivering) _in.Writer.Complete();
        _out.Reader.CancelPendingRead();
        OpenWindow();
        _host.Network.Closed(this);
    }

    private async Task PumpAsync()
    {
        try
        {
            while (_closed is null)
            {
                ReadResult result = await _out.Reader.ReadAsync().ConfigureAwait(false);
                if (_closed is not null) break;
                ReadOnlySequence<byte> rest = result.Buffer;
                while (!rest.IsEmpty && _closed is null)
                {
                    int length = (int)Math.Min(rest.Length, Segment);
                    if (_inFlight + length > Window)
                    {
                        if (_disposing) break;
                        _windowOpens = new TaskCompletionSource();
                        await _windowOpens.Task.ConfigureAwait(false);
                        continue;
                    }

                    _inFlight += length;
                    Send(rest.Slice(0, length).ToArray());
                    rest = rest.Slice(length);
                }

                _out.Reader.AdvanceTo(result.Buffer.End);
                if (!result.IsCompleted && !_disposing) continue;
                if (_closed is null) Send([]);
                if (_disposing) Close(NetworkErrors.ClosedHere(RemoteEndPoint));
                break;
            }
        }
        catch (Exception)
        {
            if (_closed is null) ResetPeer(); // the output was completed with an error
        }

        await _out.Reader.CompleteAsync(_closed).ConfigureAwait(false);
    }

    private void Send(byte[] segment) => SendToPeer(segment.Length, peer =>
    {
        if (peer.IsDead) peer.ResetPeer(); // the machine answers for a process that it no longer has
        else peer.Arrived(() => peer.Take(segment));
    });

    private void SendToPeer(int length, Action<SimulatedStream> arrive) =>
        World.Path(_host, Peer._host).SendSegment(length, Order, _ => arrive(Peer), this);

    private void Arrived(Action action)
    {
        if (!IsDead) _host.Network.Arrived(action);
    }

    private void Take(byte[] segment)
    {
        if (_isDeaf) return; // the peer's window closes and stays so
        if (_closed is not null)
        {
            if (segment.Length > 0) ResetPeer();
            return;
        }

        if (World.KeepsLog) World.Record($"{_host.Name} {LocalEndPoint} gets {segment.Length} bytes of the stream from {RemoteEndPoint}");
        _arrived.Enqueue(segment);
        if (!_delivering) _ = DeliverAsync();
    }

    private async Task DeliverAsync()
    {
        _delivering = true;
        while (_arrived.TryDequeue(out byte[]? segment))
        {
            if (segment.Length == 0)
            {
                _peerIsDone = true;
                break;
            }

            FlushResult flushed = await _in.Writer.WriteAsync(segment).ConfigureAwait(false);
            _isDeaf = flushed.IsCompleted;
            if (_closed is not null || _isDeaf) break;
            SendToPeer(0, peer => peer.Arrived(() => peer.Acknowledged(segment.Length)));
        }

        _delivering = false;
        if (_peerIsDone || _closed is not null) await _in.Writer.CompleteAsync().ConfigureAwait(false);
    }

    private void Acknowledged(int length)
    {
        _inFlight -= length;
        OpenWindow();
    }

    private void OpenWindow()
    {
        TaskCompletionSource? opens = _windowOpens;
        _windowOpens = null;
        opens?.SetResult();
    }
}
