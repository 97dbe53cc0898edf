using System.Buffers.Binary;

namespace Alac;

/// <summary>The parameters of an ALAC stream: the "magic cookie" of files, the fmtp line of RAOP.</summary>
public sealed record AlacConfig
{
    /// <summary>Bytes of the cookie (ALACSpecificConfig).</summary>
    public const int CookieSize = 24;

    private const int LongestFrame = 16_384, AtomHeaderSize = 12;

    /// <summary>Frames of a full packet, and the most in any: 1 to 16,384; 4096 in files and AirTunes v1, 352 in AirTunes v2.</summary>
    public int FrameLength { get; init; } = 4096;

    /// <summary>Version that a decoder must understand; only 0 exists.</summary>
    public byte CompatibleVersion { get; init; }

    /// <summary>Bits of a sample: 16, 20, 24 or 32.</summary>
    public int BitDepth { get; init; } = 16;

    /// <summary>Rice history multiplier (pb), 40.</summary>
    public byte RiceHistoryMultiplier { get; init; } = 40;

    /// <summary>Initial Rice history (mb), 10.</summary>
    public byte RiceInitialHistory { get; init; } = 10;

    /// <summary>Rice parameter limit (kb): 1 to 31, usually 14.</summary>
    public byte RiceLimit { get; init; } = 14;

    /// <summary>Channels: 1 or 2.</summary>
    public int Channels { get; init; } = 2;

    /// <summary>Unused by decoders, 255.</summary>
    public int MaxRun { get; init; } = 255;

    /// <summary>Bytes of the largest packet, 0 = unknown.</summary>
    public uint MaxFrameBytes { get; init; }

    /// <summary>Average bit rate, bits a second, 0 = unknown.</summary>
    public uint AverageBitRate { get; init; }

    /// <summary>Frames a second.</summary>
    public int SampleRate { get; init; } = 44_100;

    /// <summary>Whether every value is one that <see cref="AlacDecoder"/> and <see cref="AlacEncoder"/> take. They refuse others.</summary>
    public bool IsValid =>
        FrameLength is >= 1 and <= LongestFrame && CompatibleVersion == 0 && BitDepth is 16 or 20 or 24 or 32
        && Channels is 1 or 2 && RiceLimit is >= 1 and <= 31 && SampleRate > 0 && MaxRun is >= 0 and <= ushort.MaxValue;

    /// <summary>Bytes of one frame of PCM: 2 a sample at 16 bit, 3 at 20 and 24, 4 at 32.</summary>
    public int BytesPerFrame => (BitDepth + 7) / 8 * Channels;

    /// <summary>Bytes of PCM that the longest packet decodes to.</summary>
    public int MaxPcmSize => FrameLength * BytesPerFrame;

    /// <summary>Bytes that the largest packet of this configuration can have (an escape frame with frame count).</summary>
    public int MaxPacketSize => (23 + 32 + FrameLength * Channels * BitDepth + 3 + 7) / 8;

    /// <summary>Reads a cookie as files have it: 24 bytes, big-endian, after a <c>frma</c> and an <c>alac</c> atom header if there.</summary>
    /// <param name="cookie">The cookie; bytes after it are ignored.</param>
    /// <param name="config">What it says, or null.</param>
    /// <returns>False when it is too short or not <see cref="IsValid"/>.</returns>
    public static bool TryParse(ReadOnlySpan<byte> cookie, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out AlacConfig? config)
    {
        config = Read(cookie);
        if (config is { IsValid: true }) return true;
        config = null;
        return false;
    }

    /// <summary>Writes the 24-byte cookie, big-endian.</summary>
    /// <param name="destination">At least <see cref="CookieSize"/> bytes.</param>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is too short.</exception>
    public void WriteTo(Span<byte> destination)
    {
        if (destination.Length < CookieSize) throw new ArgumentException($"A cookie has {CookieSize} bytes.", nameof(destination));
        BinaryPrimitives.WriteInt32BigEndian(destination, FrameLength);
        destination[4] = CompatibleVersion;
        destination[5] = (byte)BitDepth;
        destination[6] = RiceHistoryMultiplier;
        destination[7] = RiceInitialHistory;
        destination[8] = RiceLimit;
        destination[9] = (byte)Channels;
        BinaryPrimitives.WriteUInt16BigEndian(destination[10..], (ushort)MaxRun);
        BinaryPrimitives.WriteUInt32BigEndian(destination[12..], MaxFrameBytes);
        BinaryPrimitives.WriteUInt32BigEndian(destination[16..], AverageBitRate);
        BinaryPrimitives.WriteInt32BigEndian(destination[20..], SampleRate);
    }

    /// <summary>The cookie's fields, valid or not; null when it is too short.</summary>
    internal static AlacConfig? Read(ReadOnlySpan<byte> cookie)
    {
        if (HasAtom(cookie, "frma"u8)) cookie = cookie[AtomHeaderSize..];
        if (HasAtom(cookie, "alac"u8)) cookie = cookie[AtomHeaderSize..];
        if (cookie.Length < CookieSize) return null;
        return new AlacConfig
        {
            FrameLength = BinaryPrimitives.ReadInt32BigEndian(cookie),
            CompatibleVersion = cookie[4],
            BitDepth = cookie[5],
            RiceHistoryMultiplier = cookie[6],
            RiceInitialHistory = cookie[7],
            RiceLimit = cookie[8],
            Channels = cookie[9],
            MaxRun = BinaryPrimitives.ReadUInt16BigEndian(cookie[10..]),
            MaxFrameBytes = BinaryPrimitives.ReadUInt32BigEndian(cookie[12..]),
            AverageBitRate = BinaryPrimitives.ReadUInt32BigEndian(cookie[16..]),
            SampleRate = BinaryPrimitives.ReadInt32BigEndian(cookie[20..]),
        };
    }

    internal void ThrowIfInvalid(string parameter)
    {
        if (!IsValid) throw new ArgumentException($"Not a configuration that can be coded: {this}", parameter);
    }

    private static bool HasAtom(ReadOnlySpan<byte> cookie, ReadOnlySpan<byte> id) =>
        cookie.Length >= AtomHeaderSize && cookie.Slice(4, 4).SequenceEqual(id);
}
