using Alac;
using Raop.Audio;
using Raop.Sdp;
using Raop.Security;

namespace Raop.Receiving;

/// <summary>
/// Turns a packet's payload into PCM: decrypts and decodes as ANNOUNCE said. One caller at a time; no allocation for a packet. AAC is only decrypted:
/// a <see cref="DecodeAhead"/> has it decoded, and what comes of that is read by <see cref="ForDecoded"/>.
/// </summary>
internal sealed class StreamDecoder : IDisposable
{
    /// <summary>Most bytes of an AAC access unit for each channel: 6144 bits (ISO 14496-3 section 4.5.3.1).</summary>
    private const int MaxAacBytes = 768;

    private readonly AlacDecoder? _alac;
    private readonly PacketCipher? _cipher;
    private readonly bool _isNative; // PCM in the machine's order

    /// <exception cref="RaopException">ProtocolViolation: the key cannot be unwrapped.</exception>
    public StreamDecoder(AnnounceSdp sdp)
    {
        FramesPerPacket = sdp.FramesPerPacket;
        if (sdp.Codec == SdpCodec.AppleLossless)
        {
            _alac = new AlacDecoder(sdp.Alac!);
            Format = new PcmFormat(sdp.SampleRate, sdp.Alac!.BitDepth == 20 ? 24 : sdp.Alac.BitDepth, sdp.Channels);
        }
        else
        {
            Format = new PcmFormat(sdp.SampleRate, 16, sdp.Channels);
        }

        Ahead = PacketCodecOf(sdp.Codec);
        Codec = sdp.Codec switch { SdpCodec.AppleLossless => "ALAC", SdpCodec.Aac => "AAC", SdpCodec.AacEld => "AAC-ELD", _ => "L16" };
        MaxPayload = Ahead is null ? Math.Max(sdp.Alac?.MaxPacketSize ?? 0, FramesPerPacket * Format.BytesPerFrame) : MaxAacBytes * sdp.Channels;
        if (sdp.EncryptedKey is not { } wrapped) return;
        Span<byte> key = stackalloc byte[16];
        if (!AirPortExpressKey.TryUnwrapKey(wrapped, key)) throw new RaopException(RaopError.ProtocolViolation, "The stream's key cannot be unwrapped.");
        _cipher = new PacketCipher(key, sdp.Iv);
    }

    private StreamDecoder(StreamDecoder ahead)
    {
        (FramesPerPacket, Format, Codec, _isNative) = (ahead.FramesPerPacket, ahead.Format, ahead.Codec, true);
        MaxPayload = FramesPerPacket * Format.BytesPerFrame;
    }

    public PcmFormat Format { get; }

    /// <summary>As people say it.</summary>
    public string Codec { get; }

    /// <summary>What a decoder from outside is needed for, or null.</summary>
    public PacketCodec? Ahead { get; }

    public bool IsEncrypted => _cipher is not null;

    /// <summary>Frames of a full packet.</summary>
    public int FramesPerPacket { get; }

    /// <summary>Bytes of the largest payload that a sender has reason to send.</summary>
    public int MaxPayload { get; }

    /// <summary>What a codec is to those who decode it, or null when it needs none of them.</summary>
    public static PacketCodec? PacketCodecOf(SdpCodec codec) => codec switch
    {
        SdpCodec.Aac => PacketCodec.Aac,
        SdpCodec.AacEld => PacketCodec.AacEld,
        _ => null,
    };

    /// <summary>Bytes of PCM that a payload may become.</summary>
    public int MaxPcm(int payloadLength) => Math.Max(FramesPerPacket * Format.BytesPerFrame, payloadLength);

    /// <summary>What reads the packets that a <see cref="DecodeAhead"/> has had decoded; this one when nothing is.</summary>
    public StreamDecoder ForDecoded() => Ahead is null ? this : new StreamDecoder(this);

    /// <summary>Decrypts a payload in place.</summary>
    public void Decrypt(Span<byte> payload) => _cipher?.Decrypt(payload);

    /// <summary>Decodes a payload, which is decrypted in place.</summary>
    /// <param name="payload">Codec data after the RTP header.</param>
    /// <param name="pcm">At least <see cref="MaxPcm"/> bytes.</param>
    /// <returns>Frames, or −1 when it cannot be decoded.</returns>
    public int Decode(Span<byte> payload, Span<byte> pcm)
    {
        Decrypt(payload);
        if (_alac is not null) return _alac.Decode(payload, pcm, out int frames) == AlacStatus.Ok ? frames : -1;
        int bytes = payload.Length / Format.BytesPerFrame * Format.BytesPerFrame;
        if (_isNative) payload[..bytes].CopyTo(pcm);
        else for (int i = 0; i < bytes; i += 2) (pcm[i], pcm[i + 1]) = (payload[i + 1], payload[i]); // L16 is big-endian
        return bytes / Format.BytesPerFrame;
    }

    public void Dispose() => _cipher?.Dispose();
}
