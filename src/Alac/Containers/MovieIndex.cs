using System.Buffers.Binary;

namespace Alac.Containers;

/// <summary>Builds the 'moov' box of a file with one ALAC track (ISO/IEC 14496-12 section 8). All times are in frames.</summary>
/// <param name="packets">The packets, one after the other.</param>
/// <param name="mediaStart">Where the first is, from the file's start.</param>
/// <param name="tags">Texts, or null.</param>
internal sealed class MovieIndex(PacketLog packets, long mediaStart, IReadOnlyDictionary<string, string>? tags)
{
    private const int PacketsPerChunk = 16;
    private const uint Undetermined = 0x55c4; // language code 'und'
    private readonly AlacConfig _config = packets.Config;
    private readonly BoxWriter _boxes = new();
    private readonly uint _version = packets.Frames > uint.MaxValue ? 1u : 0;

    public ReadOnlySpan<byte> Build()
    {
        int movie = _boxes.Begin("moov"u8);
        int header = _boxes.BeginFull("mvhd"u8, _version);
        Dates().UInt32((uint)_config.SampleRate).Time(packets.Frames, _version);
        _boxes.UInt32(0x0001_0000).UInt16(0x0100).Zeros(10); // speed 1, volume 1
        Matrix().Zeros(24).UInt32(2); // number of the next track
        _boxes.End(header);
        WriteTrack();
        WriteTags();
        _boxes.End(movie);
        return _boxes.Written;
    }

    private void WriteTrack()
    {
        int track = _boxes.Begin("trak"u8);
        int header = _boxes.BeginFull("tkhd"u8, _version, flags: 7); // enabled, in movie, in preview
        Dates().UInt32(1).Zeros(4).Time(packets.Frames, _version).Zeros(8 + 4).UInt16(0x0100).Zeros(2);
        Matrix().Zeros(8);
        _boxes.End(header);

        int edits = _boxes.Begin("edts"u8), list = _boxes.BeginFull("elst"u8, _version);
        _boxes.UInt32(1).Time(packets.Frames, _version).Time(0, _version).UInt32(0x0001_0000);
        _boxes.End(list);
        _boxes.End(edits);

        int media = _boxes.Begin("mdia"u8);
        header = _boxes.BeginFull("mdhd"u8, _version);
        Dates().UInt32((uint)_config.SampleRate).Time(packets.Frames, _version).UInt32(Undetermined << 16);
        _boxes.End(header);
        WriteHandler("soun"u8, default);
        int information = _boxes.Begin("minf"u8);
        header = _boxes.BeginFull("smhd"u8);
        _boxes.Zeros(4);
        _boxes.End(header);
        WriteDataReference();
        WriteTables();
        _boxes.End(information);
        _boxes.End(media);
        _boxes.End(track);
    }

    private void WriteHandler(ReadOnlySpan<byte> type, ReadOnlySpan<byte> manufacturer)
    {
        int handler = _boxes.BeginFull("hdlr"u8);
        _boxes.Zeros(4).Bytes(type).Bytes(manufacturer).Zeros(12 - manufacturer.Length).UInt8(0);
        _boxes.End(handler);
    }

    private void WriteDataReference()
    {
        int information = _boxes.Begin("dinf"u8), references = _boxes.BeginFull("dref"u8);
        _boxes.UInt32(1);
        _boxes.End(_boxes.BeginFull("url "u8, flags: 1)); // in this file
        _boxes.End(references);
        _boxes.End(information);
    }

