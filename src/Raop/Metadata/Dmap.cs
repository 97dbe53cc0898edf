using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Raop.Metadata;

/// <summary>
/// What is known of a piece as DMAP, the body of a SET_PARAMETER: one <c>mlit</c> of items. An item is a tag of four letters, a length
/// (32 bits, big-endian) and data: a number, big-endian, UTF-8 without an end mark, or more items.
/// </summary>
/// <remarks>Tags and their types: docs/protocol/metadata.md.</remarks>
internal static class Dmap
{
    public const string MediaType = "application/x-dmap-tagged";

    /// <summary>Most bytes of one text, of UTF-8; more is cut between two characters.</summary>
    public const int MaxText = 1024;

    private const int HeaderSize = 8;

    /// <summary>Containers within containers; real ones have one.</summary>
    private const int MaxDepth = 4;

    private const uint Listing = 0x6D6C6974, ListingItems = 0x6D6C636C, Dictionary = 0x6D64636C, Songs = 0x61646273, Playlist = 0x6170736F; // mlit mlcl mdcl adbs apso
    private const uint Kind = 0x6D696B64, DataKind = 0x6173646B, Title = 0x6D696E6D, Artist = 0x61736172, Album = 0x6173616C; // mikd asdk minm asar asal
    private const uint AlbumArtist = 0x61736161, Composer = 0x61736370, Genre = 0x6173676E, Year = 0x61737972, Milliseconds = 0x6173746D; // asaa ascp asgn asyr astm
    private const uint TrackNumber = 0x6173746E, TrackCount = 0x61737463, DiscNumber = 0x6173646E, DiscCount = 0x61736463; // astn astc asdn asdc
    private const uint HasArtwork = 0x61736564, ArtworkCount = 0x61736163; // ased asac

    private const int Music = 2, Stream = 1;

    /// <summary>
    /// Reads a body. The first of two equal tags counts; a length beyond the end ends the reading, and what was read before counts.
    /// </summary>
    /// <returns>False when it is no DMAP at all.</returns>
    public static bool TryParse(ReadOnlySpan<byte> body, [NotNullWhen(true)] out TrackInfo? track)
    {
        track = null;
        if (body.Length < HeaderSize || body[..4].ContainsAnyExceptInRange((byte)' ', (byte)'~')) return false;
        Fields fields = default;
        Walk(body, ref fields, depth: 0);
        track = fields.ToTrack();
        return true;
    }

