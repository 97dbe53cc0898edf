using Alac.Encoding;
using Raop.Tests;

namespace Alac.Tests;

public sealed class AlacDecoderTests
{
    public static TheoryData<string> Vector => Vectors.Names;

    [Theory, MemberData(nameof(Vector))]
    public void Decodes(string name)
    {
        (AlacConfig config, byte[] packet, byte[] expected) = Vectors.All[name];
        Assert.Equal(AlacStatus.Ok, Decode(config, packet, out byte[] pcm));
        Assert.Equal(expected, pcm);
    }

    [Theory, MemberData(nameof(Vector))]
    public void Ignores_bytes_after_the_packet(string name)
    {
        (AlacConfig config, byte[] packet, byte[] expected) = Vectors.All[name];
        Assert.Equal(AlacStatus.Ok, Decode(config, [.. packet, 0xff, 0x00, 0x20], out byte[] pcm));
        Assert.Equal(expected, pcm);
    }

    [Theory, MemberData(nameof(Vector))]
    public void Refuses_every_truncation(string name)
    {
        (AlacConfig config, byte[] packet, byte[] expected) = Vectors.All[name];
        for (int length = 0; length < packet.Length; length++)
        {
            AlacStatus status = Decode(config, packet.AsSpan(0, length), out byte[] pcm);
            bool isWhole = length == packet.Length - 1 && status == AlacStatus.Ok; // only END was cut off
            Assert.Equal(isWhole ? AlacStatus.Ok : AlacStatus.Truncated, status);
            Assert.Equal(isWhole ? expected : [], pcm);
        }
    }

    [Fact]
    public void Refuses_every_truncation_of_packets_of_every_depth()
    {
        foreach ((AlacConfig config, byte[] packet, _) in OwnPackets())
        {
            var decoder = new AlacDecoder(config);
            byte[] pcm = new byte[config.MaxPcmSize];
            for (int length = 0; length < packet.Length - 1; length++)
            {
                Assert.Equal(AlacStatus.Truncated, decoder.Decode(packet.AsSpan(0, length), pcm, out int frames));
                Assert.Equal(0, frames);
            }

            Assert.Equal(-1, pcm.AsSpan().IndexOfAnyExcept((byte)0));
        }
    }

    [Theory, MemberData(nameof(Vector))]
    public void A_missing_end_tag_is_tolerated(string name)
    {
        (AlacConfig config, byte[] packet, byte[] expected) = Vectors.All[name];
        byte[] cut = [.. packet];
        int end = packet.Length * 8 - System.Numerics.BitOperations.TrailingZeroCount(packet[^1] == 0 ? packet[^2] << 8 : packet[^1]) - 3;
        for (int bit = end; bit < cut.Length * 8; bit++) cut[bit / 8] &= (byte)~(0x80 >> bit % 8);
        Assert.Equal(AlacStatus.Ok, Decode(config, cut.AsSpan(0, (end + 7) / 8), out byte[] pcm));
        Assert.Equal(expected, pcm);
    }

    [Fact]
    public void Random_damage_never_throws_and_output_depends_on_the_packet_alone()
    {
        const int Seed = 20_040_607;
        TestContext.Current.SendDiagnosticMessage($"seed {Seed}");
        var random = new Random(Seed);
        foreach ((AlacConfig config, byte[] packet, _) in Vectors.All.Values.Concat(OwnPackets()))
        {
            AlacDecoder first = new(config), second = new(config);
            byte[] one = new byte[config.MaxPcmSize], other = new byte[config.MaxPcmSize];
            for (int round = 0; round < 400; round++)
            {
                byte[] damaged = Damage(packet, random);
                Array.Fill(one, (byte)0x55);
                Array.Fill(other, (byte)0xaa);
                AlacStatus status = first.Decode(damaged, one, out int frames);
                int length = frames * config.BytesPerFrame;
                Assert.Equal(status, second.Decode(damaged, other, out int framesAgain));
                Assert.Equal(frames, framesAgain);
                Assert.Equal(status == AlacStatus.Ok, frames > 0);
                Assert.True(one.AsSpan(0, length).SequenceEqual(other.AsSpan(0, length)), $"seed {Seed}, round {round}");
                Assert.Equal(-1, one.AsSpan(length).IndexOfAnyExcept((byte)0x55));
                Assert.Equal(AlacStatus.Ok, second.Decode(packet, other, out _)); // leaves other remains behind than in the first
            }
        }
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        const int Seed = 1_701;
        var random = new Random(Seed);
        byte[] packet = new byte[600], pcm = new byte[4096 * 8];
        foreach (int depth in (int[])[16, 20, 24, 32])
        {
            foreach (int channels in (int[])[1, 2])
            {
                var decoder = new AlacDecoder(new AlacConfig { BitDepth = depth, Channels = channels });
                for (int round = 0; round < 500; round++)
                {
                    random.NextBytes(packet);
                    packet[0] = (byte)((channels - 1) << 5);
                    packet[1] = 0;
                    packet[2] &= 0x1e;
                    if ((packet[2] & 0x10) != 0) packet.AsSpan(3, 2).Clear();
                    decoder.Decode(packet.AsSpan(0, random.Next(packet.Length)), pcm, out _);
                }
            }
        }
    }

