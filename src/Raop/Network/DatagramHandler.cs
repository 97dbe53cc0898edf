using System.Net;

namespace Raop.Network;

/// <summary>Takes a datagram that has arrived.</summary>
/// <param name="datagram">The bytes, valid during the call.</param>
/// <param name="from">The sender's address, valid during the call; IPv4 when it came over a dual socket from IPv4.</param>
/// <param name="timestamp">When it arrived, in ticks of the host's TimeProvider.</param>
internal delegate void DatagramHandler(ReadOnlySpan<byte> datagram, SocketAddress from, long timestamp);
