using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Raop.Audio;
using Raop.Metadata;

namespace Raop.Remote;

/// <summary>caps.</summary>
internal enum DacpPlayState : byte
{
    Stopped = 2,
    Paused = 3,
    Playing = 4,
}

/// <summary>carp.</summary>
internal enum DacpRepeat : byte
{
    Off,
    One,
    All,
}

/// <summary>What a sender is doing, as speakers ask for it: the answers cmst (playstatusupdate) and cmgt (getproperty).</summary>
internal sealed record DacpStatus
{
    public DacpPlayState State { get; init; } = DacpPlayState.Stopped;

    public bool Shuffle { get; init; }

    public DacpRepeat Repeat { get; init; }

    /// <summary>What is heard; null when nothing is, or nothing is known.</summary>
    public TrackInfo? Track { get; init; }

    /// <summary>Length of the piece, ms; null when unknown.</summary>
    public uint? Duration { get; init; }

    /// <summary>What is left of it, ms; null when unknown.</summary>
    public uint? Remaining { get; init; }

    /// <summary>The group's volume, 0 to 100 percent.</summary>
    public double Volume { get; init; }

    /// <summary>From what a sender or a group says of itself.</summary>
    /// <param name="state">What it does.</param>
    /// <param name="source">What is heard, or null.</param>
    /// <param name="position">Where in it.</param>
    /// <param name="volume">0 to 100 percent.</param>
    public static DacpStatus Of(RaopSenderState state, IPcmSource? source, TimeSpan position, double volume)
    {
        TimeSpan? duration = source is { Length: { } frames } ? source.Format.Duration(frames) : source?.Info?.Duration;
        return new DacpStatus
        {
            State = state switch
            {
                RaopSenderState.Playing => DacpPlayState.Playing,
                RaopSenderState.Paused => DacpPlayState.Paused,
                _ => DacpPlayState.Stopped,
            },
            Track = source?.Info,
            Duration = duration is { } whole ? Milliseconds(whole) : null,
            Remaining = duration is { } all ? Milliseconds(all - position) : null,
            Volume = volume,
        };

        static uint Milliseconds(TimeSpan time) => (uint)Math.Clamp(time.TotalMilliseconds, 0, uint.MaxValue);
    }

    /// <summary>The body of the answer to playstatusupdate.</summary>
    /// <param name="revision">Which a speaker names in its next question: it waits until there is a later one.</param>
    public byte[] ToPlayStatus(uint revision)
    {
        var items = new DmapItems();
        items.Number("mstt", 200, 4);
        items.Number("cmsr", revision, 4);
        items.Number("caps", (byte)State, 1);
        items.Number("cash", Shuffle ? 1u : 0, 1);
        items.Number("carp", (byte)Repeat, 1);
        items.Text("cann", Track?.Title);
        items.Text("cana", Track?.Artist);
        items.Text("canl", Track?.Album);
        items.Text("cang", Track?.Genre);
        if (Duration is { } duration) items.Number("astm", duration, 4);
        if (Remaining is { } remaining) items.Number("cant", remaining, 4);
        return items.Within("cmst");
    }

    /// <summary>The body of the answer to getproperty?properties=dmcp.volume.</summary>
    public byte[] ToVolume()
    {
        var items = new DmapItems();
        items.Number("mstt", 200, 4);
        items.Number("cmvo", (uint)Math.Round(Math.Clamp(Volume, 0, 100)), 4);
        return items.Within("cmgt");
    }

    /// <summary>Reads either body. Stops at an item that reaches beyond the end; items that are not known do not count.</summary>
    /// <param name="body">The body.</param>
    /// <param name="status">What it says.</param>
    /// <param name="revision">cmsr, or 0.</param>
    public static bool TryParse(ReadOnlySpan<byte> body, [NotNullWhen(true)] out DacpStatus? status, out uint revision)
    {
        status = null;
        revision = 0;
        if (!DmapItems.TryTake(ref body, out string container, out ReadOnlySpan<byte> rest) || container is not ("cmst" or "cmgt")) return false;
        status = new DacpStatus();
        string? title = null, artist = null, album = null, genre = null;
        while (DmapItems.TryTake(ref rest, out string tag, out ReadOnlySpan<byte> data))
        {
            uint number = DmapItems.Number(data);
            switch (tag)
            {
                case "cmsr": revision = number; break;
                case "caps" when number is >= 2 and <= 4: status = status with { State = (DacpPlayState)number }; break;
                case "cash": status = status with { Shuffle = number != 0 }; break;
                case "carp" when number <= 2: status = status with { Repeat = (DacpRepeat)number }; break;
                case "astm": status = status with { Duration = number }; break;
                case "cant": status = status with { Remaining = number }; break;
                case "cmvo": status = status with { Volume = Math.Min(number, 100) }; break;
                case "cann": title = Encoding.UTF8.GetString(data); break;
                case "cana": artist = Encoding.UTF8.GetString(data); break;
                case "canl": album = Encoding.UTF8.GetString(data); break;
                case "cang": genre = Encoding.UTF8.GetString(data); break;
            }
        }

        if ((title ?? artist ?? album ?? genre) is not null) status = status with { Track = new TrackInfo { Title = title, Artist = artist, Album = album, Genre = genre } };
        return true;
    }

    /// <summary>DMAP: a tag of four letters, the length in four bytes, the data; numbers are big-endian.</summary>
    private sealed class DmapItems
    {
        private const int MaxText = 1024; // bytes; a title is anyone's
        private readonly MemoryStream _bytes = new();

        public void Number(string tag, uint value, int size)
        {
            Span<byte> data = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(data, value);
            Item(_bytes, tag, data[^size..]);
        }

        public void Text(string tag, string? text)
        {
            if (string.IsNullOrEmpty(text)) return;
            byte[] data = Encoding.UTF8.GetBytes(text);
            int length = Math.Min(data.Length, MaxText);
            while (length < data.Length && (data[length] & 0xC0) == 0x80) length--; // not in the middle of a letter
            Item(_bytes, tag, data.AsSpan(0, length));
        }

        public byte[] Within(string container)
        {
            using var whole = new MemoryStream();
            Item(whole, container, _bytes.GetBuffer().AsSpan(0, (int)_bytes.Length));
            return whole.ToArray();
        }

        public static bool TryTake(ref ReadOnlySpan<byte> rest, out string tag, out ReadOnlySpan<byte> data)
        {
            tag = "";
            data = default;
            if (rest.Length < 8) return false;
            uint length = BinaryPrimitives.ReadUInt32BigEndian(rest[4..]);
            if (length > rest.Length - 8) return false;
            tag = Encoding.Latin1.GetString(rest[..4]);
            data = rest.Slice(8, (int)length);
            rest = rest[(8 + (int)length)..];
            return true;
        }

        /// <summary>A number of 1 to 4 bytes; 0 for anything else.</summary>
        public static uint Number(ReadOnlySpan<byte> data)
        {
            uint value = 0;
            if (data.Length > 4) return 0;
            foreach (byte b in data) value = (value << 8) | b;
            return value;
        }

        private static void Item(MemoryStream to, string tag, ReadOnlySpan<byte> data)
        {
            Span<byte> head = stackalloc byte[8];
            Encoding.ASCII.GetBytes(tag, head);
            BinaryPrimitives.WriteInt32BigEndian(head[4..], data.Length);
            to.Write(head);
            to.Write(data);
        }
    }
}
