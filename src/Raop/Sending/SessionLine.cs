using System.Buffers.Binary;
using System.Security.Cryptography;
using Raop.Rtsp;

namespace Raop.Sending;

/// <summary>What a session takes from the line that it joins.</summary>
/// <param name="Secrets">AES key and IV, 16 bytes each.</param>
/// <param name="First">Asked just before RECORD, with the codec and whether audio is encrypted: its first packet's sequence number and RTP time.</param>
internal sealed record SessionLine(byte[] Secrets, Func<RaopCodec, bool, RtpInfoHeader> First)
{
    /// <summary>A line that nobody shares: a key of its own, and random numbers.</summary>
    public static SessionLine Alone()
    {
        byte[] random = RandomNumberGenerator.GetBytes(4 + 2);
        var first = new RtpInfoHeader(BinaryPrimitives.ReadUInt16BigEndian(random.AsSpan(4)), BinaryPrimitives.ReadUInt32BigEndian(random));
        return new SessionLine(RandomNumberGenerator.GetBytes(32), (_, _) => first);
    }
}
