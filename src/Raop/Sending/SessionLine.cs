using System.Buffers.Binary;
using System.Security.Cryptography;
using Raop.Rtsp;

namespace Raop.Sending;

/// <summary>What a session takes from the line that it joins.</summary>
/// <param name="Secrets">AES key and IV, 16 bytes each.</param>
/// <param name="First">Asked just before RECORD, with the codec and whether audio is encrypted: its first packet's sequence number and RTP time.</param>
internal sealed record SessionLine(byte[] Secrets, Func<RaopCodec, bool, RtpInfoHeader> First)
{
    /// <summary>A line of its own, with random numbers.</summary>
    /// <param name="secrets">AES key and IV that are shared, or null: a fresh one.</param>
    public static SessionLine Alone(byte[]? secrets)
    {
        byte[] random = RandomNumberGenerator.GetBytes(4 + 2);
        var first = new RtpInfoHeader(BinaryPrimitives.ReadUInt16BigEndian(random.AsSpan(4)), BinaryPrimitives.ReadUInt32BigEndian(random));
        return new SessionLine(secrets ?? RandomNumberGenerator.GetBytes(32), (_, _) => first);
    }
}
