using System.Net;
using System.Runtime.CompilerServices;
using Raop.Audio;
using Raop.Discovery;
using Raop.Network;
using Raop.Receiving;
using Raop.Remote;
using Raop.Security;

namespace Raop;

/// <summary>
/// A speaker: takes AirTunes v1 (TCP) and v2 (UDP) streams from senders and gives PCM to a sink. Plays for one sender at a time.
/// </summary>
public sealed partial class RaopReceiver : IAsyncDisposable
{
    /// <summary>Connections of one address at a time, so that one host cannot take them all.</summary>
    private const int MaxPerAddress = 8;

    /// <summary>A sink that hangs in a write is left behind after this.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ReceiverContext _context;
    private readonly IStreamListener _listener;
    private Advertisement? _advertisement;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _completion = new();
    private readonly Lock _lock = new();
    private readonly List<(IPAddress Address, Task Serving)> _connections = [];
    private readonly Task _serving;

    private RaopReceiver(ReceiverContext context, IStreamListener listener)
    {
        (_context, _listener) = (context, listener);
        _remote = new SenderRemote(context.Network, context.Options.TimeProvider, context.OpenFinder, context.Log);
        _serving = ServeAsync();
    }

    /// <summary>Where it listens, with the port that was taken.</summary>
    public IPEndPoint EndPoint => _listener.LocalEndPoint;

    /// <summary>The name that senders see: the one of the options until it is announced, and then what it is announced as.</summary>
    public string Name => _advertisement?.Name ?? _context.Options.Name;

    /// <summary>What discovery says in cn: the codecs that senders may choose from.</summary>
    internal IReadOnlyList<int> CodecNumbers => _context.CodecNumbers;

    /// <summary>Completes when the receiver is disposed; fails with the sink's error when the sink fails.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Starts listening.</summary>
    /// <param name="sink">Takes the PCM of every session, one after the other. Stays the caller's to dispose.</param>
    /// <param name="options">Settings, or null for the defaults.</param>
    /// <param name="onEvent">Told what happens, one event at a time; must return soon and not throw. May be null.</param>
    /// <returns>The running receiver. Disposing it ends sessions and closes every port.</returns>
    /// <exception cref="RaopException">AddressInUse: the port is taken, or the address is not this machine's.</exception>
    /// <exception cref="ArgumentException">The options' hardware address has not six bytes.</exception>
    public static RaopReceiver Start(IPcmSink sink, RaopReceiverOptions? options = null, Action<RaopReceiverEvent>? onEvent = null)
    {
        ArgumentNullException.ThrowIfNull(sink);
        options ??= new RaopReceiverOptions();
        RaopReceiver receiver = Start(new SocketNetwork(options.TimeProvider), sink, options, onEvent, change: null);
        if (options.Advertise) receiver.Advertise(service: null);

        // Where it is compiled at its first call, the first private-key operation of a process takes 0.1 s longer than the next, and PulseAudio
        // hangs if a stream begins while its OPTIONS waits.
        if (RuntimeFeature.IsDynamicCodeCompiled) _ = Task.Run(static () => AirPortExpressKey.SignRaw([]));
        return receiver;
    }

    /// <summary>Starts listening on any network; tests change the context.</summary>
    internal static RaopReceiver Start(
        INetwork network, IPcmSink sink, RaopReceiverOptions options, Action<RaopReceiverEvent>? onEvent, Action<ReceiverContext>? change)
    {
        RaopReceiver? receiver = null;
        if (options.HardwareAddress is { Length: not 6 }) throw new ArgumentException("A hardware address has six bytes.", nameof(options));
        IStreamListener listener = network.Listen(options.Listen);
        ReadOnlyMemory<byte> address = options.HardwareAddress ?? DeviceAddress.Of(options.Name, listener.LocalEndPoint.Port);
        var context = new ReceiverContext(options, network, sink, address, Raise, e => receiver!.Fail(e));
        change?.Invoke(context);
        return receiver = new RaopReceiver(context, listener);

        void Raise(RaopReceiverEvent e)
        {
            if (e is RaopSessionStarted or RaopSessionEnded) receiver?._advertisement?.SetBusy(e is RaopSessionStarted);
            onEvent?.Invoke(e);
        }
    }

    /// <summary>Makes it known; senders may connect from here on. Once.</summary>
    /// <param name="service">Multicast DNS, or null for the process's own.</param>
    internal void Advertise(MdnsService? service) => _advertisement = Advertisement.Begin(_context, EndPoint, service);

    /// <summary>Ends what is playing, closes every port and waits until all is quiet, at most 5 s for a sink that hangs.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_advertisement is not null) await _advertisement.DisposeAsync().ConfigureAwait(false); // while it can still be reached
        _stop.Cancel();
        await _remote.DisposeAsync().ConfigureAwait(false);
        await _listener.DisposeAsync().ConfigureAwait(false);
        await _serving.ConfigureAwait(false);
        Task[] connections;
        lock (_lock) connections = [.. _connections.Select(static connection => connection.Serving)];
        await Task.WhenAll(connections).ConfigureAwait(false);
        if (_context.Player.Current is { } session)
        {
            session.End(RaopEndCause.Stopped, drain: false);
            try
            {
                await session.Over.WaitAsync(Patience, _context.Options.TimeProvider).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // The sink's owner disposes it.
            }
        }

        _completion.TrySetResult();
    }

    private void Fail(RaopException e)
    {
        _completion.TrySetException(e);
        _stop.Cancel();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (await _listener.AcceptAsync(_stop.Token).ConfigureAwait(false) is { } connection)
            {
                if (TryServe(connection)) continue;
                _context.Log.TooManyConnections(connection.RemoteEndPoint, _context.Options.MaxConnections);
                await connection.DisposeAsync().ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private bool TryServe(IStreamConnection connection)
    {
        lock (_lock)
        {
            IPAddress address = connection.RemoteEndPoint.Address;
            _connections.RemoveAll(static connection => connection.Serving.IsCompleted);
            if (_connections.Count >= _context.Options.MaxConnections) return false;
            if (_connections.Count(connection => connection.Address.Equals(address)) >= MaxPerAddress) return false;
            _connections.Add((address, ServeAsync(connection)));
            return true;
        }
    }

    private async Task ServeAsync(IStreamConnection connection)
    {
        await using (connection.ConfigureAwait(false))
        {
            await new ReceiverConnection(_context, connection).RunAsync(_stop.Token).ConfigureAwait(false);
            await connection.Output.CompleteAsync().ConfigureAwait(false);
        }
    }
}
