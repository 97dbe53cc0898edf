using System.Net;
using System.Net.Sockets;
using Raop.Network;

namespace Raop.Discovery;

/// <summary>
/// A part of multicast DNS as pure logic: the responder, the querier. <see cref="MdnsService"/> calls it under its lock, one call at a time.
/// </summary>
internal interface IMdnsCore
{
    /// <summary>A message came that can be read, from this link, and not from one of our own sockets' ports off the link.</summary>
    void Handle(DnsMessage message, in MulticastArrival arrival);

    /// <summary>Sends what is due now.</summary>
    /// <param name="now">Ticks of the clock; never before those of an earlier call.</param>
    /// <param name="output">Where to.</param>
    /// <returns>When to be called again, unless something happens before; <see cref="Timing.Pacer.Never"/> for no such time.</returns>
    long Poll(long now, IMdnsOutput output);

    /// <summary>Interfaces came or went; also told once at the beginning.</summary>
    void SetLinks(IReadOnlyList<MulticastLink> links, long now);

    /// <summary>The machine slept: what is known may be stale, what was announced forgotten.</summary>
    void Wake(long now);
}

/// <summary>Where a core's messages go.</summary>
internal interface IMdnsOutput
{
    /// <inheritdoc cref="IMulticastNetwork.Send"/>
    void Send(int link, AddressFamily family, ReadOnlySpan<byte> datagram, IPEndPoint? to = null);
}
