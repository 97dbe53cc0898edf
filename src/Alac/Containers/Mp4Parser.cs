using System.Buffers.Binary;

namespace Alac.Containers;

/// <summary>Reads the index of an MP4 file (M4A, QuickTime): the first ALAC track, its tables, its edit list.</summary>
internal static class Mp4Parser
{
    private const int MaxIndexSize = 1 << 26, MaxBoxes = 10_000;
    private const long NoMedia = -1;

    /// <summary>Reads the index; the stream may stand anywhere.</summary>
    public static PacketTable Parse(Stream stream)
    {
        byte[] movie = ReadMovie(stream);
        string found = "no sound";
        var reader = new BoxReader(movie);
        while (reader.Next())
        {
            if (!reader.Type.SequenceEqual("trak"u8)) continue;
            ReadOnlySpan<byte> media = BoxReader.Find(reader.Body, "mdia"u8);
            ReadOnlySpan<byte> handler = BoxReader.Find(media, "hdlr"u8);
            if (handler.Length < 12 || !handler.Slice(8, 4).SequenceEqual("soun"u8)) continue; // a cover, chapters
            ReadOnlySpan<byte> tables = BoxReader.Find(BoxReader.Find(media, "minf"u8), "stbl"u8);
            var entries = new BoxReader(BoxReader.Require(tables, "stsd"u8, 8)[8..]);
            if (!entries.Next()) continue;
            if (!entries.Type.SequenceEqual("alac"u8))
            {
                found = $"'{BoxReader.Name(entries.Type)}'";
                continue;
            }

            return ParseTrack(movie, reader.Body, media, tables, entries.Body, stream.Length);
        }

        throw new AlacException(AlacError.NotAlac, $"The file holds {found}, not ALAC.");
    }

    private static PacketTable ParseTrack(
        ReadOnlySpan<byte> movie, ReadOnlySpan<byte> track, ReadOnlySpan<byte> media, ReadOnlySpan<byte> tables,
        ReadOnlySpan<byte> entry, long fileLength)
    {
        AlacConfig config = PacketTable.ParseCookie(FindCookie(entry));
        uint timescale = ReadTimescale(BoxReader.Require(media, "mdhd"u8, 24));
        if (timescale != (uint)config.SampleRate)
        {
            throw AlacException.Unsupported($"The track counts time in 1/{timescale} s, not in frames of 1/{config.SampleRate} s.");
        }

        PacketTable table = Mp4SampleTables.Parse(tables, config, fileLength);
        if (table.Count == 0 && !BoxReader.Find(movie, "mvex"u8).IsEmpty) throw AlacException.Unsupported("Fragmented MP4 files are not supported.");
        table.Length = table.Frames;
        ReadOnlySpan<byte> edits = BoxReader.Find(BoxReader.Find(track, "edts"u8), "elst"u8);
        if (!edits.IsEmpty) ApplyEdits(table, edits, ReadTimescale(BoxReader.Require(movie, "mvhd"u8, 24)));
        table.Tags = Mp4Tags.Parse(movie);
        return table;
    }

    /// <summary>Finds the movie box among the file's boxes, before or after the media data, and reads it.</summary>
    private static byte[] ReadMovie(Stream stream)
    {
        Span<byte> header = stackalloc byte[BoxReader.LargeHeaderSize];
        int boxes = 0;
        for (long at = 0, length = stream.Length; at < length;)
        {
            if (boxes++ == MaxBoxes) throw AlacException.Unsupported($"The file has more than {MaxBoxes} boxes.");
            stream.Position = at;
            int read = stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
            if (read < BoxReader.HeaderSize) break;
            int headerSize = BoxReader.HeaderSize;
            long size = BinaryPrimitives.ReadUInt32BigEndian(header);
            if (size == 1)
            {
                if (read < BoxReader.LargeHeaderSize) break;
                (headerSize, size) = (BoxReader.LargeHeaderSize, BinaryPrimitives.ReadInt64BigEndian(header[8..]));
            }
            else if (size == 0)
            {
                size = length - at;
            }

            ReadOnlySpan<byte> type = header.Slice(4, 4);
            if (size < headerSize) throw AlacException.Corrupt($"Box '{BoxReader.Name(type)}' has {size} bytes.");
            if (size > length - at) throw AlacException.Truncated($"box '{BoxReader.Name(type)}'");
            if (type.SequenceEqual("moov"u8))
            {
                if (size > MaxIndexSize) throw AlacException.Unsupported($"The index has {size} bytes; {MaxIndexSize} are supported.");
                byte[] movie = new byte[size - headerSize];
                stream.Position = at + headerSize;
                stream.ReadExactly(movie);
                return movie;
            }

            at += size;
        }

        throw AlacException.Truncated("the media data: there is no index (moov)");
    }

