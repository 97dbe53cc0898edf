using System.Net;
using System.Security.Cryptography;
using Raop.Network;
using Raop.Timing;

namespace Raop.Discovery;

/// <summary>
/// Asks one host alone what it announces, from a port other than 5353, as a resolver that knows nothing of multicast would (RFC 6762 sections 5.1 and
/// 6.7): for a device in another network, which multicast does not reach.
/// </summary>
/// <param name="network">Where the socket comes from.</param>
/// <param name="host">Whom to ask.</param>
/// <param name="port">The RTSP port that is meant; null when the host has one alone.</param>
internal sealed class UnicastQuestion(INetwork network, IPAddress host, int? port)
{
    public const int Port = 5353;

    private const int MostRecords = 256;

    /// <summary>Questions that follow an answer at once; a host could go on for ever.</summary>
    private const int MostFollowing = 16;

    /// <summary>Again after so long, for what was lost.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private static readonly DnsName Service = DnsName.Parse(SpeakerTable.Raop + ".local");

    private readonly PeerAddress _peer = new(host);
    private readonly Lock _lock = new();
    private readonly List<DnsRecord> _records = [];
    private readonly TaskCompletionSource<ServiceChange?> _answer = new(network.Completions);
    private readonly ushort _id = (ushort)RandomNumberGenerator.GetInt32(1, ushort.MaxValue);
    private int _following;

    /// <summary>Asks.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="limit">How long to wait at most.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The service at the host's address, or null when the host does not say.</returns>
    public async Task<ServiceChange?> AskAsync(TimeProvider time, TimeSpan limit, CancellationToken cancellationToken)
    {
        long start = time.GetTimestamp();
        using IDatagramSocket socket = network.Bind(new IPEndPoint(host.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0));
        SocketAddress to = new IPEndPoint(host, Port).Serialize();
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(_ => _answer.TrySetCanceled(cancellationToken), null);
        socket.Start((datagram, from, _) => Handle(datagram, from, socket, to));
        Ask(socket, to);
        ITimer timer = time.CreateTimer(
            _ =>
            {
                if (time.GetElapsedTime(start) < limit) Ask(socket, to);
                else _answer.TrySetResult(null);
            },
            null, Pause < limit ? Pause : limit, Pause < limit ? Pause : limit);
        await using (timer.ConfigureAwait(false)) return await _answer.Task.ConfigureAwait(false);
    }

    private void Handle(ReadOnlySpan<byte> datagram, SocketAddress from, IDatagramSocket socket, SocketAddress to)
    {
        if (!_peer.Is(from) || !DnsMessage.TryParse(datagram, out DnsMessage? message) || !message.IsResponse || !message.IsOrdinary || message.Id != _id) return;
        bool asksMore;
        ServiceChange? found;
        lock (_lock)
        {
            int before = _records.Count;
            foreach (DnsRecord record in message.Answers.Concat(message.Additionals))
            {
                if (_records.Count < MostRecords && record.Ttl > 0 && !_records.Exists(record.SaysSame)) _records.Add(record);
            }

            found = Find();
            asksMore = _records.Count > before && _following++ < MostFollowing;
        }

        if (found is not null) _answer.TrySetResult(found);
        else if (asksMore) Ask(socket, to);
    }

    /// <summary>Asks for what is not known yet.</summary>
    private void Ask(IDatagramSocket socket, SocketAddress to)
    {
        var writer = new DnsWriter(DnsMessage.UsualSize);
        writer.Begin(_id, 0);
        lock (_lock)
        {
            DnsName[] instances = Instances();
            if (instances.Length == 0) writer.TryAdd(new DnsQuestion(Service, DnsType.Ptr));
            foreach (DnsName instance in instances)
            {
                foreach (DnsType type in (DnsType[])[DnsType.Srv, DnsType.Txt])
                {
                    if (!_records.Exists(record => record.Type == type && record.Name == instance)) writer.TryAdd(new DnsQuestion(instance, type));
                }
            }

            if (!writer.IsEmpty) socket.Send(writer.Written, to); // one thread at a time
        }
    }

    private DnsName[] Instances() =>
        [.. _records.Where(static record => record.Name == Service).Select(static record => record.Data).OfType<DnsPointer>().Select(static pointer => pointer.Target)
            .Where(static instance => instance.Parent == Service)];

    /// <summary>The instance on the port, with all that is to be known.</summary>
    private ServiceChange? Find()
    {
        foreach (DnsName instance in Instances())
        {
            if (Data<DnsService>(instance) is not { Port: > 0 } service || Data<DnsText>(instance) is not { } text || (port ?? service.Port) != service.Port) continue;
            IPEndPoint[] endPoints = [new IPEndPoint(host, service.Port)];
            return new ServiceChange(ServiceChangeKind.Added, instance.FirstLabel, SpeakerTable.Raop, service.Target.ToString(), service.Port, endPoints, text.Values);
        }

        return null;
    }

    private T? Data<T>(DnsName name)
        where T : DnsData => _records.Where(record => record.Name == name).Select(static record => record.Data).OfType<T>().FirstOrDefault();
}
