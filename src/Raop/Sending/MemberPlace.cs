namespace Raop.Sending;

/// <summary>What a member of a group has while its session lasts.</summary>
/// <param name="Session">Its control connection.</param>
/// <param name="Peer">Its place in the line, over UDP.</param>
/// <param name="Teller">Tells it what plays.</param>
/// <param name="Since">When it joined, in ticks.</param>
internal sealed record MemberPlace(SenderMember Session, UdpPeer? Peer, MetadataTeller Teller, long Since);
