using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Raop.Cli;

/// <summary>A line of JSON.</summary>
/// <param name="Event">Which; comes first.</param>
internal abstract record ToolEvent([property: JsonPropertyOrder(-2)] string Event)
{
    /// <summary>receive: whose it is of several receivers, counted from 1; not written where there is one, or where it is of all.</summary>
    [JsonPropertyOrder(-1), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Instance { get; init; }
}

internal sealed record ErrorEvent(string Code, string Message, string Remedy) : ToolEvent("error");

/// <param name="Message">The cause.</param>
/// <param name="Code">As of an error; null for what has none.</param>
/// <param name="Remedy">What to do about it, or null.</param>
internal sealed record WarningEvent(string Message, string? Code, string? Remedy) : ToolEvent("warning");

/// <summary>play: a session with a receiver is open.</summary>
/// <param name="Name">The speaker's; its address when nothing else is known.</param>
/// <param name="Address">The receiver's.</param>
/// <param name="Port">The receiver's.</param>
/// <param name="Server">Its Server header, or null.</param>
/// <param name="Codec">"ALAC" or "PCM".</param>
/// <param name="Encrypted">Whether audio is.</param>
/// <param name="PasswordUsed">Whether it asked for one.</param>
/// <param name="Transport">"tcp" or "udp".</param>
/// <param name="Latency">Seconds from sending to hearing, the receiver's own need included; null over TCP, where nobody knows.</param>
internal sealed record ConnectedEvent(
    string Name, string Address, int Port, string? Server, string Codec, bool Encrypted, bool PasswordUsed, string Transport, double? Latency) : ToolEvent("connected");

/// <summary>play: the receiver takes audio of this input.</summary>
/// <param name="Input">As the user wrote it.</param>
/// <param name="Title">Its title.</param>
/// <param name="Artist">Its artist, when known.</param>
/// <param name="Album">Its album, when known.</param>
/// <param name="Format">"FLAC", "WAV" …</param>
/// <param name="Seconds">Its length, when known.</param>
/// <param name="Changed">What is done to the samples ("48000 Hz → 44100 Hz"), or null.</param>
internal sealed record TrackEvent(string Input, string Title, string? Artist, string? Album, string Format, double? Seconds, string? Changed) : ToolEvent("playing");

/// <summary>play: everything has been heard, or the user stopped it.</summary>
/// <param name="Cause">finished, quit, interrupted or failed.</param>
/// <param name="Packets">Packets of audio that were sent.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="Resent">Packets sent again, because the receiver had lost them.</param>
/// <param name="Starved">Times that an input was too late, so that a gap was heard.</param>
/// <param name="TimingSeen">Whether the receiver asked for our clock; null over TCP, in the first 3 s, and of several speakers.</param>
/// <param name="Members">Of several speakers, what each came to; packets and so on are their sums. Else null.</param>
internal sealed record PlayedEvent(
    string Cause, long Packets, long Bytes, long Resent, int Starved, bool? TimingSeen, IReadOnlyList<MemberCounts>? Members) : ToolEvent("ended");

/// <summary>play: what a speaker of several came to.</summary>
/// <param name="Name">The speaker's.</param>
/// <param name="State">At the end, as in "member".</param>
/// <param name="Packets">Packets of audio that were sent to it.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="Resent">Packets sent again.</param>
/// <param name="Rejoined">Times that it was lost and came back.</param>
/// <param name="Late">Over TCP: seconds that it began later than the others; else null.</param>
internal sealed record MemberCounts(string Name, string State, long Packets, long Bytes, long Resent, int Rejoined, double? Late);

/// <summary>play: what becomes of a speaker of several.</summary>
/// <param name="Name">The speaker's.</param>
/// <param name="State">"ready", "playing" (it has shown a sign of life), "retrying" or "failed".</param>
/// <param name="Code">Of what went wrong, or null.</param>
/// <param name="Message">Of what went wrong, or null.</param>
/// <param name="Detail">More to say, or null.</param>
internal sealed record MemberEvent(string Name, string State, string? Code, string? Message, string? Detail) : ToolEvent("member");

/// <summary>receive: ready for senders.</summary>
internal sealed record ListeningEvent(string Name, string Address, int Port) : ToolEvent("listening");

/// <summary>receive: senders see it by this name.</summary>
internal sealed record AdvertisedEvent(string Name) : ToolEvent("advertised");

internal sealed record SessionEvent(
    int Session, string Client, string UserAgent, string Transport, string Codec, bool Encrypted, int FramesPerPacket, int SampleRate, int BitsPerSample, int Channels, string? ClientName)
    : ToolEvent("session");

/// <summary>receive: the first frame went to the output.</summary>
internal sealed record PlayingEvent(int Session) : ToolEvent("playing");

/// <param name="Session">Number of the session.</param>
/// <param name="Volume">As sent, 0 to −30, −144 muted.</param>
/// <param name="GainDb">What the samples are attenuated by, dB; null when muted.</param>
internal sealed record VolumeEvent(int Session, double Volume, double? GainDb) : ToolEvent("volume");

/// <summary>receive: what plays, or will. Null where nothing is known.</summary>
/// <param name="Session">Number of the session.</param>
/// <param name="Title">The title.</param>
/// <param name="Artist">The artist.</param>
/// <param name="Album">The album.</param>
/// <param name="AlbumArtist">The album's artist, where that is another one.</param>
/// <param name="Composer">The composer.</param>
/// <param name="Genre">The genre.</param>
/// <param name="Year">Of the recording.</param>
/// <param name="TrackNumber">On the disc, from 1.</param>
/// <param name="TrackCount">Of the disc.</param>
/// <param name="DiscNumber">From 1.</param>
/// <param name="DiscCount">Of the album.</param>
/// <param name="Seconds">How long it plays.</param>
/// <param name="RtpTime">RTP time from which on it holds.</param>
internal sealed record MetadataEvent(
    int Session, string? Title, string? Artist, string? Album, string? AlbumArtist, string? Composer, string? Genre, int? Year, int? TrackNumber, int? TrackCount,
    int? DiscNumber, int? DiscCount, double? Seconds, uint? RtpTime)
    : ToolEvent("track");

/// <summary>receive: a cover, or that there is none.</summary>
/// <param name="Session">Number of the session.</param>
/// <param name="MediaType">"image/jpeg" or "image/png"; null for none.</param>
/// <param name="Bytes">Its size; 0 for none.</param>
/// <param name="Sha256">Its digest in hex; null for none.</param>
/// <param name="Path">Where --artwork-dir keeps it, or null.</param>
/// <param name="RtpTime">RTP time from which on it holds.</param>
internal sealed record ArtworkEvent(int Session, string? MediaType, int Bytes, string? Sha256, string? Path, uint? RtpTime) : ToolEvent("artwork");

/// <summary>receive: where in the piece the sender is.</summary>
/// <param name="Session">Number of the session.</param>
/// <param name="Position">Seconds played; null when the sender does not know.</param>
/// <param name="Duration">Seconds in all; null when the sender does not know.</param>
/// <param name="RtpTime">RTP time of the frame at that position.</param>
internal sealed record ProgressEvent(int Session, double? Position, double? Duration, uint? RtpTime) : ToolEvent("progress");

internal sealed record FlushEvent(int Session, long Frames) : ToolEvent("flush");

internal sealed record RefusedEvent(string Client, int Status, string Reason) : ToolEvent("refused");

internal sealed record EndedEvent(
    int Session, string Cause, long Packets, long Frames, long Flushed, long Lost, long Concealed, long Bytes, long Changed, int Underruns,
    long AskedAgain, long Recovered, long Late, int Resyncs, string Detail)
    : ToolEvent("ended");

/// <summary>alac: a file is complete.</summary>
internal sealed record ConvertedEvent(
    string Input, string Output, long Frames, int SampleRate, int BitsPerSample, int Channels, long Packets, long Bytes) : ToolEvent("converted");

internal sealed record DeviceEvent(string Id, string Description, string System, bool IsDefault, int? SampleRate, int? BitsPerSample, int? Channels)
    : ToolEvent("device");

/// <summary>list: a speaker.</summary>
/// <param name="Event">"speaker"; while watching "appeared", "changed" or "gone".</param>
/// <param name="Name">Its name.</param>
/// <param name="DeviceId">12 hex digits, or null.</param>
/// <param name="Host">"kitchen.local", or null.</param>
/// <param name="Model">As announced, or null.</param>
/// <param name="Address">The best of its addresses.</param>
/// <param name="Port">Its port.</param>
/// <param name="Addresses">All of them, with the port.</param>
/// <param name="Transports">"udp", "tcp".</param>
/// <param name="Codecs">"PCM", "ALAC", "AAC", "AAC-ELD", or a number.</param>
/// <param name="Encryption">"none", "RSA", "FairPlay", "auth-setup", "FairPlay-SAP", or a number.</param>
/// <param name="Password">Whether it announces that it wants one.</param>
/// <param name="Busy">Whether somebody plays to it.</param>
/// <param name="Seen">From the cache: when it was last found; else null.</param>
internal sealed record SpeakerEvent(
    string Event, string Name, string? DeviceId, string? Host, string? Model, string Address, int Port, IReadOnlyList<string> Addresses,
    IReadOnlyList<string> Transports, IReadOnlyList<string> Codecs, IReadOnlyList<string> Encryption, bool Password, bool Busy, DateTimeOffset? Seen)
    : ToolEvent(Event);

/// <summary>list --watch: looking begins.</summary>
/// <param name="Interfaces">What is asked.</param>
internal sealed record WatchingEvent(IReadOnlyList<string> Interfaces) : ToolEvent("watching");

/// <summary>remote: a receiver's sender does it.</summary>
/// <param name="Receiver">The receiver's name.</param>
/// <param name="Port">The receiver's.</param>
/// <param name="Command">As the user wrote it.</param>
internal sealed record ToldEvent(string Receiver, int Port, string Command) : ToolEvent("told");

/// <summary>Serialisers made at build time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ErrorEvent))]
[JsonSerializable(typeof(WarningEvent))]
[JsonSerializable(typeof(ConnectedEvent))]
[JsonSerializable(typeof(TrackEvent))]
[JsonSerializable(typeof(PlayedEvent))]
[JsonSerializable(typeof(MemberEvent))]
[JsonSerializable(typeof(ListeningEvent))]
[JsonSerializable(typeof(AdvertisedEvent))]
[JsonSerializable(typeof(SessionEvent))]
[JsonSerializable(typeof(PlayingEvent))]
[JsonSerializable(typeof(VolumeEvent))]
[JsonSerializable(typeof(MetadataEvent))]
[JsonSerializable(typeof(ArtworkEvent))]
[JsonSerializable(typeof(ProgressEvent))]
[JsonSerializable(typeof(FlushEvent))]
[JsonSerializable(typeof(RefusedEvent))]
[JsonSerializable(typeof(EndedEvent))]
[JsonSerializable(typeof(ConvertedEvent))]
[JsonSerializable(typeof(DeviceEvent))]
[JsonSerializable(typeof(SpeakerEvent))]
[JsonSerializable(typeof(WatchingEvent))]
[JsonSerializable(typeof(ToldEvent))]
[JsonSerializable(typeof(ControlGreeting))]
[JsonSerializable(typeof(ControlReply))]
internal sealed partial class Events : JsonSerializerContext
{
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>One line, letters as they are.</summary>
    public static string Line<T>(T happened, JsonTypeInfo<T> type)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, Readable)) JsonSerializer.Serialize(writer, happened, type);
        return System.Text.Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }
}
