using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Raop.Remote;

/// <summary>A request of a speaker: <c>GET /ctrl-int/1/COMMAND?QUERY</c>.</summary>
/// <param name="Command">Behind the path, "playpause".</param>
/// <param name="Query">Names and values behind the question mark.</param>
/// <param name="Token">Its Active-Remote, or null.</param>
/// <param name="StaysOpen">Whether another request may follow on this connection.</param>
internal sealed record DacpRequest(string Command, IReadOnlyList<KeyValuePair<string, string>> Query, string? Token, bool StaysOpen)
{
    private const string Path = "/ctrl-int/1/";
    private const int MaxQuery = 16;
    private const double Softest = -30, Mute = -144;

    /// <summary>Reads a request.</summary>
    /// <param name="head">The head.</param>
    /// <param name="request">The request, or null.</param>
    /// <returns>0, or the status to answer with before closing: 400, 404, 405, 505.</returns>
    public static int Parse(HttpHead head, out DacpRequest? request)
    {
        request = null;
        string[] words = head.StartLine.Split(' ');
        if (words is not [string method, string target, string version]) return 400;
        if (!version.StartsWith("HTTP/", StringComparison.Ordinal)) return 400;
        if (version is not ("HTTP/1.0" or "HTTP/1.1")) return 505;
        if (head.All("Content-Length").Any(static length => length != "0") || head.All("Transfer-Encoding").Any()) return 400; // a body belongs to nothing that we know
        string[] tokens = [.. head.All("Active-Remote")];
        if (tokens.Length > 1) return 400;
        if (method != "GET") return 405;
        if (!target.StartsWith(Path, StringComparison.Ordinal)) return 404;

        string rest = target[Path.Length..];
        int mark = rest.IndexOf('?', StringComparison.Ordinal);
        var query = new List<KeyValuePair<string, string>>();
        foreach (string part in mark < 0 ? [] : rest[(mark + 1)..].Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            if (query.Count == MaxQuery) return 400;
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            string name = Uri.UnescapeDataString(equals < 0 ? part : part[..equals]), value = equals < 0 ? "" : Uri.UnescapeDataString(part[(equals + 1)..]);
            query.Add(new(name, value));
        }

        bool staysOpen = version == "HTTP/1.1" && !head.All("Connection").Any(static value => value.Contains("close", StringComparison.OrdinalIgnoreCase));
        request = new DacpRequest(mark < 0 ? rest : rest[..mark], query, tokens.FirstOrDefault(), staysOpen);
        return 0;
    }

    /// <summary>The first value of a name in the query, or null.</summary>
    public string? Value(string name) => Query.FirstOrDefault(entry => entry.Key == name).Value;

    /// <summary>Understands a command or a setproperty.</summary>
    /// <param name="requests">What it asks for, one or more; empty when it is neither.</param>
    /// <returns>0, or the status to answer with: 400 for a bad number, 404 for what is unknown.</returns>
    public int Understand(out IReadOnlyList<RaopRemoteRequest> requests)
    {
        requests = [];
        if (DacpCommand.TryParse(Command, out RaopRemoteCommand command))
        {
            requests = [new RaopRemoteRequest(Token ?? "", RemoteAction.Command, command, 0)];
            return 0;
        }

        if (Command != "setproperty") return 404;
        var found = new List<RaopRemoteRequest>();
        foreach ((string name, string text) in Query)
        {
            if (ActionOf(name) is not { } action) continue; // dacp.playingtime and others: what we do not know does no harm
            if (!TryNumber(text, out double value)) return 400;
            found.Add(new RaopRemoteRequest(Token ?? "", action, default, Limited(action, value)));
        }

        requests = found;
        return found.Count == 0 ? 404 : 0;
    }

    private static RemoteAction? ActionOf(string property) => property switch
    {
        "dmcp.device-volume" => RemoteAction.SpeakerVolume,
        "dmcp.volume" => RemoteAction.GroupVolume,
        "dacp.device-prevent-playback" or "dacp.device-busy" => RemoteAction.Leave,
        _ => null,
    };

    private static double Limited(RemoteAction action, double value) => action switch
    {
        RemoteAction.SpeakerVolume => value < Softest ? Mute : Math.Min(value, 0),
        RemoteAction.GroupVolume => Math.Clamp(value, 0, 100),
        _ => value != 0 ? 1 : 0,
    };

    private static bool TryNumber([NotNullWhen(true)] string? text, out double value) =>
        double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);
}
