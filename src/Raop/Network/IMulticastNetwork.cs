using System.Net;
using System.Net.Sockets;

namespace Raop.Network;

/// <summary>
/// The group of multicast DNS, 224.0.0.251 and ff02::fb, port 5353, on every interface and family. The real one has sockets; the simulated one
/// is in the tests.
/// </summary>
internal interface IMulticastNetwork : IDisposable
{
    /// <summary>See <see cref="INetwork.ResumesInPlace"/>.</summary>
    bool ResumesInPlace { get; }

    /// <summary>What the system calls this host, the first label: "kitchen".</summary>
    string HostName { get; }

    /// <summary>The interfaces that are up. Another list after a change.</summary>
    IReadOnlyList<MulticastLink> Links { get; }

    /// <summary>Begins to receive; call it once.</summary>
    /// <param name="handler">Gets every datagram that arrives from now on, from any thread. It must not keep the span.</param>
    /// <param name="linksChanged">Told when interfaces or addresses came or went, from any thread.</param>
    /// <remarks>What this process sends to the group comes back to it as well.</remarks>
    void Start(MulticastHandler handler, Action linksChanged);

    /// <summary>Sends one datagram from port 5353; a link that is gone or a full buffer loses it.</summary>
    /// <param name="link">Index of the link.</param>
    /// <param name="family">Over IPv4 or IPv6.</param>
    /// <param name="datagram">The bytes.</param>
    /// <param name="to">One host, or null for the group.</param>
    void Send(int link, AddressFamily family, ReadOnlySpan<byte> datagram, IPEndPoint? to = null);
}

/// <summary>Takes a datagram that has arrived.</summary>
/// <param name="datagram">The bytes, valid during the call.</param>
/// <param name="arrival">Where it came from and when.</param>
internal delegate void MulticastHandler(ReadOnlySpan<byte> datagram, in MulticastArrival arrival);

/// <summary>How a datagram arrived.</summary>
/// <param name="From">The sender.</param>
/// <param name="Link">Index of the link that it came over.</param>
/// <param name="Timestamp">In ticks of the host's TimeProvider.</param>
/// <param name="IsOwn">This process sent it. Filled in above the network.</param>
internal readonly record struct MulticastArrival(IPEndPoint From, int Link, long Timestamp, bool IsOwn = false)
{
    public AddressFamily Family => From.AddressFamily;
}
