using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Alac;
using Raop.Audio;
using Raop.Security;

namespace Raop.Sending;

/// <summary>What makes the bytes of two members' packets the same.</summary>
/// <param name="Codec">Alac or Pcm.</param>
/// <param name="Channel">Which part of the music.</param>
/// <param name="Encrypted">With the line's key, or in clear.</param>
internal readonly record struct EncodingKey(RaopCodec Codec, RaopChannel Channel, bool Encrypted);

/// <summary>Makes payloads of one kind: picks channels, encodes, encrypts, once for all members that take them. One caller at a time.</summary>
internal sealed class PacketEncoding : IDisposable
{
    private readonly AlacEncoder? _encoder; // null: L16
    private readonly PacketCipher? _cipher;
    private readonly byte[] _mixed; // frames of one packet, when channels are picked

    /// <param name="key">Which kind.</param>
    /// <param name="config">The session's parameters.</param>
    /// <param name="secrets">AES key and IV, 16 bytes each.</param>
    public PacketEncoding(EncodingKey key, AlacConfig config, ReadOnlySpan<byte> secrets)
    {
        (Key, MaxPayload) = (key, config.MaxPacketSize);
        if (key.Codec != RaopCodec.Pcm) _encoder = new AlacEncoder(config);
        if (key.Encrypted) _cipher = new PacketCipher(secrets[..16], secrets[16..32]);
        _mixed = key.Channel == RaopChannel.Stereo ? [] : new byte[config.FrameLength * PcmFormat.AirTunes.BytesPerFrame];
    }

    public EncodingKey Key { get; }

    /// <summary>Bytes of the largest payload.</summary>
    public int MaxPayload { get; }

    /// <summary>Writes a packet's payload.</summary>
    /// <returns>Its bytes.</returns>
    public int Encode(in SourcePacket packet, Span<byte> payload)
    {
        int length;
        if (!packet.Alac.IsEmpty && Key is { Codec: not RaopCodec.Pcm, Channel: RaopChannel.Stereo })
        {
            packet.Alac.Span.CopyTo(payload);
            length = packet.Alac.Length;
        }
        else
        {
            length = EncodePcm(Pick(packet.Pcm.Span), payload);
        }

        _cipher?.Encrypt(payload[..length]);
        return length;
    }

    public void Dispose() => _cipher?.Dispose();

    private int EncodePcm(ReadOnlySpan<byte> pcm, Span<byte> payload)
    {
        if (_encoder is not null) return _encoder.Encode(pcm, payload);
        BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<byte, short>(pcm), MemoryMarshal.Cast<byte, short>(payload[..pcm.Length]));
        return pcm.Length;
    }

    private ReadOnlySpan<byte> Pick(ReadOnlySpan<byte> pcm)
    {
        if (Key.Channel == RaopChannel.Stereo) return pcm;
        ReadOnlySpan<short> from = MemoryMarshal.Cast<byte, short>(pcm);
        Span<short> to = MemoryMarshal.Cast<byte, short>(_mixed.AsSpan(0, pcm.Length));
        for (int i = 0; i < from.Length; i += 2)
        {
            to[i] = to[i + 1] = Key.Channel switch
            {
                RaopChannel.Left => from[i],
                RaopChannel.Right => from[i + 1],
                _ => (short)((from[i] + from[i + 1]) >> 1),
            };
        }

        return _mixed.AsSpan(0, pcm.Length);
    }
}
