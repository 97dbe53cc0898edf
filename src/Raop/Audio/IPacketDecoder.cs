namespace Raop.Audio;

/// <summary>A lossy codec of AirTunes that needs a decoder from outside.</summary>
public enum PacketCodec
{
    /// <summary>AAC-LC: raw access units of 1024 frames.</summary>
    Aac,

    /// <summary>AAC-ELD (enhanced low delay): raw access units of 480 or 512 frames.</summary>
    AacEld,
}

/// <summary>What the packets of a stream are, the same for all of them.</summary>
/// <param name="Codec">The codec.</param>
/// <param name="Format">What they become: 16 bit.</param>
/// <param name="FramesPerPacket">Frames that each becomes: 1024 for AAC-LC, 480 or 512 for AAC-ELD.</param>
public readonly record struct PacketStream(PacketCodec Codec, PcmFormat Format, int FramesPerPacket);

/// <summary>Makes decoders for codecs that this library does not decode itself. One instance may serve many receivers, from any thread.</summary>
public interface IPacketDecoderFactory
{
    /// <summary>Whether streams of a codec can be decoded here and now.</summary>
    bool CanDecode(PacketCodec codec);

    /// <summary>Makes a decoder for one stream.</summary>
    /// <param name="stream">What its packets are.</param>
    /// <param name="output">Told what they become.</param>
    /// <exception cref="RaopException">It cannot be started.</exception>
    IPacketDecoder Open(PacketStream stream, IPacketDecoderOutput output);
}

/// <summary>Decodes one stream, in its own time. Disposing it ends it, whatever it still owes.</summary>
public interface IPacketDecoder : IAsyncDisposable
{
    /// <summary>Takes the next packet. Must not wait. One call at a time, with at most 64 packets that have not been answered.</summary>
    /// <param name="id">Its number, greater than all before.</param>
    /// <param name="packet">One access unit, not empty, in clear. Valid during the call.</param>
    void Write(long id, ReadOnlySpan<byte> packet);
}

/// <summary>Takes what an <see cref="IPacketDecoder"/> makes. One call at a time, from any thread.</summary>
public interface IPacketDecoderOutput
{
    /// <summary>A packet has been decoded. Answers come in the order of the packets; one that cannot be decoded has none.</summary>
    /// <param name="id">The packet's number.</param>
    /// <param name="pcm">Interleaved little-endian PCM, exactly the packet's frames. Valid during the call.</param>
    void OnDecoded(long id, ReadOnlySpan<byte> pcm);

    /// <summary>Nothing more will come.</summary>
    /// <param name="error">Why, for people.</param>
    void OnFailed(RaopException error);
}
