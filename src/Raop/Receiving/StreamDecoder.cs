using Alac;
using Raop.Audio;
using Raop.Sdp;
using Raop.Security;

namespace Raop.Receiving;

/// <summary>Turns a packet's payload into PCM: decrypts and decodes as ANNOUNCE said. One caller at a time; no allocation for a packet.</summary>
internal sealed class StreamDecoder : IDisposable
{
    private readonly AlacDecoder? _alac;
    private readonly PacketCipher? _cipher;

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

        MaxPayload = Math.Max(sdp.Alac?.MaxPacketSize ?? 0, FramesPerPacket * Format.BytesPerFrame);
        if (sdp.EncryptedKey is not { } wrapped) return;
        Span<byte> key = stackalloc byte[16];
        if (!AirPortExpressKey.TryUnwrapKey(wrapped, key)) throw new RaopException(RaopError.ProtocolViolation, "The stream's key cannot be unwrapped.");
        _cipher = new PacketCipher(key, sdp.Iv);
    }

    public PcmFormat Format { get; }

    /// <summary>As people say it.</summary>
    public string Codec => _alac is null ? "L16" : "ALAC";

    public bool IsEncrypted => _cipher is not null;

    /// <summary>Frames of a full packet.</summary>
    public int FramesPerPacket { get; }

    /// <summary>Bytes of the largest payload that a sender has reason to send.</summary>
    public int MaxPayload { get; }

    /// <summary>Bytes of PCM that a payload may become.</summary>
    public int MaxPcm(int payloadLength) => Math.Max(FramesPerPacket * Format.BytesPerFrame, payloadLength);

    /// <summary>Decodes a payload, which is decrypted in place.</summary>
    /// <param name="payload">Codec data after the RTP header.</param>
    /// <param name="pcm">At least <see cref="MaxPcm"/> bytes.</param>
    /// <returns>Frames, or −1 when it cannot be decoded.</returns>
    public int Decode(Span<byte> payload, Span<byte> pcm)
    {
        _cipher?.Decrypt(payload);
        if (_alac is not null) return _alac.Decode(payload, pcm, out int frames) == AlacStatus.Ok ? frames : -1;
        int bytes = payload.Length / Format.BytesPerFrame * Format.BytesPerFrame;
        for (int i = 0; i < bytes; i += 2) (pcm[i], pcm[i + 1]) = (payload[i + 1], payload[i]); // L16 is big-endian
        return bytes / Format.BytesPerFrame;
    }

    public void Dispose() => _cipher?.Dispose();
}