    /// <summary>Writes a body; of a track that is null, one that wipes out what was shown.</summary>
    /// <param name="track">The piece. Title, artist and album are always there, if need be empty, so that none is left over from the one before.</param>
    /// <param name="coverFollows">Whether a cover is sent next.</param>
    public static byte[] Write(TrackInfo? track, bool coverFollows = false)
    {
        var items = new ArrayBufferWriter<byte>(512);
        WriteNumber(items, Kind, Music, 1); // first: HomePods want it there
        if (track is { Duration: null }) WriteNumber(items, DataKind, Stream, 1);
        WriteText(items, Title, track?.Title ?? "");
        WriteText(items, Artist, track?.Artist ?? "");
        WriteText(items, Album, track?.Album ?? "");
        if (track is not null) WriteMore(items, track);
        if (coverFollows)
        {
            WriteNumber(items, HasArtwork, 1, 2);
            WriteNumber(items, ArtworkCount, 1, 2);
        }

        byte[] body = new byte[HeaderSize + items.WrittenCount];
        BinaryPrimitives.WriteUInt32BigEndian(body, Listing);
        BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(4), items.WrittenCount);
        items.WrittenSpan.CopyTo(body.AsSpan(HeaderSize));
        return body;
    }

    private static void Walk(ReadOnlySpan<byte> items, ref Fields fields, int depth)
    {
        while (items.Length >= HeaderSize)
        {
            uint tag = BinaryPrimitives.ReadUInt32BigEndian(items), length = BinaryPrimitives.ReadUInt32BigEndian(items[4..]);
            items = items[HeaderSize..];
            bool isCut = length > items.Length;
            if (tag is Listing or ListingItems or Dictionary or Songs or Playlist)
            {
                if (depth < MaxDepth) Walk(isCut ? items : items[..(int)length], ref fields, depth + 1);
            }
            else if (!isCut)
            {
                fields.Take(tag, items[..(int)length]);
            }

            if (isCut) return;
            items = items[(int)length..];
        }
    }

    private static void WriteMore(ArrayBufferWriter<byte> items, TrackInfo track)
    {
        if (track.AlbumArtist is { Length: > 0 } albumArtist) WriteText(items, AlbumArtist, albumArtist);
        if (track.Composer is { Length: > 0 } composer) WriteText(items, Composer, composer);
        if (track.Genre is { Length: > 0 } genre) WriteText(items, Genre, genre);
        WriteIfSmall(items, Year, track.Year);
        if (track.Duration is { } duration)
        {
            double milliseconds = Math.Clamp(Math.Round(duration.TotalMilliseconds), 0, uint.MaxValue);
            WriteNumber(items, Milliseconds, (uint)milliseconds, 4);
        }

        WriteIfSmall(items, TrackNumber, track.TrackNumber);
        WriteIfSmall(items, TrackCount, track.TrackCount);
        WriteIfSmall(items, DiscNumber, track.DiscNumber);
        WriteIfSmall(items, DiscCount, track.DiscCount);
    }

    private static void WriteIfSmall(ArrayBufferWriter<byte> items, uint tag, int value)
    {
        if (value is > 0 and <= ushort.MaxValue) WriteNumber(items, tag, (uint)value, 2);
    }

    private static void WriteNumber(ArrayBufferWriter<byte> items, uint tag, uint value, int size)
    {
        Span<byte> digits = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(digits, value);
        WriteItem(items, tag, digits[^size..]);
    }

    private static void WriteText(ArrayBufferWriter<byte> items, uint tag, string text) => WriteItem(items, tag, Cut(Encoding.UTF8.GetBytes(text)));

    private static void WriteItem(ArrayBufferWriter<byte> items, uint tag, ReadOnlySpan<byte> data)
    {
        Span<byte> item = items.GetSpan(HeaderSize + data.Length);
        BinaryPrimitives.WriteUInt32BigEndian(item, tag);
        BinaryPrimitives.WriteInt32BigEndian(item[4..], data.Length);
        data.CopyTo(item[HeaderSize..]);
        items.Advance(HeaderSize + data.Length);
    }

    /// <summary>At most <see cref="MaxText"/> bytes, none of a character that does not fit.</summary>
    private static ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> text)
    {
        if (text.Length <= MaxText) return text;
        int end = MaxText;
        while (end > MaxText - 3 && (text[end] & 0xC0) == 0x80) end--;
        return text[..end];
    }

    /// <summary>What has been read so far.</summary>
    private struct Fields
    {
        private string? _title, _artist, _album, _albumArtist, _composer, _genre;
        private int _year, _trackNumber, _trackCount, _discNumber, _discCount;
        private uint _milliseconds;

        public void Take(uint tag, ReadOnlySpan<byte> data)
        {
            switch (tag)
            {
                case Title: _title ??= Text(data); break;
                case Artist: _artist ??= Text(data); break;
                case Album: _album ??= Text(data); break;
                case AlbumArtist: _albumArtist ??= Text(data); break;
                case Composer: _composer ??= Text(data); break;
                case Genre: _genre ??= Text(data); break;
                case Year: TakeSmall(ref _year, data); break;
                case TrackNumber: TakeSmall(ref _trackNumber, data); break;
                case TrackCount: TakeSmall(ref _trackCount, data); break;
                case DiscNumber: TakeSmall(ref _discNumber, data); break;
                case DiscCount: TakeSmall(ref _discCount, data); break;
                case Milliseconds when _milliseconds == 0: _milliseconds = Number(data); break;
            }
        }

        public readonly TrackInfo ToTrack() => new()
        {
            Title = _title,
            Artist = _artist,
            Album = _album,
            AlbumArtist = _albumArtist,
            Composer = _composer,
            Genre = _genre,
            Year = _year,
            TrackNumber = _trackNumber,
            TrackCount = _trackCount,
            DiscNumber = _discNumber,
            DiscCount = _discCount,
            Duration = _milliseconds == 0 ? null : TimeSpan.FromMilliseconds(_milliseconds),
        };

        private static void TakeSmall(ref int field, ReadOnlySpan<byte> data)
        {
            if (field == 0 && Number(data) is <= ushort.MaxValue and uint number) field = (int)number;
        }

        /// <summary>A number of whatever width senders choose; 0 when there is none, or when it is no sensible one.</summary>
        private static uint Number(ReadOnlySpan<byte> data)
        {
            if (data.Length > 8) return 0;
            ulong number = 0;
            foreach (byte digit in data) number = (number << 8) | digit;
            return number > uint.MaxValue ? 0 : (uint)number;
        }

        private static string? Text(ReadOnlySpan<byte> data)
        {
            ReadOnlySpan<byte> text = Cut(data.TrimEnd((byte)0));
            return text.IsEmpty ? null : PlainText.Of(Encoding.UTF8.GetString(text));
        }
    }
}
