using Alac.Decoding;
using Alac.Encoding;
using CsCheck;
using Raop.Tests;

namespace Alac.Tests;

public sealed class AlacEncoderTests
{
    private static readonly AlacConfig AirTunes2 = new() { FrameLength = 352 };

    [Fact]
    public void Any_signal_comes_back_whole() =>
        Gen.Select(
            OneOf(16, 20, 24, 32), Gen.Int[1, 2], OneOf(1, 2, 3, 17, 352, 1000, 4096), OneOf(Signals.Names),
            Gen.Int[0, 3000], Gen.Int, OneOf(Enum.GetValues<AlacEffort>()))
        .Sample((depth, channels, frameLength, name, frames, seed, effort) =>
        {
            AlacConfig config = new() { BitDepth = depth, Channels = channels, FrameLength = frameLength };
            AssertRoundTrip(config, Signals.Make(name, config, Math.Max(1, Math.Min(frames, frameLength * 4)), seed), effort);
        }, iter: 600);

    [Theory]
    [InlineData(16, 2)]
    [InlineData(24, 1)]
    public void Packets_of_16384_frames_come_back_whole(int depth, int channels)
    {
        AlacConfig config = new() { BitDepth = depth, Channels = channels, FrameLength = 16_384 };
        foreach (string name in Signals.Names)
        {
            foreach (AlacEffort effort in Enum.GetValues<AlacEffort>()) AssertRoundTrip(config, Signals.Make(name, config, 16_384 + 5), effort);
        }
    }

    [Fact]
    public void Unusual_rice_parameters_come_back_whole() =>
        Gen.Select(Gen.Byte, Gen.Byte, Gen.Byte[1, 31], OneOf(Signals.Names)).Sample((pb, mb, kb, name) =>
        {
            AlacConfig config = new() { FrameLength = 500, RiceHistoryMultiplier = pb, RiceInitialHistory = mb, RiceLimit = kb };
            AssertRoundTrip(config, Signals.Make(name, config, 1200));
        }, iter: 200);

    [Fact]
    public void Escape_packets_come_back_whole() =>
        Gen.Select(OneOf(16, 20, 24, 32), Gen.Int[1, 2], Gen.Int[1, 40]).Sample((depth, channels, frames) =>
        {
            AlacConfig config = new() { BitDepth = depth, Channels = channels, FrameLength = 40 };
            byte[] pcm = Signals.Make("noise", config, frames), packet = new byte[config.MaxPacketSize];
            int length = AlacEncoder.EncodeEscape(config, pcm, packet);
            Assert.Equal((23 + (frames < 40 ? 32 : 0) + frames * channels * depth + 3 + 7) / 8, length);
            Assert.Equal(AlacStatus.Ok, AlacDecoderTests.Decode(config, packet.AsSpan(0, length), out byte[] decoded));
            Assert.Equal(pcm, decoded);
        }, iter: 100);

    [Fact]
    public void Writes_the_escape_packet_of_other_encoders()
    {
        (AlacConfig config, byte[] expected, byte[] pcm) = Vectors.All["escape, 4 frames"];
        byte[] packet = new byte[config.MaxPacketSize];
        Assert.Equal(expected, packet[..AlacEncoder.EncodeEscape(config, pcm, packet)]);
    }

    [Fact]
    public void Writes_the_escape_packet_of_silence()
    {
        byte[] packet = new byte[AirTunes2.MaxPacketSize];
        int length = AlacEncoder.EncodeEscape(AirTunes2, new byte[1408], packet);
        Assert.Equal(1412, length);
        Assert.Equal([0x20, 0x00, 0x02, .. new byte[1407], 0x01, 0xc0], packet[..length]);
    }

    [Fact]
    public void Silence_is_no_longer_than_Apples()
    {
        byte[] packet = new byte[AirTunes2.MaxPacketSize];
        Assert.InRange(new AlacEncoder(AirTunes2).Encode(new byte[1408], packet), 1, 44);
    }

    [Fact]
    public void Silence_of_24_bit_is_as_short()
    {
        AlacConfig config = AirTunes2 with { BitDepth = 24 };
        byte[] packet = new byte[config.MaxPacketSize];
        Assert.InRange(new AlacEncoder(config).Encode(new byte[config.MaxPcmSize], packet), 1, 44);
    }