    private void WriteTables()
    {
        int tables = _boxes.Begin("stbl"u8);
        WriteDescription();
        WriteTimes();
        int lastChunk = packets.Count % PacketsPerChunk, fullChunks = packets.Count / PacketsPerChunk;
        int box = _boxes.BeginFull("stsc"u8);
        _boxes.UInt32((fullChunks > 0 ? 1u : 0) + (lastChunk > 0 ? 1u : 0));
        if (fullChunks > 0) _boxes.UInt32(1).UInt32(PacketsPerChunk).UInt32(1);
        if (lastChunk > 0) _boxes.UInt32((uint)fullChunks + 1).UInt32((uint)lastChunk).UInt32(1);
        _boxes.End(box);

        box = _boxes.BeginFull("stsz"u8);
        bool isEqual = packets.HasEqualSizes; // FFmpeg reads a file of one packet with one frame only with a common size
        _boxes.UInt32(isEqual ? (uint)packets[0].Size : 0).UInt32((uint)packets.Count);
        for (int i = 0; i < packets.Count && !isEqual; i++) _boxes.UInt32((uint)packets[i].Size);
        _boxes.End(box);

        bool isLarge = mediaStart + packets.Bytes > uint.MaxValue;
        box = _boxes.BeginFull(isLarge ? "co64"u8 : "stco"u8);
        _boxes.UInt32((uint)(fullChunks + (lastChunk > 0 ? 1 : 0)));
        long offset = mediaStart;
        for (int i = 0; i < packets.Count; i++)
        {
            if (i % PacketsPerChunk == 0) _boxes.Time(offset, isLarge ? 1u : 0);
            offset += packets[i].Size;
        }

        _boxes.End(box);
        _boxes.End(tables);
    }

    private void WriteDescription()
    {
        int box = _boxes.BeginFull("stsd"u8);
        _boxes.UInt32(1);
        int entry = _boxes.Begin("alac"u8);
        _boxes.Zeros(6).UInt16(1).Zeros(8).UInt16(_config.Channels).UInt16(_config.BitDepth).Zeros(4);
        _boxes.UInt16(_config.SampleRate > ushort.MaxValue ? 0 : _config.SampleRate).UInt16(0); // higher rates do not fit: the cookie has them
        int cookieBox = _boxes.BeginFull("alac"u8);
        Span<byte> cookie = stackalloc byte[AlacConfig.CookieSize];
        _config.WriteTo(cookie);
        _boxes.Bytes(cookie);
        _boxes.End(cookieBox);
        _boxes.End(entry);
        _boxes.End(box);
    }

    /// <summary>Frames of the packets, as runs of equal ones.</summary>
    private void WriteTimes()
    {
        int box = _boxes.BeginFull("stts"u8), countAt = _boxes.Written.Length;
        _boxes.UInt32(0);
        uint rows = 0;
        for (int i = 0, run; i < packets.Count; i += run, rows++)
        {
            run = 1;
            while (i + run < packets.Count && packets[i + run].Frames == packets[i].Frames) run++;
            _boxes.UInt32((uint)run).UInt32((uint)packets[i].Frames);
        }

        _boxes.PatchUInt32(countAt, rows);
        _boxes.End(box);
    }

    private void WriteTags()
    {
        if (tags is null || tags.Count == 0) return;
        int user = _boxes.Begin("udta"u8), meta = _boxes.BeginFull("meta"u8);
        WriteHandler("mdir"u8, "appl"u8);
        int list = _boxes.Begin("ilst"u8);
        Span<byte> type = stackalloc byte[4];
        foreach ((uint code, string name) in Mp4Tags.Known)
        {
            if (!tags.TryGetValue(name, out string? text)) continue;
            BinaryPrimitives.WriteUInt32BigEndian(type, code);
            int item = _boxes.Begin(type), data = _boxes.Begin("data"u8);
            _boxes.UInt32(1).UInt32(0).Bytes(System.Text.Encoding.UTF8.GetBytes(text)); // 1: UTF-8
            _boxes.End(data);
            _boxes.End(item);
        }

        _boxes.End(list);
        _boxes.End(meta);
        _boxes.End(user);
    }

    /// <summary>Creation and change: not told, so that equal music gives equal files.</summary>
    private BoxWriter Dates() => _boxes.Time(0, _version).Time(0, _version);

    private BoxWriter Matrix() => _boxes
        .UInt32(0x0001_0000).Zeros(12).UInt32(0x0001_0000).Zeros(12).UInt32(0x4000_0000);
}
