using Alac.Decoding;
using Alac.Encoding;

namespace Alac.Tests;

/// <summary>The reader of residuals, which hurries over the usual ones, against the rules read one bit at a time.</summary>
public sealed class ResidualReaderTests
{
    private const int Seed = 20_261_124;

    [Fact]
    public void Any_bits_are_read_as_the_rules_say()
    {
        TestContext.Current.SendDiagnosticMessage($"seed {Seed}");
        var random = new Random(Seed);
        int complete = 0, disputed = 0;
        for (int round = 0; round < 30_000; round++)
        {
            byte initial = (byte)(random.Next(3) == 0 ? random.Next(256) : 10), multiplier = (byte)(random.Next(3) == 0 ? random.Next(256) : 40);
            int limit = random.Next(3) == 0 ? random.Next(1, 32) : 14, bits = random.Next(1, 33), start = random.Next(0, 20), frames = random.Next(1, 200);
            bool clamps = random.Next(2) == 0;
            byte[] bytes = Bits(random, start, bits);
            var state = new RiceState(initial, (uint)(multiplier * random.Next(8) / 4), limit);
            (AlacStatus status, int[] residuals, int position, bool hasDisputed) expected = ByTheRules(bytes, start, frames, state, bits, clamps);
            var reader = new BitReader(bytes) { Position = start };
            var residuals = new ResidualReader { ClampsDisputed = clamps };
            int[] read = new int[frames];
            AlacStatus status = residuals.Read(ref reader, read, state, bits, out uint magnitudes);
            Assert.Equal(expected.status, status);
            Assert.Equal(expected.hasDisputed, residuals.HasDisputed);
            if (expected.hasDisputed) disputed++;
            if (status != AlacStatus.Ok) continue;
            complete++;
            Assert.Equal(expected.residuals, read);
            Assert.Equal(expected.position, reader.Position);
            Assert.Equal(read.Aggregate(0u, (all, r) => all | (uint)((r << 1) ^ (r >> 31))), magnitudes);
        }

        Assert.InRange(complete, 3000, 30_000);
        Assert.InRange(disputed, 100, 30_000);
    }

    [Theory]
    [InlineData(40, 14)]
    [InlineData(40, 3)] // the parameter is limited all the time
    [InlineData(1, 14)] // a mean of 65,535 is not usual
    [InlineData(446, 31)] // nor is one of 2^23
    [InlineData(0, 14)] // the mean stays
    public void Loud_and_quiet_residuals_come_back(int multiplier, int limit)
    {
        var random = new Random(Seed);
        for (int round = 0; round < 300; round++)
        {
            int[] residuals = [.. Enumerable.Range(0, 352).Select(_ => random.Next(-1 << (round % 24), 1 << (round % 24)))];
            if (round % 3 == 0) residuals.AsSpan(100, 150).Clear();
            if (round % 5 == 0) residuals[random.Next(352)] = random.Next(-40_000, 40_000);
            byte[] buffer = new byte[352 * 6];
            var state = new RiceState(10, (uint)multiplier, limit);
            var writer = new BitWriter(buffer);
            if (!ResidualWriter.Write(ref writer, residuals, state, 26)) continue;
            int length = writer.Finish();
            var reader = new BitReader(buffer.AsSpan(0, length));
            int[] read = new int[352];
            Assert.Equal(AlacStatus.Ok, default(ResidualReader).Read(ref reader, read, state, 26, out _));
            Assert.Equal(residuals, read);
            Assert.Equal(ResidualWriter.Count(residuals, state, 26), reader.Position);
        }
    }

    /// <summary>Bits of which ones are as likely as not, or seldom, or nearly always; some begin with a value about the disputed one.</summary>
    private static byte[] Bits(Random random, int start, int bits)
    {
        byte[] bytes = new byte[random.Next(1, 400)];
        double ones = random.Next(5) switch { 0 => 0.5, 1 => 0.1, 2 => 0.02, 3 => 0.8, _ => random.NextDouble() };
        for (int i = 0; i < bytes.Length * 8; i++) bytes[i >> 3] |= (byte)((random.NextDouble() < ones ? 1 : 0) << (i & 7));
        if (random.Next(4) != 0 || bytes.Length < 16) return bytes;
        var writer = new BitWriter(bytes);
        writer.Write((uint)random.Next(1 << start), start);
        writer.Write(0, 1); // a zero, a short run of more, and a value sent raw: about the one that is disputed
        writer.Write(0x1ff0000u + (uint)random.Next(3), 25);
        writer.Write(0x1ff, 9);
        writer.Write((uint)random.Next(65_533, 65_540) & (uint.MaxValue >> (32 - bits)), bits);
        writer.Finish();
        return bytes;
    }

    /// <summary>docs/protocol/alac.md, section 6.</summary>
    private static (AlacStatus Status, int[] Residuals, int Position, bool HasDisputed) ByTheRules(byte[] bytes, int start, int frames, RiceState state, int bits, bool clamps)
    {
        int at = start, count = 0;
        bool hasDisputed = false;
        int[] residuals = new int[frames];
        while (count < frames)
        {
            uint value = Rice(state.ValueParameter, (1u << state.ValueParameter) - 1, bits);
            uint sent = value + state.NotZero;
            residuals[count++] = (int)(sent >> 1) ^ -(int)(sent & 1);
            bool isDisputed = value == RiceState.Disputed && state.NotZero != 0;
            hasDisputed |= isDisputed;
            state.AddValue(value);
            if (isDisputed && clamps) state.Clamp();
            if (!state.IsQuiet || count == frames) continue;
            uint run = Rice(state.RunParameter, state.RunDivisor(state.RunParameter), RiceState.RunBits);
            if (run > frames - count) return (at > bytes.Length * 8 ? AlacStatus.Truncated : AlacStatus.Malformed, residuals, at, hasDisputed);
            count += (int)run;
            state.AddRun(run);
        }

        return (at > bytes.Length * 8 ? AlacStatus.Truncated : AlacStatus.Ok, residuals, at, hasDisputed);

        uint Bit() => at / 8 < bytes.Length ? (uint)(bytes[at / 8] >> (7 - at++ % 8)) & 1 : (uint)(at++ * 0);

        uint Raw(int length)
        {
            uint value = 0;
            for (int i = 0; i < length; i++) value = value << 1 | Bit();
            return value;
        }

        uint Rice(int parameter, uint divisor, int rawBits)
        {
            uint prefix = 0;
            while (prefix < 9 && Bit() == 1) prefix++;
            if (prefix == 9) return Raw(rawBits);
            uint rest = parameter == 1 ? 0 : Raw(parameter - 1);
            if (rest != 0) rest = 2 * rest + Bit() - 1;
            return prefix * divisor + rest;
        }
    }
}
