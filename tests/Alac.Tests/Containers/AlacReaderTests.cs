using System.Buffers.Binary;
using System.Security.Cryptography;
using Alac.Containers;

namespace Alac.Tests.Containers;

public sealed class AlacReaderTests
{
    public static TheoryData<string> Names => TestData.Names;

    [Theory, MemberData(nameof(Names))]
    public void Reads_what_FFmpeg_wrote(string name)
    {
        (int frames, string sha256) = TestData.Files[name];
        using AlacReader reader = AlacReader.Open(new MemoryStream(TestData.Read(name)));
        Assert.Equal(frames, reader.Length);
        Assert.Equal(0, reader.LeadIn);
        Assert.Equal((frames + 4095) / 4096, reader.PacketCount);
        Assert.Equal(frames - (reader.PacketCount - 1) * 4096, reader.PacketFrames(reader.PacketCount - 1));
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(Files.Decode(reader, 0))));
    }

    [Fact]
    public void Seeks_to_any_frame()
    {
        using AlacReader reader = AlacReader.Open(new MemoryStream(TestData.Read("stereo16.m4a")));
        byte[] whole = Files.Decode(reader, 0);
        foreach (int frame in (int[])[0, 1, 4095, 4096, 4097, 8191, 8192, 8819, 8820])
        {
            Assert.Equal(whole[(frame * 4)..], Files.Decode(reader, frame));
        }

        Assert.Equal((3, 0), reader.Locate(8820));
        Assert.Equal((3, 0), reader.Locate(long.MaxValue));
        Assert.Equal((1, 904), reader.Locate(5000));
        Assert.Equal(8192, reader.PacketStart(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.Locate(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.PacketSize(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.PacketStart(-1));
        Assert.Throws<ArgumentException>(() => reader.ReadPacket(0, new byte[10]));
    }

    [Fact]
    public void Reads_texts()
    {
        using AlacReader m4a = AlacReader.Open(new MemoryStream(TestData.Read("tagged-mono16.m4a")));
        Assert.Equal(("Ein Ton", "Ohne Namen", "Prüfung"), (m4a.Tags["title"], m4a.Tags["artist"], m4a.Tags["album"]));
        using AlacReader caf = AlacReader.Open(new MemoryStream(TestData.Read("mono24.caf")));
        Assert.Equal("Ein Ton", caf.Tags["title"]);
    }

    [Fact]
    public void Tells_what_is_not_ALAC_from_what_is_damaged()
    {
        Assert.Equal(AlacError.NotAlac, ErrorOf(TestData.Read("aac.m4a")));
        Assert.Equal(AlacError.UnknownContainer, ErrorOf("RIFF....WAVEfmt "u8));
        Assert.Equal(AlacError.UnknownContainer, ErrorOf([]));
        byte[] caf = TestData.Read("stereo16.caf");
        "lpcm"u8.CopyTo(caf.AsSpan(28));
        Assert.Equal(AlacError.NotAlac, ErrorOf(caf));
        byte[] surround = TestData.Read("stereo16.m4a");
        surround[Find(surround, "alac", 2) + 4 + 4 + 9] = 6;
        Assert.Equal(AlacError.Unsupported, ErrorOf(surround));
    }

    [Theory, MemberData(nameof(Names))]
    public void Refuses_every_truncation(string name)
    {
        byte[] file = TestData.Read(name);
        int step = Math.Max(1, file.Length / 3000);
        for (int length = 0; length < file.Length; length += length < 1500 || length > file.Length - 1500 ? 1 : step)
        {
            AlacError? error = ErrorOf(file.AsSpan(0, length));
            if (error is null) // only boxes after the last packet were cut off
            {
                Assert.Equal(Files.Decode(file), Files.Decode(file[..length]));
            }
            else
            {
                Assert.True(error is AlacError.Truncated or AlacError.UnknownContainer, $"{name} at {length}: {error}");
            }
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Damage_gives_an_AlacException_or_a_file_that_can_be_read(string name)
    {
        const int Seed = 77;
        var random = new Random(Seed);
        byte[] file = TestData.Read(name);
        int index = name.EndsWith(".caf", StringComparison.Ordinal) ? 0 : Find(file, "moov", 1);
        int end = name.EndsWith(".caf", StringComparison.Ordinal) ? Math.Min(file.Length, 300) : Math.Min(file.Length, index + 900);
        byte[] packet = new byte[1 << 20];
        for (int round = 0; round < 3000; round++)
        {
            byte[] damaged = [.. file];
            for (int i = random.Next(1, 4); i > 0; i--)
            {
                int at = random.Next(20) == 0 ? random.Next(file.Length) : random.Next(index, end);
                damaged[at] = random.Next(3) switch { 0 => (byte)random.Next(256), 1 => 0xff, _ => (byte)(damaged[at] ^ 1 << random.Next(8)) };
            }

            try
            {
                using AlacReader reader = AlacReader.Open(new MemoryStream(damaged));
                Assert.InRange(reader.Length, 0, file.Length * 16_384L);
                (int first, int skip) = reader.Locate(reader.Length / 2);
                Assert.InRange(skip, 0, first < reader.PacketCount ? reader.PacketFrames(first) : 0);
                for (int i = 0; i < Math.Min(3, reader.PacketCount); i++) Assert.InRange(reader.ReadPacket(i, packet), 1, file.Length);
            }
            catch (AlacException)
            {
                // what else could be said of it
            }
        }
    }

    [Fact]
    public void A_hostile_count_allocates_nothing()
    {
        byte[] file = TestData.Read("stereo16.m4a");
        int table = Find(file, "stsz", 1) + 4;
        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(table + 4), 6); // all packets of 6 bytes
        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(table + 8), 0x00ff_ffff);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(AlacError.Truncated, ErrorOf(file));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    [Fact]
    public void A_movie_in_milliseconds_loses_no_frame_and_a_real_cut_is_kept()
    {
        byte[] file = TestData.Read("stereo16.m4a"); // time scale 1000: 8820 frames are exactly 200
        int edit = Find(file, "elst", 1) + 4 + 8;
        foreach ((uint duration, int start, int leadIn, int length) in (ReadOnlySpan<(uint, int, int, int)>)
            [(200, 0, 0, 8820), (199, 0, 0, 8820), (198, 0, 0, 8731), (100, 44, 44, 4410), (0, 20, 20, 8800), (5000, 20, 20, 8800), (200, 8820, 8820, 0)])
        {
            BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(edit), duration);
            BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(edit + 4), start);
            using AlacReader reader = AlacReader.Open(new MemoryStream(file));
            Assert.Equal((leadIn, length), (reader.LeadIn, reader.Length));
            Assert.Equal(length * 4, Files.Decode(reader, 0).Length);
        }

        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(edit + 4), 8821);
        Assert.Equal(AlacError.Corrupt, ErrorOf(file));
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(edit + 4), 0);
        file[edit + 8] = 2; // double speed
        Assert.Equal(AlacError.Unsupported, ErrorOf(file));
    }

    [Fact]
    public void A_CAF_may_leave_its_size_open_and_trims_by_its_packet_table()
    {
        byte[] pcm = Signals.Make("chord", new AlacConfig(), 9000), file = Files.EncodeCaf(new AlacConfig(), pcm);
        int table = Find(file, "pakt", 1), data = Find(file, "data", 1);
        byte[] open = [.. file[..data], .. file[table..], .. "data"u8, .. Enumerable.Repeat((byte)0xff, 8), .. file[(data + 12)..table]];
        Assert.Equal(pcm, Files.Decode(open));
        BinaryPrimitives.WriteInt64BigEndian(file.AsSpan(table + 12 + 8), 8000);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(table + 12 + 16), 300);
        using AlacReader reader = AlacReader.Open(new MemoryStream(file));
        Assert.Equal((300, 8000), (reader.LeadIn, reader.Length));
        Assert.Equal(pcm[1200..33_200], Files.Decode(file));
    }

    [Fact]
    public void The_stream_stays_open_only_when_asked()
    {
        var stream = new MemoryStream(TestData.Read("one-frame.m4a"));
        AlacReader.Open(stream, leaveOpen: true).Dispose();
        Assert.True(stream.CanRead);
        AlacReader.Open(stream).Dispose();
        Assert.False(stream.CanRead);
        stream = new MemoryStream("nonsense"u8.ToArray());
        Assert.Throws<AlacException>(() => AlacReader.Open(stream));
        Assert.False(stream.CanRead);
    }

    private static AlacError? ErrorOf(ReadOnlySpan<byte> file)
    {
        try
        {
            AlacReader.Open(new MemoryStream(file.ToArray())).Dispose();
            return null;
        }
        catch (AlacException e)
        {
            return e.Error;
        }
    }

    /// <summary>Where the n-th occurrence of a type begins.</summary>
    private static int Find(byte[] file, string type, int nth)
    {
        int at = -1;
        for (; nth > 0; nth--) at += 1 + file.AsSpan(at + 1).IndexOf(System.Text.Encoding.ASCII.GetBytes(type));
        return at;
    }
}
