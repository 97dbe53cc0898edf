using System.Buffers.Binary;
using System.Text;
using Raop.Metadata;

namespace Raop.Media.Input.Tags;

/// <summary>The tag before MP3 and others, and in a chunk of WAV and AIFF: versions 2.2, 2.3 and 2.4.</summary>
/// <remarks>id3.org: ID3v2.2.0, ID3v2.3.0, ID3v2.4.0 main structure and native frames. Compressed and encrypted frames are passed over.</remarks>
internal static class Id3v2
{
    public const int HeaderSize = 10;

    /// <summary>The longest tag that is looked at, in bytes: two of the largest covers.</summary>
    public const int MaxSize = 2 * Artwork.MaxSize;

    private const int MaxFrames = 10_000;
    private const byte Unsynchronised = 0x80, ExtendedHeader = 0x40;

    /// <summary>Reads a tag; what is damaged ends it.</summary>
    /// <param name="tag">From "ID3" on; may end early.</param>
    /// <param name="tags">Takes what it says.</param>
    public static void Parse(ReadOnlySpan<byte> tag, TagBuilder tags)
    {
        if (tag.Length < HeaderSize || !tag.StartsWith("ID3"u8) || tag[3] is < 2 or > 4) return;
        int version = tag[3], flags = tag[5], size = SevenBits(tag[6..]);
        ReadOnlySpan<byte> body = tag[HeaderSize..];
        body = body[..Math.Min(size, body.Length)];
        bool isUnsynchronised = (flags & Unsynchronised) != 0;
        if (isUnsynchronised && version < 4) body = Resynchronise(body);
        if ((flags & ExtendedHeader) != 0)
        {
            if (version == 2 || body.Length < 4) return; // 2.2: compressed, in a way that was never defined
            long extended = version == 3 ? 4L + BinaryPrimitives.ReadUInt32BigEndian(body) : SevenBits(body);
            body = body[(int)Math.Min(extended, body.Length)..];
        }

        for (int frames = 0; frames < MaxFrames && TryTakeFrame(ref body, version, out Frame frame); frames++)
        {
            if (frame.Find(version, isUnsynchronised, out ReadOnlySpan<byte> content)) Add(frame, content, version, tags);
        }
    }

    private readonly ref struct Frame(string id, byte flags, ReadOnlySpan<byte> content)
    {
        private readonly byte _flags = flags;
        private readonly ReadOnlySpan<byte> _content = content;

        public string Id { get; } = id;

        public bool IsPicture => Id is "APIC" or "PIC";

        public TagField? Field => Id switch
        {
            "TIT2" or "TT2" => TagField.Title,
            "TPE1" or "TP1" => TagField.Artist,
            "TPE2" or "TP2" => TagField.AlbumArtist,
            "TALB" or "TAL" => TagField.Album,
            "TCOM" or "TCM" => TagField.Composer,
            "TCON" or "TCO" => TagField.Genre,
            "TDRC" or "TYER" or "TYE" => TagField.Date,
            "TRCK" or "TRK" => TagField.Track,
            "TPOS" or "TPA" => TagField.Disc,
            _ => null,
        };

        /// <summary>The content without what the flags put before and into it. False: not wanted or not readable.</summary>
        public bool Find(int version, bool isUnsynchronised, out ReadOnlySpan<byte> content)
        {
            content = _content;
            if (!IsPicture && Field is null) return false;
            const int compressed3 = 0x80, encrypted3 = 0x40, grouped3 = 0x20, grouped = 0x40, compressed = 0x08, encrypted = 0x04, unsynchronised = 0x02, hasLength = 0x01;
            if (version == 2) return true;
            if ((_flags & (version == 3 ? compressed3 | encrypted3 : compressed | encrypted)) != 0) return false;
            int skip = version == 3
                ? (_flags & grouped3) != 0 ? 1 : 0
                : ((_flags & grouped) != 0 ? 1 : 0) + ((_flags & hasLength) != 0 ? 4 : 0);
            if (skip > content.Length) return false;
            content = content[skip..];
            if (version == 4 && (isUnsynchronised || (_flags & unsynchronised) != 0)) content = Resynchronise(content);
            return true;
        }
    }

