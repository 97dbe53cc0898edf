using System.Globalization;
using System.Text.Json;
using Raop.Media.Input.Tags;
using Raop.Metadata;

namespace Raop.Media.Input.Ffmpeg;

/// <summary>What ffprobe says about a file.</summary>
/// <param name="Codec">ffmpeg's name of the codec: "mp3", "aac", "vorbis".</param>
/// <param name="Container">ffmpeg's names of the container.</param>
/// <param name="SampleRate">Frames a second.</param>
/// <param name="Channels">Channels of the file itself, 0 when not said.</param>
/// <param name="Is16Bit">Whether 16 bits hold every sample; decoders of lossy formats give floats, for which 24 are taken.</param>
/// <param name="Is32Bit">Whether more than 24 bits count.</param>
/// <param name="Duration">Seconds, or null.</param>
/// <param name="Tags">Tags.</param>
internal sealed record FfmpegProbe(string Codec, string Container, int SampleRate, int Channels, bool Is16Bit, bool Is32Bit, double? Duration, TrackInfo Tags)
{
    private const int MaxAnswer = 1024 * 1024;
    private const string Sound = "format=format_name,duration,start_time:stream=codec_name,sample_rate,channels,sample_fmt,bits_per_raw_sample,duration";

    /// <summary>Bits to ask ffmpeg for.</summary>
    public int Bits => Is32Bit ? 32 : Is16Bit ? 16 : 24;

    /// <summary>The codec for people.</summary>
    public string FormatName => NameOf(Codec);

    /// <summary>Asks about a file's first audio stream.</summary>
    /// <exception cref="RaopException">UnsupportedFormat: no audio in it, or nothing that ffmpeg knows.</exception>
    public static async ValueTask<FfmpegProbe> RunAsync(FfmpegTools tools, string path, string name, CancellationToken cancellationToken)
    {
        byte[]? answer = await AskAsync(tools, path, name, Sound + ":format_tags:stream_tags", cancellationToken).ConfigureAwait(false)
            ?? await AskAsync(tools, path, name, Sound, cancellationToken).ConfigureAwait(false); // nobody's titles are so long
        return (answer is null ? null : Parse(answer)) ?? throw InputError.Unsupported(name, "has no audio in it", "Choose a file with sound.");
    }

    /// <summary>Runs it once.</summary>
    /// <returns>What it said; null when that is more than <see cref="MaxAnswer"/>.</returns>
    private static async ValueTask<byte[]?> AskAsync(FfmpegTools tools, string path, string name, string entries, CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            "-v", "error", "-protocol_whitelist", "file,pipe", "-of", "json", "-select_streams", "a:0", "-show_entries", entries, "-i", "file:" + path,
        ];
        ChildProcess child = ChildProcess.Start(tools.Ffprobe, arguments);
        await using (child.ConfigureAwait(false))
        {
            if (await ReadAsync(child.Output, cancellationToken).ConfigureAwait(false) is not { } answer) return null; // it waits for a reader: disposing ends it
            return await child.FinishAsync(cancellationToken).ConfigureAwait(false) is { } complaint
                ? throw InputError.Unsupported(name, $"is not music that ffmpeg can read: {complaint}", "Check that it plays elsewhere; if not, get it again.")
                : answer;
        }
    }

    /// <summary>A codec's name for people.</summary>
    public static string NameOf(string codec) => codec switch
    {
        "vorbis" => "Ogg Vorbis",
        "opus" => "Opus",
        "wmav1" or "wmav2" or "wmapro" or "wmalossless" => "Windows Media",
        "wavpack" => "WavPack",
        "ape" => "Monkey's Audio",
        "musepack7" or "musepack8" => "Musepack",
        _ when codec.StartsWith("pcm_", StringComparison.Ordinal) => "PCM",
        _ => codec.ToUpperInvariant(),
    };

    internal static FfmpegProbe? Parse(byte[] json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        if (!document.RootElement.TryGetProperty("streams", out JsonElement streams) || streams.GetArrayLength() == 0) return null;
        JsonElement stream = streams[0];
        document.RootElement.TryGetProperty("format", out JsonElement format);
        if (!int.TryParse(Get(stream, "sample_rate"), NumberStyles.None, CultureInfo.InvariantCulture, out int rate) || rate <= 0) return null;
        string sample = Get(stream, "sample_fmt") ?? "";
        bool isWide = sample.StartsWith("s32", StringComparison.Ordinal);
        _ = int.TryParse(Get(stream, "bits_per_raw_sample"), NumberStyles.None, CultureInfo.InvariantCulture, out int raw);
        return new FfmpegProbe(
            Get(stream, "codec_name") ?? "unknown",
            Get(format, "format_name") ?? "",
            rate,
            stream.TryGetProperty("channels", out JsonElement channels) && channels.TryGetInt32(out int count) ? count : 0,
            Is16Bit: sample.StartsWith("s16", StringComparison.Ordinal) || sample.StartsWith("u8", StringComparison.Ordinal),
            Is32Bit: isWide && raw is 0 or > 24,
            Duration: Seconds(format, "duration") - Priming(stream, format) ?? Seconds(stream, "duration"),
            Tags: ReadTags(format, stream));
    }

    /// <summary>What the MP3 decoder drops at the start: ffprobe counts it into the duration.</summary>
    private static double Priming(JsonElement stream, JsonElement format) =>
        Get(stream, "codec_name") == "mp3" && Seconds(format, "start_time") is { } start and < 0.2 ? start : 0;

    private static double? Seconds(JsonElement of, string name) =>
        double.TryParse(Get(of, name), NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && seconds is > 0 and < 1e9 ? seconds : null;

    private static string? Get(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Names differ in case from format to format; Ogg keeps tags with the stream.</summary>
    private static TrackInfo ReadTags(JsonElement format, JsonElement stream)
    {
        var found = new TrackInfo();
        foreach (JsonElement of in (JsonElement[])[format, stream])
        {
            if (of.ValueKind != JsonValueKind.Object || !of.TryGetProperty("tags", out JsonElement tags) || tags.ValueKind != JsonValueKind.Object) continue;
            var one = new TagBuilder();
            foreach (JsonProperty tag in tags.EnumerateObject())
            {
                if (tag.Value.ValueKind != JsonValueKind.String || FieldOf(tag.Name.ToLowerInvariant()) is not { } field) continue;
                string? text = tag.Value.GetString();
                if (text?.Contains('\uFFFD', StringComparison.Ordinal) != true) one.Add(field, text); // ID3v1 in Latin-1, which ffprobe takes for UTF-8
            }

            found = TagBuilder.Fill(found, one.Build());
        }

        return found;
    }

    private static TagField? FieldOf(string name) => name switch
    {
        "title" => TagField.Title,
        "artist" => TagField.Artist,
        "album" => TagField.Album,
        "album_artist" => TagField.AlbumArtist,
        "composer" => TagField.Composer,
        "genre" => TagField.Genre,
        "date" or "year" => TagField.Date,
        "track" => TagField.Track,
        "disc" => TagField.Disc,
        _ => null,
    };

    /// <summary>All of it, or null when it is too long.</summary>
    private static async ValueTask<byte[]?> ReadAsync(Stream output, CancellationToken cancellationToken)
    {
        var all = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (await output.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is var read and > 0)
        {
            all.Write(buffer, 0, read);
            if (all.Length > MaxAnswer) return null;
        }

        return all.ToArray();
    }
}
