namespace Raop.Sending;

/// <summary>What a member of a group has while its session lasts.</summary>
/// <param name="Session">Its control connection.</param>
/// <param name="Peer">Its place in the line, over UDP.</param>
/// <param name="Tcp">What it gets, over TCP.</param>
/// <param name="Teller">Tells it what plays.</param>
/// <param name="Since">When it joined, in ticks.</param>
internal sealed record MemberPlace(SenderMember Session, UdpPeer? Peer, TcpMember? Tcp, MetadataTeller Teller, long Since)
{
    /// <summary>Whether it has shown that it plays.</summary>
    public bool IsAlive => Peer is not null ? UdpAudioChannel.IsAlive(Peer) : Tcp is { IsAlive: true };
}
