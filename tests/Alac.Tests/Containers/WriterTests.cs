using Alac.Containers;
using CsCheck;

namespace Alac.Tests.Containers;

public sealed class WriterTests
{
    [Fact]
    public void Files_come_back_whole() =>
        Gen.Select(Gen.Int[0, 1], Gen.Int[1, 2], Gen.Int[1, 700], Gen.Int[0, 20_000], Gen.Bool).Sample((depth, channels, frameLength, frames, isCaf) =>
        {
            AlacConfig config = new() { BitDepth = depth == 0 ? 16 : 24, Channels = channels, FrameLength = frameLength, SampleRate = 96_000 };
            byte[] pcm = Signals.Make("sine", config, frames);
            byte[] file = isCaf ? Files.EncodeCaf(config, pcm) : Files.EncodeM4a(config, pcm);
            using AlacReader reader = AlacReader.Open(new MemoryStream(file));
            Assert.Equal((frames, 0), (reader.Length, reader.LeadIn));
            Assert.Equal(pcm, Files.Decode(reader, 0));
        }, iter: 60);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Texts_come_back(bool isCaf)
    {
        Dictionary<string, string> tags = new() { ["title"] = "Größe", ["artist"] = "", ["comment"] = "3 × 4" };
        AlacConfig config = new();
        byte[] pcm = Signals.Make("sine", config, 10);
        byte[] file = isCaf ? Files.EncodeCaf(config, pcm, tags) : Files.EncodeM4a(config, pcm, tags);
        using AlacReader reader = AlacReader.Open(new MemoryStream(file));
        Assert.Equal(tags, reader.Tags);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_cookie_states_sizes_and_short_packets_may_be_anywhere(bool isCaf)
    {
        AlacConfig config = new() { FrameLength = 100 };
        byte[] packet = new byte[config.MaxPacketSize], pcm = Signals.Make("ramp", config, 100);
        var file = new MemoryStream();
        file.Write("ahead"u8); // an M4A's offsets count from where the file begins
        var m4a = isCaf ? null : new M4aWriter(file, config, leaveOpen: true);
        var caf = isCaf ? new CafWriter(file, config, leaveOpen: true) : null;
        int[] frames = [100, 37, 100, 1, 99];
        var expected = new MemoryStream();
        int largest = 0, sum = 0;
        foreach (int count in frames)
        {
            ReadOnlySpan<byte> part = pcm.AsSpan(0, count * 4);
            int length = AlacEncoder.EncodeEscape(config, part, packet);
            expected.Write(part);
            (largest, sum) = (Math.Max(largest, length), sum + length);
            if (isCaf) caf!.WritePacket(packet.AsSpan(0, length), count);
            else m4a!.WritePacket(packet.AsSpan(0, length), count);
        }

        Assert.Equal(337, isCaf ? caf!.Frames : m4a!.Frames);
        caf?.Finish();
        m4a?.Finish();
        Assert.Throws<InvalidOperationException>(() => { if (isCaf) caf!.WritePacket([1], 1); else m4a!.WritePacket([1], 1); });
        byte[] bytes = file.ToArray()[5..];
        using AlacReader reader = AlacReader.Open(new MemoryStream(bytes));
        Assert.Equal((uint)largest, reader.Config.MaxFrameBytes);
        Assert.Equal((uint)(sum * 8L * 44_100 / 337), reader.Config.AverageBitRate);
        Assert.Equal(frames, Enumerable.Range(0, 5).Select(reader.PacketFrames));
        Assert.Equal(expected.ToArray(), Files.Decode(reader, 0));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Files_may_pass_4_GB(bool isCaf)
    {
        AlacConfig config = new() { BitDepth = 32, FrameLength = 16_384 };
        const int Packets = 33_000;
        byte[] packet = new byte[config.MaxPacketSize - 4], last = [0x20, 0x00, 0x10, 0x12, 0x34];
        var file = new SparseStream();
        var m4a = isCaf ? null : new M4aWriter(file, config, leaveOpen: true);
        var caf = isCaf ? new CafWriter(file, config, leaveOpen: true) : null;
        for (int i = 0; i <= Packets; i++)
        {
            (byte[] next, int frames) = i < Packets ? (packet, 16_384) : (last, 77);
            if (isCaf) caf!.WritePacket(next, frames);
            else m4a!.WritePacket(next, frames);
        }

        caf?.Finish();
        m4a?.Finish();
        Assert.InRange(file.Length, 1L << 32, 1L << 33);
        using AlacReader reader = AlacReader.Open(file);
        Assert.Equal((Packets + 1, Packets * 16_384L + 77), (reader.PacketCount, reader.PacketStart(Packets) + (isCaf ? 77 : reader.PacketFrames(Packets))));
        Assert.Equal(last.Length, reader.ReadPacket(Packets, packet));
        Assert.Equal(last, packet[..last.Length]);
    }

    [Fact]
    public void Impossible_packets_are_the_callers_mistake()
    {
        using var writer = new M4aWriter(new MemoryStream(), new AlacConfig { FrameLength = 352 });
        Assert.Throws<ArgumentException>(() => writer.WritePacket([], 1));
        Assert.Throws<ArgumentException>(() => writer.WritePacket(new byte[1417], 352));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.WritePacket(new byte[10], 353));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.WritePacket(new byte[10], 0));
    }
}