    [Theory]
    [InlineData(352, 0x00)]
    [InlineData(100, 0x10)]
    public void Noise_is_sent_as_it_is_and_only_short_packets_say_their_length(int frames, int partialBit)
    {
        byte[] packet = new byte[AirTunes2.MaxPacketSize];
        new AlacEncoder(AirTunes2).Encode(Signals.Make("noise", AirTunes2, frames), packet);
        Assert.Equal([0x20, 0x00, partialBit | 0x02], packet.Take(3).Select(b => b & ~0x01)); // the last bit is a sample's
    }

    [Theory]
    [InlineData(AlacEffort.Fast)]
    [InlineData(AlacEffort.Default)]
    [InlineData(AlacEffort.Best)]
    public void A_value_that_decoders_dispute_is_never_compressed(AlacEffort effort)
    {
        byte[] packet = new byte[AirTunes2.MaxPacketSize], pcm = Signals.Make("disputed value", AirTunes2, 352);
        int length = new AlacEncoder(AirTunes2, effort).Encode(pcm, packet);
        Assert.Equal(1412, length);
        int[] left = new int[352];
        left[200] = 32_767; // the same after zeros is only 32,767: nobody disputes that
        pcm = Signals.Stereo16(left, new int[352]);
        Assert.InRange(new AlacEncoder(AirTunes2, effort).Encode(pcm, packet), 1, 200);
    }

    [Theory]
    [InlineData(AlacEffort.Fast)]
    [InlineData(AlacEffort.Default)]
    [InlineData(AlacEffort.Best)]
    public void What_was_encoded_before_does_not_matter(AlacEffort effort)
    {
        byte[] pcm = Signals.Make("chord", AirTunes2, 352);
        byte[] first = new byte[AirTunes2.MaxPacketSize], again = new byte[AirTunes2.MaxPacketSize];
        var encoder = new AlacEncoder(AirTunes2, effort);
        int length = encoder.Encode(pcm, first);
        foreach (string name in Signals.Names)
        {
            encoder.Encode(Signals.Make(name, AirTunes2, 352), again);
            encoder.Encode(Signals.Make(name, AirTunes2, 100), again);
        }

        again.AsSpan().Clear();
        Assert.Equal(length, encoder.Encode(pcm, again));
        Assert.Equal(first, again);
    }

    [Theory]
    [InlineData(0, 1416)]
    [InlineData(1409, 1416)]
    [InlineData(1412, 1416)]
    [InlineData(1408, 1415)]
    public void Wrong_sizes_are_the_callers_mistake(int pcm, int packet)
    {
        Assert.Throws<ArgumentException>(() => new AlacEncoder(AirTunes2).Encode(new byte[pcm], new byte[packet]));
        Assert.Throws<ArgumentException>(() => AlacEncoder.EncodeEscape(AirTunes2, new byte[pcm], new byte[packet]));
    }

    [Theory]
    [InlineData(AlacEffort.Fast)]
    [InlineData(AlacEffort.Default)]
    [InlineData(AlacEffort.Best)]
    public void Allocates_nothing(AlacEffort effort)
    {
        var encoder = new AlacEncoder(AirTunes2, effort);
        byte[] pcm = Signals.Make("chord", AirTunes2, 352), packet = new byte[AirTunes2.MaxPacketSize];
        Assert.Equal(0, Garbage.Of(() => encoder.Encode(pcm, packet)));
    }

    [Fact]
    public void No_other_effort_exists() => Assert.Throws<ArgumentException>(() => new AlacEncoder(AirTunes2, (AlacEffort)3));

    [Theory]
    [InlineData(352, 2)]
    [InlineData(4096, 2)]
    [InlineData(352, 1)]
    [InlineData(4096, 1)]
    public void More_effort_makes_music_smaller(int frameLength, int channels)
    {
        AlacConfig config = new() { FrameLength = frameLength, Channels = channels };
        byte[] music = Signals.Make("notes", config, 50_000);
        long[] sizes = [.. Enum.GetValues<AlacEffort>().Select(effort => Size(config, music, effort))];
        Assert.True(sizes[(int)AlacEffort.Best] < sizes[(int)AlacEffort.Default], string.Join(", ", sizes));
        Assert.True(sizes[(int)AlacEffort.Default] <= sizes[(int)AlacEffort.Fast], string.Join(", ", sizes));
        Assert.Equal(frameLength >= 1024, sizes[(int)AlacEffort.Default] != sizes[(int)AlacEffort.Fast]);
    }