    [Fact]
    public void Skips_data_and_fill_elements()
    {
        AlacConfig config = new() { FrameLength = 352 };
        byte[] buffer = new byte[2000];
        var writer = new BitWriter(buffer);
        writer.Write(6, 3); // FIL, 14 + 3 bytes
        writer.Write(15, 4);
        writer.Write(3, 8);
        for (int i = 0; i < 17; i++) writer.Write(0xff, 8);
        writer.Write(4, 3); // DSE, 2 bytes, not aligned
        writer.Write(5, 4);
        writer.Write(0, 1);
        writer.Write(2, 8);
        writer.Write(0xffff, 16);
        writer.Write(4, 3); // DSE, 255 + 1 bytes, aligned: 167 bits so far, then 24 bits of header
        writer.Write(5, 4);
        writer.Write(1, 1);
        writer.Write(255, 8);
        writer.Write(1, 8);
        writer.Write(0, (8 - (3 + 4 + 8 + 17 * 8 + 3 + 4 + 1 + 8 + 16 + 24) % 8) % 8);
        for (int i = 0; i < 256; i++) writer.Write(0xaa, 8);
        (_, byte[] escape, byte[] expected) = Vectors.All["escape, 4 frames"];
        foreach (byte b in escape) writer.Write(b, 8);
        Assert.Equal(AlacStatus.Ok, Decode(config, buffer.AsSpan(0, writer.Finish()), out byte[] pcm));
        Assert.Equal(expected, pcm);
    }

    [Theory]
    [InlineData("e0", AlacStatus.Malformed)] // END before any channel
    [InlineData("40", AlacStatus.Unsupported)] // CCE
    [InlineData("a0", AlacStatus.Unsupported)] // PCE
    [InlineData("220002000000", AlacStatus.Truncated)] // an instance number is allowed, but the samples are missing
    [InlineData("200022000000", AlacStatus.Malformed)] // an unused bit is set
    [InlineData("2000180000000800000000000000000000", AlacStatus.Malformed)] // three bytes shifted off
    [InlineData("20001000000000000000000000000000000000000000000000000000", AlacStatus.Malformed)] // no frames
    [InlineData("200010000002c2000000000000000000000000000000000000000000", AlacStatus.Malformed)] // 353 of 352 frames
    [InlineData("2000120000000900000000", AlacStatus.Truncated)] // 4 frames, 1 there
    [InlineData("200013fffffffe00000000", AlacStatus.Malformed)] // 4,294,967,295 frames
    public void Refuses(string hex, AlacStatus expected) =>
        Assert.Equal(expected, Decode(new AlacConfig { FrameLength = 352 }, Convert.FromHexString(hex), out _));

    [Fact]
    public void A_pair_does_not_fit_a_mono_stream() => Assert.Equal(
        AlacStatus.Malformed, Decode(new AlacConfig { Channels = 1, FrameLength = 352 }, Vectors.All["escape, 4 frames"].Packet, out _));

    [Fact]
    public void Two_single_channels_make_stereo()
    {
        byte[] packet = new byte[64];
        var writer = new BitWriter(packet);
        for (uint channel = 0; channel < 2; channel++)
        {
            writer.Write(channel == 0 ? 0u : 3, 3); // SCE, then LFE
            writer.Write(channel, 4);
            writer.Write(0b1001, 16); // partial, escape
            writer.Write(2, 32);
            writer.Write(0x0102 + channel, 16);
            writer.Write(0xfffe - channel, 16);
        }

        Assert.Equal(AlacStatus.Ok, Decode(new AlacConfig { FrameLength = 352 }, packet.AsSpan(0, writer.Finish()), out byte[] pcm));
        Assert.Equal(Signals.Stereo16([0x0102, -2], [0x0103, -3]), pcm);
    }

