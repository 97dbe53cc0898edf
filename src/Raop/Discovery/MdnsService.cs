using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Raop.Network;
using Raop.Timing;

namespace Raop.Discovery;

/// <summary>
/// Multicast DNS of one host: gives every message to the responder and the querier, and sends what they want sent. One lock guards them; what
/// they tell the outside is told from the pacer's thread, in order, outside the lock.
/// </summary>
internal sealed partial class MdnsService : IAsyncDisposable
{
    private const int LookSeconds = 5;

    private readonly IMulticastNetwork _network;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _lock = new();
    private readonly List<IMdnsCore> _cores = [];
    private readonly Queue<Action> _news = []; // told without the lock
    private readonly NetworkOutput _output;
    private readonly Pacer _pacer;
    private readonly PacedStep _step;
    private IReadOnlyList<MulticastLink> _links = [];
    private readonly Random _random;
    private long _now;
    private (long Ticks, DateTimeOffset Wall) _looked;
    private bool _disposed;

    private MdnsService(IMulticastNetwork network, TimeProvider time, ILogger log, Random random)
    {
        (_network, _time, _log, _random) = (network, time, log, random);
        _looked = (time.GetTimestamp(), time.GetUtcNow());
        _output = new NetworkOutput(network);
        _pacer = Pacer.Create(time, network.ResumesInPlace, "mDNS");
        _now = time.GetTimestamp();
        CreateCores();
        RefreshLinks();
        _step = _pacer.Start(Step);
        network.Start(Handle, RefreshLinks);
    }

    /// <summary>The interfaces that are used.</summary>
    public IReadOnlyList<MulticastLink> Links => _network.Links;

    /// <summary>Begins to listen.</summary>
    /// <param name="network">Becomes the service's own, which disposes it.</param>
    /// <param name="time">The clock of the network's timestamps.</param>
    /// <param name="log">Log.</param>
    /// <param name="random">For simulations: spreads what many hosts would do at once.</param>
    public static MdnsService Open(IMulticastNetwork network, TimeProvider time, ILogger log, Random? random = null) =>
        new(network, time, log, random ?? Random.Shared);

    /// <summary>Says goodbye for everything published and closes the sockets.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_disposed) return ValueTask.CompletedTask;
            Farewell();
            _disposed = true;
        }

        _network.Dispose();
        _step.Dispose();
        _pacer.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Adds a part while the service is being made.</summary>
    private void AddCore(IMdnsCore core) => _cores.Add(core);

    /// <summary>Each part of this class that has a core adds it here.</summary>
    private void CreateCores()
    {
        CreateResponder();
        CreateQuerier();
    }

    partial void CreateResponder();

    partial void CreateQuerier();

    /// <summary>Takes back what was published, while the network still stands.</summary>
    partial void Farewell();

    /// <summary>Has something told from the pacer's thread, after what was told before. Call it with the lock held.</summary>
    private void Tell(Action news)
    {
        _news.Enqueue(news);
        _step?.Wake();
    }

    /// <summary>Has the cores polled soon.</summary>
    private void PollSoon() => _step.Wake();

    private long Now() => _now = Math.Max(_now, _time.GetTimestamp());

    private void Handle(ReadOnlySpan<byte> datagram, in MulticastArrival arrival)
    {
        if (!DnsMessage.TryParse(datagram, out DnsMessage? message) || !message.IsOrdinary) return;
        lock (_lock)
        {
            if (_disposed || !IsOnLink(arrival)) return;
            MulticastArrival now = arrival with { Timestamp = Now(), IsOwn = _output.Sent(datagram) };
            foreach (IMdnsCore core in _cores) core.Handle(message, now);
        }

        _step.Wake();
    }

    /// <summary>Only hosts of the link are heard (RFC 6762 section 11), and answers only from port 5353 (section 6).</summary>
    private bool IsOnLink(in MulticastArrival arrival)
    {
        foreach (MulticastLink link in _links)
        {
            if (link.Index == arrival.Link) return link.IsLocal(arrival.From.Address);
        }

        return false;
    }

    private void RefreshLinks()
    {
        lock (_lock)
        {
            if (_disposed) return;
            _links = _network.Links;
            foreach (IMdnsCore core in _cores) core.SetLinks(_links, Now());
        }

        _step?.Wake();
    }

    private long Step(long now)
    {
        long next = Pacer.Never;
        lock (_lock)
        {
            if (_disposed) return Pacer.Never;
            _now = Math.Max(_now, now);
            NoticeSleep();
            foreach (IMdnsCore core in _cores) next = Math.Min(next, core.Poll(_now, _output));
        }

        TellNews();
        return Math.Min(next, _now + (LookSeconds * _time.TimestampFrequency));
    }

    /// <summary>The wall clock went on while the other did not, or both did and nobody looked: the machine slept.</summary>
    private void NoticeSleep()
    {
        DateTimeOffset wall = _time.GetUtcNow();
        TimeSpan passed = wall - _looked.Wall, counted = _time.GetElapsedTime(_looked.Ticks, _now);
        _looked = (_now, wall);
        if (passed - counted <= TimeSpan.FromSeconds(LookSeconds) && counted <= TimeSpan.FromSeconds(LookSeconds * 4)) return;
        foreach (IMdnsCore core in _cores) core.Wake(_now);
    }

    private void TellNews()
    {
        while (true)
        {
            Action? news;
            lock (_lock)
            {
                if (!_news.TryDequeue(out news)) return;
            }

            try
            {
                news();
            }
            catch (Exception e)
            {
                _log.ListenerFailed(e);
            }
        }
    }

    private sealed class NetworkOutput(IMulticastNetwork network) : IMdnsOutput
    {
        private readonly ulong[] _sent = new ulong[64]; // sums of the latest
        private int _next;

        public void Send(int link, AddressFamily family, ReadOnlySpan<byte> datagram, IPEndPoint? to = null)
        {
            if (to is null) _sent[_next++ % _sent.Length] = Sum(datagram);
            network.Send(link, family, datagram, to);
        }

        /// <summary>Whether it looks like one of the latest that went out: the group brings them back.</summary>
        public bool Sent(ReadOnlySpan<byte> datagram) => _sent.AsSpan().Contains(Sum(datagram));

        /// <summary>FNV-1a.</summary>
        private static ulong Sum(ReadOnlySpan<byte> bytes)
        {
            ulong sum = 14695981039346656037;
            foreach (byte b in bytes) sum = (sum ^ b) * 1099511628211;
            return sum;
        }
    }
}
