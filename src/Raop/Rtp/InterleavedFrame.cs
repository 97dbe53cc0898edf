using System.Buffers;
using System.Buffers.Binary;

namespace Raop.Rtp;

/// <summary>
/// Audio of AirTunes v1 on its TCP connection: '$', channel, 16-bit length of what follows, 12 bytes like an RTP header, payload.
/// </summary>
/// <remarks>RFC 2326 section 10.12; the length counts the 12 bytes (captures of VLC and PulseAudio).</remarks>
internal static class InterleavedFrame
{
    /// <summary>'$', channel and length.</summary>
    public const int PrefixSize = 4;

    /// <summary>Bytes before the payload: the prefix and the RTP-like header.</summary>
    public const int HeaderSize = PrefixSize + RtpHeader.Size;

    /// <summary>Most bytes of a body by default: an escape packet of 4096 stereo frames has 16,392, and some slack.</summary>
    public const int DefaultMaxBody = RtpHeader.Size + 16_392 + 244;

    private const byte Dollar = (byte)'$';

    /// <summary>Cuts off the next frame. False, and nothing is cut off, while it is not whole.</summary>
    /// <param name="buffer">What has come; afterwards what follows the frame.</param>
    /// <param name="channel">0 is audio; skip others.</param>
    /// <param name="body">The 12 header bytes and the payload, a part of the buffer.</param>
    /// <param name="maxBody">Most bytes of a body.</param>
    /// <exception cref="RaopException">
    /// ProtocolViolation: no '$', or audio without room for its header. LimitExceeded: longer than allowed. The connection is of no more
    /// use. Both bite as soon as the prefix is there.
    /// </exception>
    public static bool TryRead(
        ref ReadOnlySequence<byte> buffer, out byte channel, out ReadOnlySequence<byte> body, int maxBody = DefaultMaxBody)
    {
        channel = 0;
        body = default;
        if (buffer.IsEmpty) return false;
        byte first = buffer.FirstSpan.IsEmpty ? FirstByte(buffer) : buffer.FirstSpan[0];
        if (first != Dollar) throw new RaopException(RaopError.ProtocolViolation, $"The audio stream has 0x{first:X2} where '$' must be.");
        if (buffer.Length < PrefixSize) return false;

        Span<byte> prefix = stackalloc byte[PrefixSize];
        buffer.Slice(0, PrefixSize).CopyTo(prefix);
        int length = BinaryPrimitives.ReadUInt16BigEndian(prefix[2..]);
        if (length > maxBody) throw RaopException.TooLong("An audio packet", maxBody);
        if (prefix[1] == 0 && length < RtpHeader.Size)
        {
            throw new RaopException(RaopError.ProtocolViolation, $"An audio packet of {length} bytes has no room for its header of {RtpHeader.Size}.");
        }

        if (buffer.Length < PrefixSize + length) return false;
        channel = prefix[1];
        body = buffer.Slice(PrefixSize, length);
        buffer = buffer.Slice(body.End);
        return true;
    }

    /// <summary>Writes the 16 bytes before a payload.</summary>
    /// <param name="destination">At least <see cref="HeaderSize"/> bytes.</param>
    /// <param name="payloadLength">Bytes of the payload, up to 65,523.</param>
    /// <param name="seq">The packet's number.</param>
    /// <param name="rtptime">RTP time of its first frame.</param>
    /// <param name="ssrc">The stream's number.</param>
    /// <param name="marker">First packet after RECORD or FLUSH.</param>
    public static void WriteHeader(Span<byte> destination, int payloadLength, ushort seq, uint rtptime, uint ssrc, bool marker)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(payloadLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payloadLength, ushort.MaxValue - RtpHeader.Size);
        new RtpHeader(marker, RtpHeader.Audio, seq, rtptime, ssrc).WriteTo(destination[PrefixSize..]);
        destination[0] = Dollar;
        destination[1] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)(RtpHeader.Size + payloadLength));
    }

    private static byte FirstByte(in ReadOnlySequence<byte> buffer)
    {
        Span<byte> first = stackalloc byte[1];
        buffer.Slice(0, 1).CopyTo(first);
        return first[0];
    }
}
