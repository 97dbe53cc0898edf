using Raop.Audio;

namespace Raop.Media.Packets;

/// <summary>Starts an ffmpeg for each stream.</summary>
internal sealed class FfmpegPacketDecoderFactory(string ffmpeg) : IPacketDecoderFactory
{
    /// <summary>ffmpeg's own decoder, which every build has, does both.</summary>
    public bool CanDecode(PacketCodec codec) => codec is PacketCodec.Aac or PacketCodec.AacEld;

    public IPacketDecoder Open(PacketStream stream, IPacketDecoderOutput output) => new FfmpegPacketDecoder(ffmpeg, stream, output);
}
