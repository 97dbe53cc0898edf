using Alac.Containers;

namespace Alac.Tests.Containers;

/// <summary>Whole files to PCM and back.</summary>
internal static class Files
{
    /// <summary>Decodes what is to be heard.</summary>
    public static byte[] Decode(byte[] file)
    {
        using AlacReader reader = AlacReader.Open(new MemoryStream(file, writable: false));
        return Decode(reader, 0);
    }

    /// <summary>Decodes from a frame to the end.</summary>
    public static byte[] Decode(AlacReader reader, long from)
    {
        AlacConfig config = reader.Config;
        var decoder = new AlacDecoder(config);
        byte[] packet = new byte[config.MaxPacketSize], pcm = new byte[config.MaxPcmSize];
        var result = new MemoryStream();
        (int index, int skip) = reader.Locate(from);
        long left = reader.Length - from;
        for (; index < reader.PacketCount && left > 0; index++, skip = 0)
        {
            AlacStatus status = decoder.Decode(packet.AsSpan(0, reader.ReadPacket(index, packet)), pcm, out int frames);
            if (status != AlacStatus.Ok) throw new InvalidDataException($"Packet {index}: {status}");
            int use = (int)Math.Min(left, frames - skip);
            result.Write(pcm, skip * config.BytesPerFrame, use * config.BytesPerFrame);
            left -= use;
        }

        return result.ToArray();
    }

    public static byte[] EncodeM4a(AlacConfig config, byte[] pcm, IReadOnlyDictionary<string, string>? tags = null, AlacEffort effort = AlacEffort.Default)
    {
        var file = new MemoryStream();
        using var writer = new M4aWriter(file, config, tags);
        Encode(config, pcm, effort, writer.WritePacket);
        writer.Finish();
        return file.ToArray();
    }

    public static byte[] EncodeCaf(AlacConfig config, byte[] pcm, IReadOnlyDictionary<string, string>? tags = null, AlacEffort effort = AlacEffort.Default)
    {
        var file = new MemoryStream();
        using var writer = new CafWriter(file, config, tags);
        Encode(config, pcm, effort, writer.WritePacket);
        writer.Finish();
        return file.ToArray();
    }

    private static void Encode(AlacConfig config, byte[] pcm, AlacEffort effort, Action<ReadOnlySpan<byte>, int> write)
    {
        var encoder = new AlacEncoder(config, effort);
        byte[] packet = new byte[config.MaxPacketSize];
        for (int at = 0; at < pcm.Length; at += config.MaxPcmSize)
        {
            ReadOnlySpan<byte> part = pcm.AsSpan(at, Math.Min(config.MaxPcmSize, pcm.Length - at));
            int length = encoder.Encode(part, packet);
            write(packet.AsSpan(0, length), part.Length / config.BytesPerFrame);
        }
    }
}
