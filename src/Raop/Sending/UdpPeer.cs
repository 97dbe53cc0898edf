using System.Net;
using Raop.Network;

namespace Raop.Sending;

/// <summary>One receiver at <see cref="UdpSockets"/> that may serve several: what comes from it is answered and counted.</summary>
internal sealed class UdpPeer(UdpSockets sockets, IPAddress address)
{
    private readonly PeerAddress _peer = new(address);
    private long _timingRequests;

    public UdpSockets Sockets { get; } = sockets;

    public IPAddress Address { get; } = address;

    /// <summary>Where it says it asks for packets and for the time; 0 until it has said.</summary>
    public int ControlPort { get; set; }

    /// <inheritdoc cref="ControlPort"/>
    public int TimingPort { get; set; }

    /// <summary>Its place in the plan, from RECORD on.</summary>
    public PlanMember? Member { get; set; }

    /// <summary>When it answered RECORD, in ticks; 0 before.</summary>
    public long Joined { get; set; }

    /// <summary>Looks whether it has asked for the time.</summary>
    public ITimer? TimingCheck { get; set; }

    /// <summary>Its questions for the time that were answered.</summary>
    public long TimingRequests => Interlocked.Read(ref _timingRequests);

    /// <summary>Whether a datagram comes from it, whatever the port.</summary>
    public bool Is(SocketAddress from) => _peer.Is(from);

    public void CountTiming() => Interlocked.Increment(ref _timingRequests);
}
