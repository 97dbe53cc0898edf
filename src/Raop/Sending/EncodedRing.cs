using Raop.Rtp;

namespace Raop.Sending;

/// <summary>The last packets of one encoding, complete, each behind the prefix with which it is sent again.</summary>
internal sealed class EncodedRing(PacketEncoding encoding, int slots, long from) : IDisposable
{
    private readonly int _slotSize = ResentPacket.PrefixSize + RtpHeader.Size + encoding.MaxPayload;
    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>((ResentPacket.PrefixSize + RtpHeader.Size + encoding.MaxPayload) * slots, pinned: true);
    private readonly int[] _lengths = new int[slots];

    public EncodingKey Key => encoding.Key;

    /// <summary>Number of the first packet that it has.</summary>
    public long From { get; set; } = from;

    /// <summary>Members that take it.</summary>
    public int Members { get; set; }

    public void Write(int slot, in RtpHeader header, in SourcePacket packet)
    {
        Span<byte> bytes = _bytes.AsSpan(slot * _slotSize, _slotSize);
        ResentPacket.WritePrefix(bytes, header.Sequence);
        header.WriteTo(bytes[ResentPacket.PrefixSize..]);
        _lengths[slot] = RtpHeader.Size + encoding.Encode(packet, bytes[(ResentPacket.PrefixSize + RtpHeader.Size)..]);
    }

    /// <summary>RTP header and payload.</summary>
    public Span<byte> Packet(int slot) => _bytes.AsSpan((slot * _slotSize) + ResentPacket.PrefixSize, _lengths[slot]);

    /// <summary>The same behind the prefix.</summary>
    public Span<byte> Resent(int slot) => _bytes.AsSpan(slot * _slotSize, ResentPacket.PrefixSize + _lengths[slot]);

    public void Dispose() => encoding.Dispose();
}