    /// <summary>The cookie: a box in the sample entry, after 28 bytes and QuickTime's additions, or inside QuickTime's 'wave'.</summary>
    private static ReadOnlySpan<byte> FindCookie(ReadOnlySpan<byte> entry)
    {
        const int VersionOffset = 8, Fixed = 28;
        if (entry.Length < Fixed) throw AlacException.Corrupt("The sample entry is too short.");
        int start = Fixed + BinaryPrimitives.ReadUInt16BigEndian(entry[VersionOffset..]) switch { 1 => 16, 2 => 36, _ => 0 };
        if (start > entry.Length) throw AlacException.Corrupt("The sample entry is too short.");
        ReadOnlySpan<byte> children = entry[start..], wave = BoxReader.Find(children, "wave"u8);
        return BoxReader.Require(wave.IsEmpty ? children : wave, "alac"u8, 4 + AlacConfig.CookieSize)[4..];
    }

    /// <summary>Units a second of an 'mvhd' or 'mdhd' box of at least 24 bytes.</summary>
    private static uint ReadTimescale(ReadOnlySpan<byte> header)
    {
        uint timescale = BinaryPrimitives.ReadUInt32BigEndian(header[(header[0] == 1 ? 20 : 12)..]);
        return timescale != 0 ? timescale : throw AlacException.Corrupt("A time scale is zero.");
    }

    /// <summary>Leaves out what the edit list leaves out. Lengths are in the movie's units, which are often only milliseconds.</summary>
    private static void ApplyEdits(PacketTable table, ReadOnlySpan<byte> edits, uint movieTimescale)
    {
        bool isLarge = edits[0] == 1;
        int entrySize = isLarge ? 20 : 12;
        uint count = edits.Length < 8 ? 0 : BinaryPrimitives.ReadUInt32BigEndian(edits[4..]);
        if (count > (edits.Length - 8) / entrySize) throw AlacException.Corrupt("The edit list is longer than its box.");
        bool isFound = false;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> edit = edits.Slice(8 + i * entrySize, entrySize);
            ulong duration = isLarge ? BinaryPrimitives.ReadUInt64BigEndian(edit) : BinaryPrimitives.ReadUInt32BigEndian(edit);
            long start = isLarge ? BinaryPrimitives.ReadInt64BigEndian(edit[8..]) : BinaryPrimitives.ReadInt32BigEndian(edit[4..]);
            if (start == NoMedia) continue; // a pause before the music
            if (isFound || BinaryPrimitives.ReadUInt32BigEndian(edit[^4..]) != 0x0001_0000)
            {
                throw AlacException.Unsupported("The edit list has more than one part or changes the speed.");
            }

            if (start < 0 || start > table.Frames) throw AlacException.Corrupt($"The edit list starts at frame {start} of {table.Frames}.");
            isFound = true;
            table.LeadIn = start;
            table.Length = EditLength(duration, table.Frames - start, movieTimescale, (uint)table.Config.SampleRate);
        }
    }

    /// <summary>Frames of an edit. A coarse unit cannot name the last frame: an edit that may mean all of the rest does.</summary>
    private static long EditLength(ulong duration, long rest, uint movieTimescale, uint sampleRate)
    {
        if (duration == 0) return rest;
        bool isExact = movieTimescale % sampleRate == 0;
        UInt128 most = (UInt128)(isExact ? duration : duration + (UInt128)1) * sampleRate / movieTimescale;
        if (most >= (UInt128)rest) return rest;
        return (long)((UInt128)duration * sampleRate / movieTimescale);
    }
}
