using Raop.Audio;
using Raop.Media.Input.Ffmpeg;
using Raop.Media.Packets;

namespace Raop.Media;

/// <summary>Decoders for <see cref="RaopReceiverOptions.Decoders"/>.</summary>
public static class PacketDecoders
{
    /// <summary>Decoders for AAC-LC and AAC-ELD by ffmpeg, a child process for each stream.</summary>
    /// <param name="ffmpegPath">The program; null searches PATH.</param>
    /// <returns>Null when ffmpeg is not installed.</returns>
    public static IPacketDecoderFactory? Find(string? ffmpegPath = null) =>
        FfmpegTools.FindFfmpeg(ffmpegPath) is { } ffmpeg ? new FfmpegPacketDecoderFactory(ffmpeg) : null;
}
