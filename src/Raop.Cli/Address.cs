using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Raop.Cli;

/// <summary>What to play to, as a user writes it.</summary>
/// <param name="Host">A speaker's name, a host's, or an address in numbers; empty for <see cref="IsLocal"/>.</param>
/// <param name="Port">The port, when written.</param>
/// <param name="IsLocal">A receiver inside this process.</param>
internal readonly record struct Address(string Host, int? Port, bool IsLocal)
{
    public const int DefaultPort = 5000;

    private const string Everyone = "all";

    /// <summary>Every speaker there is.</summary>
    public bool IsAll => Host == Everyone && Port is null;

    /// <summary>What may be a speaker's name: no address in numbers, no port.</summary>
    public bool IsName => !IsLocal && !IsAll && Port is null && !IPAddress.TryParse(Host, out _);

    /// <summary>What may be a host's name, for DNS.</summary>
    public bool IsHostName => Uri.CheckHostName(Host) == UriHostNameType.Dns;

    /// <summary>
    /// Reads a speaker's name or a part of it, <c>host</c>, <c>host:port</c>, <c>[v6]:port</c>, <c>[v6]</c>, bare IPv6, <c>all</c>, or <c>local</c>.
    /// </summary>
    public static bool TryParse(string text, out Address address, [NotNullWhen(false)] out string? problem)
    {
        address = default;
        problem = null;
        if (text == "local")
        {
            address = new Address("", null, IsLocal: true);
            return true;
        }

        if (text.Contains("://", StringComparison.Ordinal)) return Refuse($"'{text}' is a web address: write host or host:port.", out problem);
        string host = text, port = "";
        bool hasPort = false;
        if (text.StartsWith('['))
        {
            int end = text.IndexOf(']', StringComparison.Ordinal);
            if (end < 0) return Refuse($"'{text}' lacks the closing ']'.", out problem);
            (host, string rest) = (text[1..end], text[(end + 1)..]);
            if (!IsV6(host)) return Refuse($"'{host}' is not an IPv6 address.", out problem);
            hasPort = rest.StartsWith(':');
            if (rest.Length > 0 && !hasPort) return Refuse($"'{text}' is not an address: after ']' only :port may follow.", out problem);
            if (hasPort) port = rest[1..];
        }
        else if (!IsV6(text) && text.IndexOf(':', StringComparison.Ordinal) is >= 0 and int colon)
        {
            (host, port, hasPort) = (text[..colon], text[(colon + 1)..], true);
        }

        if (!(hasPort ? IsHost(host) : IsHost(host) || IsSpeakerName(host)))
            return Refuse($"'{text}' is no speaker's name and no address: write a name, host:port, [IPv6]:port or local.", out problem);
        int number = 0;
        if (hasPort && !TryParsePort(port, out number, out problem)) return false;
        address = new Address(host, hasPort ? number : null, IsLocal: false);
        return true;
    }

    /// <summary>A port to connect to.</summary>
    public static bool TryParsePort(string text, out int port, [NotNullWhen(false)] out string? problem)
    {
        problem = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is >= 1 and <= ushort.MaxValue
            ? null
            : $"'{text}' is not a port: write 1 to 65535.";
        return problem is null;
    }

    /// <summary>A port to listen on: 0 takes a free one.</summary>
    public static bool TryParseListenPort(string text, out int port, [NotNullWhen(false)] out string? problem)
    {
        problem = null;
        port = 0;
        if (text == "0" || TryParsePort(text, out port, out _)) return true;
        problem = $"'{text}' is not a port: write 0 to 65535.";
        return false;
    }

    /// <summary>Where to connect to; names are looked up later.</summary>
    public EndPoint ToEndPoint(int? port = null)
    {
        int number = port ?? Port ?? DefaultPort;
        return IPAddress.TryParse(Host, out IPAddress? address) ? new IPEndPoint(address, number) : new DnsEndPoint(Host, number);
    }

    private static bool IsV6(string text) => IPAddress.TryParse(text, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetworkV6;

    /// <summary>A name, IPv6, or all four numbers of IPv4: the short forms of old would make 0.0.0.1 of a forgotten port.</summary>
    private static bool IsHost(string host)
    {
        if (IsV6(host)) return true;
        if (host.Length == 0 || host.All(static c => char.IsAsciiDigit(c) || c == '.')) return host.Count(static c => c == '.') == 3 && IPAddress.TryParse(host, out _);
        return Uri.CheckHostName(host) == UriHostNameType.Dns;
    }

    /// <summary>Any letters; digits alone are a port that somebody forgot the host of.</summary>
    private static bool IsSpeakerName(string text) =>
        !string.IsNullOrWhiteSpace(text) && Printable.Clean(text) == text && !text.All(static c => char.IsAsciiDigit(c) || c == '.');

    private static bool Refuse(string why, out string problem)
    {
        problem = why;
        return false;
    }
}