    /// <summary>Id, size and, from 2.3 on, flags. False at the padding, at the end and at what is no frame.</summary>
    private static bool TryTakeFrame(ref ReadOnlySpan<byte> body, int version, out Frame frame)
    {
        frame = default;
        int header = version == 2 ? 6 : 10, idLength = version == 2 ? 3 : 4;
        if (body.Length < header || !IsId(body[..idLength])) return false;
        uint size = version switch
        {
            2 => BinaryPrimitives.ReadUInt32BigEndian(body[2..]) & 0xFF_FFFF,
            3 => BinaryPrimitives.ReadUInt32BigEndian(body[4..]),
            _ => Size4(body),
        };
        if (size > body.Length - header) return false;
        frame = new Frame(Encoding.ASCII.GetString(body[..idLength]), version == 2 ? (byte)0 : body[9], body.Slice(header, (int)size));
        body = body[(header + (int)size)..];
        return true;
    }

    /// <summary>2.4 has four times seven bits; iTunes wrote four times eight for years. What follows the frame tells.</summary>
    private static uint Size4(ReadOnlySpan<byte> body)
    {
        uint plain = BinaryPrimitives.ReadUInt32BigEndian(body[4..]);
        if ((plain & 0x8080_8080) != 0) return plain;
        uint size = (uint)SevenBits(body[4..]);
        return size == plain || EndsAtFrame(body, size) || !EndsAtFrame(body, plain) ? size : plain;
    }

    private static bool EndsAtFrame(ReadOnlySpan<byte> body, uint size)
    {
        if (size > body.Length - HeaderSize) return false;
        ReadOnlySpan<byte> rest = body[(HeaderSize + (int)size)..];
        return rest.Length < HeaderSize || rest[0] == 0 || IsId(rest[..4]);
    }

    private static bool IsId(ReadOnlySpan<byte> id)
    {
        foreach (byte b in id)
        {
            if (b is not (>= (byte)'A' and <= (byte)'Z' or >= (byte)'0' and <= (byte)'9')) return false;
        }

        return true;
    }

    private static void Add(Frame frame, ReadOnlySpan<byte> content, int version, TagBuilder tags)
    {
        if (frame.IsPicture)
        {
            AddPicture(content, version, tags);
            return;
        }

        foreach (string value in Id3Text.Values(content))
        {
            tags.Add(frame.Field!.Value, frame.Field == TagField.Genre ? Id3Genre.Parse(value) : value);
        }
    }

    /// <summary>Encoding, media type (2.2: three letters), kind, description, picture.</summary>
    private static void AddPicture(ReadOnlySpan<byte> content, int version, TagBuilder tags)
    {
        if (content.Length < 6) return;
        byte encoding = content[0];
        content = content[1..];
        if (version == 2) content = content[3..];
        else Id3Text.TakeText(ref content, isWide: false);
        if (content.Length < 2) return;
        byte kind = content[0];
        if (!tags.WantsPicture(kind)) return;
        content = content[1..];
        Id3Text.TakeText(ref content, Id3Text.IsWide(encoding));
        tags.AddPicture(kind, content);
    }

    /// <summary>Takes out the zeros that were put after each FF, so that no player took the tag for sound.</summary>
    private static byte[] Resynchronise(ReadOnlySpan<byte> bytes)
    {
        var plain = new byte[bytes.Length];
        int length = 0;
        while (!bytes.IsEmpty)
        {
            int mark = bytes.IndexOf((byte)0xFF), run = mark < 0 ? bytes.Length : mark + 1;
            bytes[..run].CopyTo(plain.AsSpan(length));
            length += run;
            bytes = bytes[run..];
            if (mark >= 0 && !bytes.IsEmpty && bytes[0] == 0) bytes = bytes[1..];
        }

        return plain[..length];
    }

    private static int SevenBits(ReadOnlySpan<byte> s) => ((s[0] & 0x7F) << 21) | ((s[1] & 0x7F) << 14) | ((s[2] & 0x7F) << 7) | (s[3] & 0x7F);
}