    [Fact]
    public void Four_bits_more_cost_four_bits_more()
    {
        AlacConfig narrow = new() { FrameLength = 352 }, wide = narrow with { BitDepth = 20 };
        const int Frames = 50_000;
        long bits = 8 * Size(narrow, Signals.Make("high tones", narrow, Frames), AlacEffort.Default), more = 8 * Size(wide, Signals.Make("high tones", wide, Frames), AlacEffort.Default);
        Assert.InRange((more - bits) / (2.0 * Frames), 3.5, 4.6); // coefficients of fewer bits cost a little
    }

    [Fact]
    public void Usual_values_are_divided_without_a_division()
    {
        for (int parameter = 1; parameter < RiceState.UsualParameters; parameter++)
        {
            uint divisor = (1u << parameter) - 1;
            for (uint value = 0; value < 9 * divisor; value++)
            {
                if (ResidualWriter.DivideUsual(value, parameter) != (value / divisor, value % divisor)) Assert.Fail($"{value} / {divisor}");
            }

            for (ulong value = 9 * divisor; value <= uint.MaxValue; value = value * 5 / 4 + 1) Assert.InRange(ResidualWriter.DivideUsual((uint)value, parameter).Quotient, 9ul, ulong.MaxValue);
            Assert.InRange(ResidualWriter.DivideUsual(uint.MaxValue, parameter).Quotient, 9ul, ulong.MaxValue);
        }
    }

    [Fact]
    public void The_count_of_bits_is_what_is_written() =>
        Gen.Select(Gen.Int[-70_000, 70_000].Array[1, 300], Gen.Int[0, 16], Gen.Int[0, 3]).Sample((values, quiet, gap) =>
        {
            int[] residuals = [.. values.SelectMany(v => Enumerable.Repeat(0, gap * 20).Prepend(v >> quiet))];
            byte[] buffer = new byte[residuals.Length * 8 + 64];
            var writer = new BitWriter(buffer);
            bool isSafe = ResidualWriter.Write(ref writer, residuals, new RiceState(10, 40, 14), 18);
            int? count = ResidualWriter.Count(residuals, new RiceState(10, 40, 14), 18);
            Assert.Equal(isSafe, count is not null);
            if (!isSafe) return;
            Assert.Equal((count + 7) / 8, writer.Finish());
            var reader = new BitReader(buffer);
            int[] read = new int[residuals.Length];
            Assert.Equal(AlacStatus.Ok, default(ResidualReader).Read(ref reader, read, new RiceState(10, 40, 14), 18, out uint magnitudes));
            Assert.Equal(residuals, read);
            Assert.Equal(count, reader.Position);
            Assert.Equal(residuals.All(r => r == 0), magnitudes == 0);
        }, iter: 500);

    private static long Size(AlacConfig config, byte[] pcm, AlacEffort effort)
    {
        var encoder = new AlacEncoder(config, effort);
        byte[] packet = new byte[config.MaxPacketSize];
        long size = 0;
        for (int at = 0; at < pcm.Length; at += config.MaxPcmSize) size += encoder.Encode(pcm.AsSpan(at, Math.Min(config.MaxPcmSize, pcm.Length - at)), packet);
        return size;
    }

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static void AssertRoundTrip(AlacConfig config, byte[] pcm, AlacEffort effort = AlacEffort.Default)
    {
        var encoder = new AlacEncoder(config, effort);
        var decoder = new AlacDecoder(config);
        byte[] packet = new byte[config.MaxPacketSize], decoded = new byte[config.MaxPcmSize];
        for (int at = 0; at < pcm.Length; at += config.MaxPcmSize)
        {
            ReadOnlySpan<byte> part = pcm.AsSpan(at, Math.Min(config.MaxPcmSize, pcm.Length - at));
            int length = encoder.Encode(part, packet);
            Assert.Equal(AlacStatus.Ok, decoder.Decode(packet.AsSpan(0, length), decoded, out int frames));
            Assert.True(part.SequenceEqual(decoded.AsSpan(0, frames * config.BytesPerFrame)), $"{config}, byte {at}");
        }
    }
}
