using System.Globalization;
using System.Net;

namespace Raop.Cli;

/// <summary>Shows speakers: as a table, or as JSON.</summary>
internal static class SpeakerList
{
    private static readonly string[] Head = ["NAME", "MODEL", "ADDRESS", "TRANSPORT", "CODECS", "ENCRYPTION", "PASSWORD", "BUSY"];

    /// <summary>Speakers that were found, on standard output.</summary>
    public static void Show(IReadOnlyList<RaopSpeaker> speakers, Reporter reporter)
    {
        foreach (RaopSpeaker speaker in speakers) reporter.Tell(Event("speaker", speaker, seen: null), Events.Default.SpeakerEvent);
        Write([Head, .. speakers.Select(Cells)], reporter);
    }

    /// <summary>Speakers of the cache.</summary>
    /// <exception cref="RaopException">There are none.</exception>
    public static void Show(IReadOnlyList<SeenSpeaker> speakers, string? path, Reporter reporter)
    {
        if (speakers.Count == 0)
            throw new RaopException(RaopError.SpeakerNotFound, $"No speaker has been found yet ({path ?? "there is no folder for the list"}).", "raop list");
        foreach ((RaopSpeaker speaker, DateTimeOffset seen) in speakers) reporter.Tell(Event("speaker", speaker, seen), Events.Default.SpeakerEvent);
        Write([[.. Head, "SEEN"], .. speakers.Select(static seen => (string[])[.. Cells(seen.Speaker), Time(seen.Seen)])], reporter);
    }

    /// <summary>One that appeared, changed or went.</summary>
    public static void Tell(RaopSpeakerChange change, Reporter reporter)
    {
        string sign = change.Kind switch
        {
            RaopSpeakerChangeKind.Appeared => "+",
            RaopSpeakerChangeKind.Changed => "~",
            _ => "-",
        };
        reporter.Tell(Event(Printable.Kebab(change.Kind), change.Speaker, seen: null), Events.Default.SpeakerEvent);
        if (reporter.IsJson) return;
        reporter.Console.Output.WriteLine(Printable.Clean($"{sign} {string.Join("  ", Cells(change.Speaker))}"));
        reporter.Console.Output.Flush();
    }

    private static SpeakerEvent Event(string name, RaopSpeaker speaker, DateTimeOffset? seen)
    {
        (string address, int port) = speaker.EndPoints[0] switch
        {
            IPEndPoint ip => (ip.Address.ToString(), ip.Port),
            DnsEndPoint dns => (dns.Host, dns.Port),
            _ => ("", 0),
        };
        return new SpeakerEvent(
            name, Printable.Clean(speaker.Name), speaker.DeviceId, speaker.HostName, speaker.Model, address, port,
            [.. speaker.EndPoints.Select(static endPoint => endPoint.ToString()!)], [.. speaker.Transports.Select(static transport => Printable.Kebab(transport))],
            [.. speaker.Codecs.Select(Codec)], [.. speaker.EncryptionTypes.Select(Encryption)], speaker.RequiresPassword, speaker.IsBusy, seen);
    }

    private static string[] Cells(RaopSpeaker speaker) =>
    [
        speaker.Name, speaker.Model ?? "", speaker.EndPoints[0].ToString()!, string.Join('+', speaker.Transports.Select(static transport => Printable.Kebab(transport))),
        string.Join(' ', speaker.Codecs.Select(Codec)), string.Join(' ', speaker.EncryptionTypes.Select(Encryption)),
        speaker.RequiresPassword ? "yes" : "no", speaker.IsBusy ? "yes" : "no",
    ];

    private static void Write(IReadOnlyList<string[]> rows, Reporter reporter)
    {
        if (reporter.IsJson) return;
        string[][] clean = [.. rows.Select(static row => row.Select(Printable.Clean).ToArray())];
        int[] widths = [.. Enumerable.Range(0, clean[0].Length).Select(column => clean.Max(row => Printable.Cells(row[column])))];
        foreach (string[] row in clean) reporter.Console.Output.WriteLine(string.Join("  ", row.Select((cell, column) => cell + new string(' ', widths[column] - Printable.Cells(cell)))).TrimEnd());
        reporter.Console.Output.Flush();
    }

    private static string Codec(int number) => number switch
    {
        0 => "PCM",
        1 => "ALAC",
        2 => "AAC",
        3 => "AAC-ELD",
        _ => number.ToString(CultureInfo.InvariantCulture),
    };

    private static string Encryption(int number) => number switch
    {
        0 => "none",
        1 => "RSA",
        2 or 3 => "FairPlay",
        4 => "auth-setup",
        5 => "FairPlay-SAP",
        _ => number.ToString(CultureInfo.InvariantCulture),
    };

    private static string Time(DateTimeOffset seen) => seen.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
}
