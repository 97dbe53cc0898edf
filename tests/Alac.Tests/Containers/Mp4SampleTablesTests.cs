using Alac.Containers;

namespace Alac.Tests.Containers;

public sealed class Mp4SampleTablesTests
{
    private const long FileLength = 0x2_0000_0000;
    private static readonly AlacConfig Config = new() { FrameLength = 100 };

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(32)]
    public void Reads_sizes_of_every_width(int bits)
    {
        PacketTable table = Parse(Build(bits, sizes: [10, 3, 15, 7, 1]));
        Assert.Equal([10, 3, 15, 7, 1], Enumerable.Range(0, 5).Select(table.Size));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Finds_packets_through_runs_of_chunks(bool isLarge)
    {
        long start = isLarge ? 0x1_0000_0000 : 0x8000_0000; // the first is above what a signed number holds
        PacketTable table = Parse(Build(32, sizes: [10, 20, 30, 40, 50], chunks: [start, start + 1000, start + 500], isLarge: isLarge));
        long[] expected = [start, start + 10, start + 1000, start + 1030, start + 500]; // two a chunk, then one
        Assert.Equal(expected, Enumerable.Range(0, 5).Select(table.Offset));
        Assert.Equal([0, 100, 200, 300, 400], Enumerable.Range(0, 5).Select(table.Start));
        Assert.Equal(437, table.Frames);
    }

    [Fact]
    public void Refuses_tables_that_do_not_fit_each_other()
    {
        Assert.Equal(AlacError.Corrupt, ErrorOf(Build(32, sizes: [10, 0, 30, 40, 50]))); // an empty packet
        Assert.Equal(AlacError.Corrupt, ErrorOf(Build(32, sizes: [10, 20, 30, 40, 5000]))); // larger than any can be
        Assert.Equal(AlacError.Corrupt, ErrorOf(Build(32, sizes: [10, 20, 30, 40, 50, 60]))); // more than chunks and times name
        Assert.Equal(AlacError.Corrupt, ErrorOf(Build(32, sizes: [10, 20, 30, 40, 50], lastFrames: 101)));
        Assert.Equal(AlacError.Corrupt, ErrorOf(Build(32, sizes: [10, 20, 30, 40, 50], lastFrames: 0)));
        Assert.Equal(AlacError.Corrupt, ErrorOf(Build(12, sizes: [10, 20, 30, 40, 50])));
        Assert.Equal(AlacError.Corrupt, ErrorOf(Build(32, sizes: [10, 20, 30, 40, 50], chunks: [0, 0, -1], isLarge: true)));
        Assert.Equal(AlacError.Truncated, ErrorOf(Build(32, sizes: [10, 20, 30, 40, 50], chunks: [0, 0, FileLength - 49], isLarge: true)));
        Assert.Null(ErrorOf(Build(32, sizes: [10, 20, 30, 40, 50], chunks: [0, 0, FileLength - 50], isLarge: true)));
    }

    [Fact]
    public void Refuses_every_truncation_inside_a_table()
    {
        byte[] tables = Build(32, sizes: [10, 20, 30, 40, 50]);
        Assert.All(Enumerable.Range(0, tables.Length), length => Assert.Equal(AlacError.Corrupt, ErrorOf(tables[..length])));
    }

    private static PacketTable Parse(byte[] tables) => Mp4SampleTables.Parse(tables, Config, FileLength);

    private static AlacError? ErrorOf(byte[] tables)
    {
        try
        {
            Parse(tables);
            return null;
        }
        catch (AlacException e)
        {
            return e.Error;
        }
    }

    /// <summary>Tables of five packets in three chunks of 2, 2 and 1, the last packet with 37 frames.</summary>
    private static byte[] Build(int bits, int[] sizes, long[]? chunks = null, bool isLarge = false, uint lastFrames = 37)
    {
        var boxes = new BoxWriter();
        int box = boxes.BeginFull(bits == 32 ? "stsz"u8 : "stz2"u8);
        boxes.UInt32(bits == 32 ? 0 : (uint)bits).UInt32((uint)sizes.Length);
        for (int i = 0; i < sizes.Length; i++)
        {
            if (bits == 32) boxes.UInt32((uint)sizes[i]);
            else if (bits == 16) boxes.UInt16(sizes[i]);
            else if (bits == 8) boxes.UInt8((byte)sizes[i]);
            else if (bits == 4 && i % 2 == 0) boxes.UInt8((byte)(sizes[i] << 4 | (i + 1 < sizes.Length ? sizes[i + 1] : 0)));
        }

        boxes.End(box);
        box = boxes.BeginFull("stsc"u8);
        boxes.UInt32(2).UInt32(1).UInt32(2).UInt32(1).UInt32(3).UInt32(1).UInt32(1);
        boxes.End(box);
        chunks ??= [100, 200, 300];
        box = boxes.BeginFull(isLarge ? "co64"u8 : "stco"u8);
        boxes.UInt32((uint)chunks.Length);
        foreach (long chunk in chunks) boxes.Time(chunk, isLarge ? 1u : 0);
        boxes.End(box);
        box = boxes.BeginFull("stts"u8);
        boxes.UInt32(2).UInt32(4).UInt32(100).UInt32(1).UInt32(lastFrames);
        boxes.End(box);
        return boxes.Written.ToArray();
    }
}
