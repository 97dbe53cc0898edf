using System.Net;

namespace Raop.Tests.Captures;

/// <summary>One captured TCP connection: what each end sent, whole, and in which pieces in time.</summary>
internal sealed record TcpConversation
{
    /// <summary>When it was opened, since 1970: the zero of <see cref="Pieces"/>.</summary>
    public required TimeSpan Opened { get; init; }

    public required IPEndPoint Client { get; init; }

    public required IPEndPoint Server { get; init; }

    /// <summary>All bytes from the client, in order, each once.</summary>
    public required byte[] ToServer { get; init; }

    /// <summary>All bytes from the server, in order, each once.</summary>
    public required byte[] ToClient { get; init; }

    /// <summary>The new bytes of each segment as they came, both ways: for a replay with the real cuts and the real order.</summary>
    public required IReadOnlyList<Piece> Pieces { get; init; }

    /// <summary>How a connection was cut into segments.</summary>
    /// <param name="At">Since the connection was opened.</param>
    internal sealed record Piece(TimeSpan At, bool FromClient, byte[] Bytes);

    /// <summary>Sorts segments by connection to <paramref name="serverPort"/>, in the order in which these were opened.</summary>
    /// <exception cref="InvalidDataException">Bytes of a connection are missing.</exception>
    public static IReadOnlyList<TcpConversation> Assemble(IEnumerable<TcpSegment> segments, int serverPort)
    {
        Dictionary<IPEndPoint, Assembly> open = [];
        List<Assembly> all = [];
        foreach (TcpSegment segment in segments)
        {
            bool fromClient = segment.Destination.Port == serverPort;
            if (!fromClient && segment.Source.Port != serverPort) continue;
            IPEndPoint client = fromClient ? segment.Source : segment.Destination;
            if (fromClient && segment.Flags.HasFlag(TcpFlags.Syn))
                all.Add(open[client] = new Assembly(client, segment.Destination, segment.Time));
            if (open.TryGetValue(client, out Assembly? connection)) connection.Add(segment, fromClient);
        }

        return [.. all.Select(connection => connection.Finish())];
    }

    private sealed class Assembly(IPEndPoint client, IPEndPoint server, TimeSpan opened)
    {
        private readonly Direction _toServer = new(), _toClient = new();
        private readonly List<Piece> _pieces = [];

        public void Add(TcpSegment segment, bool fromClient)
        {
            foreach (byte[] bytes in (fromClient ? _toServer : _toClient).Add(segment))
                _pieces.Add(new Piece(segment.Time - opened, fromClient, bytes));
        }

        public TcpConversation Finish() => new()
        {
            Opened = opened, Client = client, Server = server, ToServer = _toServer.Finish(), ToClient = _toClient.Finish(), Pieces = _pieces,
        };
    }

    /// <summary>Puts one direction in order: holds what came early, drops what came before.</summary>
    private sealed class Direction
    {
        private readonly List<byte> _bytes = [];
        private readonly List<TcpSegment> _early = [];
        private uint _next;

        /// <returns>The runs of bytes that this segment completes.</returns>
        public List<byte[]> Add(TcpSegment segment)
        {
            if (segment.Flags.HasFlag(TcpFlags.Syn)) _next = segment.Sequence + 1; // SYN counts as one
            if (segment.Payload.Length > 0) _early.Add(segment);
            List<byte[]> fresh = [];
            while (_early.Find(held => unchecked((int)(held.Sequence - _next)) <= 0) is { } due)
            {
                _early.Remove(due);
                int known = unchecked((int)(_next - due.Sequence));
                if (known >= due.Payload.Length) continue; // sent again
                byte[] bytes = due.Payload[known..];
                _next += (uint)bytes.Length;
                _bytes.AddRange(bytes);
                fresh.Add(bytes);
            }

            return fresh;
        }

        public byte[] Finish() => _early.Count == 0 ? [.. _bytes] : throw new InvalidDataException("A hole in the TCP stream.");
    }
}