    [Fact]
    public void Undoes_a_first_difference_of_mode_and_of_order_31()
    {
        foreach ((uint mode, uint order) in (ReadOnlySpan<(uint, uint)>)[(0, 31), (1, 0), (1, 31), (0, 0)])
        {
            byte[] packet = new byte[256];
            var writer = new BitWriter(packet);
            writer.Write(0, 3);
            writer.Write(0b1000, 20); // partial
            writer.Write(4, 32);
            writer.Write(0, 16); // no mixing
            writer.Write(mode, 4);
            writer.Write(9, 4);
            writer.Write(4, 3);
            writer.Write(order, 5);
            for (int i = 0; i < order; i++) writer.Write(0, 16);
            ResidualWriter.Write(ref writer, [5, 1, -2, 3], new RiceState(10, 40, 14), 16);
            int differences = (mode != 0 ? 1 : 0) + (order == 31 ? 1 : 0);
            int[] expected = differences switch { 0 => [5, 1, -2, 3], 1 => [5, 6, 4, 7], _ => [5, 11, 15, 22] };
            AlacConfig mono = new() { Channels = 1, FrameLength = 352 };
            Assert.Equal(AlacStatus.Ok, Decode(mono, packet.AsSpan(0, writer.Finish()), out byte[] pcm));
            Assert.Equal(expected, Enumerable.Range(0, 4).Select(i => (int)BitConverter.ToInt16(pcm, i * 2)));
        }
    }

    [Fact]
    public void The_mean_is_clamped_by_the_value_before_the_flag_is_added()
    {
        var state = new RiceState(10, 40, 14);
        state.AddRun(200);
        state.AddValue(65_535); // residual +32768 after a run: the value is 65,536 with the flag
        Assert.Equal(12, state.ValueParameter); // mean 40 * 65,536; clamped to 65,535 it would be 7
        state.AddValue(65_536);
        Assert.Equal(7, state.ValueParameter);
    }

    [Theory]
    [InlineData(false)] // Apple's rule
    [InlineData(true)] // FFmpeg's
    public void A_disputed_value_is_read_as_its_writer_meant_it(bool isClamped)
    {
        int[] left = [.. Enumerable.Repeat(0, 200), 32_767, .. Enumerable.Range(0, 100).Select(i => i % 7 - 3)], right = new int[301];
        right.AsSpan(200).Fill(-1);
        byte[] packet = new byte[2000];
        var writer = new BitWriter(packet);
        writer.Write(1, 3);
        writer.Write(0b1000, 20); // partial
        writer.Write(301, 32);
        writer.Write(2 << 8, 16); // independent channels
        for (int channel = 0; channel < 2; channel++) writer.Write(0x0980, 16); // order 0
        WriteWithDisputedValue(ref writer, [.. left.Zip(right, (l, r) => l - r)], isClamped);
        Assert.True(ResidualWriter.Write(ref writer, right, new RiceState(10, 40, 14), 17));
        writer.Write(7, 3);
        Assert.Equal(AlacStatus.Ok, Decode(new AlacConfig { FrameLength = 352 }, packet.AsSpan(0, writer.Finish()), out byte[] pcm));
        Assert.Equal(Signals.Stereo16([.. left.Zip(right, (l, r) => l - r)], right), pcm);
    }

    [Fact]
    public void An_escape_packet_is_read_at_any_bit()
    {
        AlacConfig config = new() { FrameLength = 352 };
        byte[] pcm = Signals.Make("noise", config, 352), escape = new byte[config.MaxPacketSize];
        int length = AlacEncoder.EncodeEscape(config, pcm, escape);
        for (int elements = 0; elements < 8; elements++)
        {
            byte[] packet = new byte[2000];
            var writer = new BitWriter(packet);
            for (int i = 0; i < elements; i++) writer.Write(0b110_0000, 7); // FIL of no bytes: all else moves by 7 bits
            foreach (byte b in escape.AsSpan(0, length)) writer.Write(b, 8);
            int whole = writer.Finish();
            Assert.Equal(AlacStatus.Ok, Decode(config, packet.AsSpan(0, whole), out byte[] decoded));
            Assert.Equal(pcm, decoded);
            Assert.Equal(AlacStatus.Truncated, Decode(config, packet.AsSpan(0, whole - 3), out _));
        }
    }

