using Raop.Apps.Tests.Media.Input;
using Raop.Audio;
using Raop.Media.Packets;

namespace Raop.Apps.Tests.Media.Packets;

/// <summary>Packets of AAC, and what ffmpeg itself makes of them from a file.</summary>
internal sealed record AacPackets(PacketStream Stream, byte[][] Packets, byte[] Pcm)
{
    /// <summary>AAC-LC by ffmpeg's encoder, cut out of ADTS.</summary>
    public static async Task<AacPackets> LcAsync(TestFolder folder, int frames)
    {
        await Tools.FfmpegEncodeAsync(folder, Sound.Make("music", frames, 16, 2), "s16le", 44_100, 2, folder["a.aac"], "-c:a", "aac", "-b:a", "192k", "-f", "adts");
        byte[] file = await File.ReadAllBytesAsync(folder["a.aac"], TestContext.Current.CancellationToken);
        var packets = new List<byte[]>();
        for (int at = 0; at < file.Length;)
        {
            int head = (file[at + 1] & 1) == 0 ? 9 : 7; // with a checksum or without
            int length = ((file[at + 3] & 3) << 11) | (file[at + 4] << 3) | (file[at + 5] >> 5);
            packets.Add(file[(at + head)..(at + length)]);
            at += length;
        }

        return new AacPackets(new PacketStream(PacketCodec.Aac, PcmFormat.AirTunes, 1024), [.. packets], await Tools.FfmpegDecodeAsync(folder["a.aac"], 16));
    }

    /// <summary>
    /// AAC-ELD that no encoder made (there is none in free software): frames of one low band on the left with one coefficient of ±1, whose gain changes, and
    /// silence on the right. ffmpeg reads them from FLV, for its LATM has no ELD.
    /// </summary>
    public static async Task<AacPackets> EldAsync(TestFolder folder, int count)
    {
        string[] coefficients = ["10000", "10001", "10111"]; // three words of spectrum codebook 1
        byte[][] packets = [.. Enumerable.Range(0, count).Select(i => Eld(150 + (i % 4 * 12), coefficients[i % 3]))];
        using (FileStream file = File.Create(folder["eld.flv"]))
        {
            byte[] tag = new byte[200];
            file.Write(FlvTag.FileHead);
            file.Write(tag, 0, FlvTag.WriteAac(tag, FlvTag.AacConfiguration, 0, [0xF8, 0xE8, 0x50, 0x00])); // as UxPlay gives it to its decoder
            for (int i = 0; i < count; i++) file.Write(tag, 0, FlvTag.WriteAac(tag, FlvTag.AacPacket, (uint)(i * 480 * 1000 / 44_100), packets[i]));
        }

        return new AacPackets(new PacketStream(PacketCodec.AacEld, PcmFormat.AirTunes, 480), packets, await Tools.FfmpegDecodeAsync(folder["eld.flv"], 16));
    }

    private static byte[] Eld(int gain, string coefficients)
    {
        string bits = "000001" + "00" // one band; no M/S
            + $"{gain:b8}" + "0001" + "00001" + "0" + "0" + coefficients // left: gain, codebook 1 for one band, no change of gain, no TNS
            + "01101000" + "0000" + "00001" + "0"; // right: codebook 0, silence
        bits = bits.PadRight(40 * 8, '0'); // as long as real ones: ffmpeg begins when it has 32 bytes of packets
        return [.. bits.Chunk(8).Select(eight => Convert.ToByte(new string(eight), 2))];
    }
}
