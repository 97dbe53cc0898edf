using System.Net;
using Raop.Network;

namespace Raop.Tests.Simulation;

/// <summary>A listening socket of a simulated host.</summary>
internal sealed class SimulatedListener(SimulatedHost host, IPEndPoint local) : IStreamListener
{
    private const int Backlog = 64;

    private readonly Queue<SimulatedStream> _offered = [];
    private TaskCompletionSource<IStreamConnection?>? _waiting;
    private bool _disposed;

    public IPEndPoint LocalEndPoint { get; } = local;

    public bool IsFull => _offered.Count >= Backlog;

    public async ValueTask<IStreamConnection?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        host.World.CheckThread();
        cancellationToken.ThrowIfCancellationRequested();
        if (_disposed) return null;
        if (_offered.TryDequeue(out SimulatedStream? stream)) return stream;
        if (_waiting is not null) throw new InvalidOperationException("One accept at a time.");

        var waiting = _waiting = new TaskCompletionSource<IStreamConnection?>();
        using CancellationTokenRegistration cancelled = cancellationToken.Register(() =>
        {
            _waiting = null;
            waiting.TrySetCanceled(cancellationToken);
        });
        return await waiting.Task.ConfigureAwait(false);
    }

    public ValueTask DisposeAsync()
    {
        if (_disposed) return ValueTask.CompletedTask;
        _disposed = true;
        host.Network.Closed(this);
        while (_offered.TryDequeue(out SimulatedStream? stream)) stream.ResetPeer();
        Wake(null);
        return ValueTask.CompletedTask;
    }

    /// <summary>A stream has come in.</summary>
    public void Offer(SimulatedStream stream)
    {
        if (_waiting is null) _offered.Enqueue(stream);
        else Wake(stream);
    }

    private void Wake(IStreamConnection? stream)
    {
        if (_waiting is not { } waiting) return;
        _waiting = null;
        host.Schedule(host.World.Nanoseconds, _ => waiting.TrySetResult(stream), null);
    }
}