    [Fact]
    public void A_silent_channel_beside_a_loud_one_stays_silent()
    {
        AlacConfig config = new() { FrameLength = 352 };
        int[] loud = [.. Enumerable.Range(0, 352).Select(i => (int)(Math.Sin(i * 0.1) * 9000))], silent = new int[352];
        foreach (byte[] pcm in (byte[][])[Signals.Stereo16(loud, silent), Signals.Stereo16(silent, loud), Signals.Stereo16(loud, loud)])
        {
            byte[] packet = new byte[config.MaxPacketSize];
            int length = new AlacEncoder(config).Encode(pcm, packet);
            Assert.Equal(AlacStatus.Ok, Decode(config, packet.AsSpan(0, length), out byte[] decoded));
            Assert.Equal(pcm, decoded);
        }
    }

    [Fact]
    public void Short_memory_is_the_callers_mistake() => Assert.Throws<ArgumentException>(
        () => new AlacDecoder(new AlacConfig()).Decode(Vectors.All["escape, 4 frames"].Packet, new byte[16], out _));

    [Fact]
    public void Allocates_nothing()
    {
        (AlacConfig config, byte[] packet, _) = Vectors.All["compressed, 24 bit, 64 frames"];
        var decoder = new AlacDecoder(config);
        byte[] pcm = new byte[config.MaxPcmSize];
        Assert.Equal(0, Garbage.Of(() => decoder.Decode(packet, pcm, out _)));
    }

    internal static AlacStatus Decode(AlacConfig config, ReadOnlySpan<byte> packet, out byte[] pcm)
    {
        byte[] buffer = new byte[config.MaxPcmSize];
        AlacStatus status = new AlacDecoder(config).Decode(packet, buffer, out int frames);
        pcm = buffer[..(frames * config.BytesPerFrame)];
        return status;
    }

    /// <summary>A residual writer that takes a side, as no encoder for others should.</summary>
    private static void WriteWithDisputedValue(ref BitWriter writer, int[] residuals, bool isClamped)
    {
        var state = new RiceState(10, 40, 14);
        for (int count = 0; count < residuals.Length;)
        {
            int residual = residuals[count++];
            uint coded = (uint)((residual << 1) ^ (residual >> 31)) - state.NotZero;
            bool isDisputed = coded == RiceState.Disputed && state.NotZero != 0;
            int parameter = state.ValueParameter;
            ResidualWriter.WriteRice(ref writer, coded, (1u << parameter) - 1, parameter, 17);
            state.AddValue(coded);
            if (isDisputed && isClamped) state.Clamp();
            if (!state.IsQuiet || count == residuals.Length) continue;
            int run = residuals.Skip(count).TakeWhile(r => r == 0).Count();
            parameter = state.RunParameter;
            ResidualWriter.WriteRice(ref writer, (uint)run, state.RunDivisor(parameter), parameter, RiceState.RunBits);
            state.AddRun((uint)run);
            count += run;
        }
    }

    private static byte[] Damage(byte[] packet, Random random)
    {
        byte[] damaged = [.. packet];
        for (int flips = random.Next(1, 6); flips > 0; flips--)
        {
            int bit = random.Next(random.Next(2) == 0 ? damaged.Length * 8 : Math.Min(damaged.Length * 8, 400));
            damaged[bit / 8] ^= (byte)(0x80 >> bit % 8);
        }

        return random.Next(4) == 0 ? damaged[..random.Next(damaged.Length)] : damaged;
    }

    private static IEnumerable<(AlacConfig Config, byte[] Packet, byte[] Pcm)> OwnPackets()
    {
        foreach (int depth in (int[])[16, 20, 24, 32])
        {
            AlacConfig config = new() { BitDepth = depth, FrameLength = 200, Channels = depth == 20 ? 1 : 2 };
            byte[] pcm = Signals.Make("chord", config, 200), packet = new byte[config.MaxPacketSize];
            int length = new AlacEncoder(config).Encode(pcm, packet);
            yield return (config, packet[..length], pcm);
        }
    }
}
