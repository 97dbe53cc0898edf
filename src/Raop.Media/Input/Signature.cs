namespace Raop.Media.Input;

/// <summary>What a file looks like by its first bytes.</summary>
internal enum Container
{
    /// <summary>Nothing known.</summary>
    Unknown,

    /// <summary>No bytes at all.</summary>
    Empty,

    /// <summary>Readable text.</summary>
    Text,

    /// <summary>RIFF or RF64 WAVE.</summary>
    Wav,

    /// <summary>AIFF or AIFF-C.</summary>
    Aiff,

    /// <summary>FLAC of its own, not in Ogg.</summary>
    Flac,

    /// <summary>MP4 and its kin: ALAC or AAC.</summary>
    Mp4,

    /// <summary>Apple's Core Audio Format.</summary>
    Caf,

    /// <summary>A format that ffmpeg reads.</summary>
    Foreign,

    /// <summary>Not sound: a picture, an archive, a document.</summary>
    NotAudio,
}

/// <summary>Recognises formats by content.</summary>
/// <param name="Container">What it is.</param>
/// <param name="Name">Its name, for people: "an MP3 file", "plain text".</param>
internal readonly record struct Signature(Container Container, string Name)
{
    /// <summary>Bytes that recognition wants to see; fewer only if the input has no more.</summary>
    public const int WantedBytes = 512;

    /// <summary>Looks at the first bytes, after any ID3v2 tag.</summary>
    public static Signature Of(ReadOnlySpan<byte> s, bool afterId3)
    {
        if (s.IsEmpty) return new(Container.Empty, "empty");
        if (WavHeader.Matches(s)) return new(Container.Wav, "WAV");
        if (AiffHeader.Matches(s)) return new(Container.Aiff, "AIFF");
        if (s.StartsWith("fLaC"u8)) return new(Container.Flac, "FLAC");
        if (s.StartsWith("caff"u8)) return new(Container.Caf, "CAF");
        if (IsMp4(s)) return new(Container.Mp4, "MP4");
        if (ForeignName(s) is { } foreign) return new(Container.Foreign, foreign);
        if (afterId3 || IsMpegAudio(s)) return new(Container.Foreign, "MP3");
        if (NotAudioName(s) is { } other) return new(Container.NotAudio, other);
        return IsText(s) ? new(Container.Text, "plain text") : new(Container.Unknown, "unknown data");
    }

    /// <summary>The type of the first box; older QuickTime files have no ftyp.</summary>
    private static bool IsMp4(ReadOnlySpan<byte> s)
    {
        if (s.Length < 12) return false;
        ReadOnlySpan<byte> type = s[4..8];
        return type.SequenceEqual("ftyp"u8) || type.SequenceEqual("moov"u8) || type.SequenceEqual("mdat"u8)
            || type.SequenceEqual("wide"u8) || type.SequenceEqual("free"u8) || type.SequenceEqual("skip"u8);
    }

    private static string? ForeignName(ReadOnlySpan<byte> s)
    {
        if (s.StartsWith("OggS"u8)) return s.IndexOf("OpusHead"u8) >= 0 ? "Opus" : s.IndexOf("vorbis"u8) >= 0 ? "Ogg Vorbis" : "Ogg";
        if (Begins(s, [0x1A, 0x45, 0xDF, 0xA3])) return "Matroska or WebM";
        if (Begins(s, [0x30, 0x26, 0xB2, 0x75])) return "Windows Media";
        if (s.StartsWith("MAC "u8)) return "Monkey's Audio";
        if (s.StartsWith("wvpk"u8)) return "WavPack";
        if (s.StartsWith("MPCK"u8) || s.StartsWith("MP+"u8)) return "Musepack";
        if (s.StartsWith("TTA1"u8)) return "True Audio";
        if (s.StartsWith("FLV"u8)) return "Flash video";
        if (s.StartsWith("#!AMR"u8)) return "AMR";
        if (s.StartsWith(".snd"u8)) return "Sun AU";
        if (s.StartsWith("DSD "u8) || s.StartsWith("FRM8"u8)) return "DSD";
        if (s.StartsWith("RIFX"u8)) return "RIFX";
        if (Begins(s, [0x0B, 0x77])) return "AC-3";
        if (s.Length > 12 && s.StartsWith("RIFF"u8) && s[8..12].SequenceEqual("AVI "u8)) return "AVI";
        return s.Length > 376 && s[0] == 0x47 && s[188] == 0x47 && s[376] == 0x47 ? "MPEG transport stream" : s.Length > 1 && s[0] == 0xFF && (s[1] & 0xF6) == 0xF0 ? "AAC" : null;
    }

    /// <summary>A valid MPEG-1 or -2 audio header, layer I to III.</summary>
    private static bool IsMpegAudio(ReadOnlySpan<byte> s) =>
        s.Length >= 4 && s[0] == 0xFF && (s[1] & 0xE0) == 0xE0 && (s[1] & 0x18) != 0x08 && (s[1] & 0x06) != 0 && (s[2] >> 4) is > 0 and < 15 && (s[2] & 0x0C) != 0x0C;

    private static string? NotAudioName(ReadOnlySpan<byte> s)
    {
        if (Begins(s, [0x89, (byte)'P', (byte)'N', (byte)'G'])) return "a PNG picture";
        if (Begins(s, [0xFF, 0xD8, 0xFF])) return "a JPEG picture";
        if (s.StartsWith("GIF8"u8)) return "a GIF picture";
        if (s.StartsWith("%PDF"u8)) return "a PDF document";
        if (s.StartsWith("PK\u0003\u0004"u8)) return "a ZIP archive";
        if (Begins(s, [0x1F, 0x8B])) return "a gzip archive";
        if (s.StartsWith("\u007fELF"u8)) return "a program";
        if (s.StartsWith("MThd"u8)) return "a MIDI file (notes, not sound)";
        return s.StartsWith("<!DOCTYPE"u8) || s.StartsWith("<html"u8) || s.StartsWith("<!doctype"u8) ? "a web page" : null;
    }

    private static bool Begins(ReadOnlySpan<byte> s, ReadOnlySpan<byte> with) => s.StartsWith(with);

    /// <summary>No control characters but layout, and at least two bytes.</summary>
    private static bool IsText(ReadOnlySpan<byte> s)
    {
        foreach (byte b in s)
        {
            if (b < 0x20 && b is not ((byte)'\t' or (byte)'\n' or (byte)'\r' or 0x0C or 0x1B)) return false;
        }

        return s.Length >= 2 && !Text.Decode(s[..(s.Length - Math.Min(3, s.Length - 1))]).Any(c => c is >= '\u0080' and < '\u00A0');
    }
}
