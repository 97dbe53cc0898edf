using Raop.Audio;

namespace Raop.Media.Packets;

/// <summary>What an AAC decoder must know before the first packet (ISO 14496-3 section 1.6.2.1).</summary>
internal static class AudioSpecificConfig
{
    private const int Index44100 = 4;

    /// <exception cref="RaopException">UnsupportedFormat: no such stream in AirTunes.</exception>
    public static byte[] For(PacketStream stream)
    {
        int channels = stream.Format.Channels;
        if (stream.Format is not { SampleRate: 44_100, BitsPerSample: 16, Channels: 1 or 2 }) throw Unsupported(stream);
        return (stream.Codec, stream.FramesPerPacket) switch
        {
            // object type 2, rate, channels, then "no spectral band replication" (0x2B7, 5, 0): the decoder would look for it and double the rate
            (PacketCodec.Aac, 1024) => Bits((2, 5), (Index44100, 4), (channels, 4), (0, 3), (0x2B7, 11), (5, 5), (0, 1)),

            // object type 39 by way of 31, rate, channels, 480 frames or not, three resilience tools and band replication off, no extension
            (PacketCodec.AacEld, 480 or 512) => Bits((31, 5), (39 - 32, 6), (Index44100, 4), (channels, 4), (stream.FramesPerPacket == 480 ? 1 : 0, 1), (0, 4), (0, 4)),
            _ => throw Unsupported(stream),
        };
    }

    private static RaopException Unsupported(PacketStream stream) =>
        new(RaopError.UnsupportedFormat, $"{stream.Codec} of {stream.Format}, {stream.FramesPerPacket} frames a packet, cannot be decoded.");

    private static byte[] Bits(params ReadOnlySpan<(int Value, int Count)> fields)
    {
        int total = 0, at = 0;
        foreach ((_, int count) in fields) total += count;
        byte[] bytes = new byte[(total + 7) / 8];
        foreach ((int value, int count) in fields)
        {
            for (int bit = count - 1; bit >= 0; bit--, at++) bytes[at / 8] |= (byte)((value >> bit & 1) << (7 - (at % 8)));
        }

        return bytes;
    }
}
