using System.Globalization;
using System.Text;

namespace Raop.Rtsp;

/// <summary>The Transport header: a protocol and tokens with or without values, in any order.</summary>
/// <param name="Protocol">RTP/AVP/TCP, RTP/AVP/UDP, or RTP/AVP, which is UDP.</param>
/// <param name="Tokens">unicast, interleaved=0-1, mode=record, server_port=6000 and so on; the value is null where there is none.</param>
internal sealed record TransportHeader(string Protocol, IReadOnlyList<KeyValuePair<string, string?>> Tokens)
{
    private const int MaxTokens = 64;

    public bool IsTcp => Protocol.Equals("RTP/AVP/TCP", StringComparison.OrdinalIgnoreCase);

    public bool IsUdp => Protocol.Equals("RTP/AVP/UDP", StringComparison.OrdinalIgnoreCase) || Protocol.Equals("RTP/AVP", StringComparison.OrdinalIgnoreCase);

    /// <summary>The receiver's audio port, or null.</summary>
    public int? ServerPort => Port("server_port");

    /// <summary>Port of sync and resend packets, or null.</summary>
    public int? ControlPort => Port("control_port");

    /// <summary>Port of clock packets, or null; newer Apple receivers answer 0.</summary>
    public int? TimingPort => Port("timing_port");

    /// <summary>The first value of a token, or null when it is absent or has none.</summary>
    public string? this[string name] => Tokens.FirstOrDefault(token => Same(token.Key, name)).Value;

    /// <summary>The header that both ends of AirTunes v1 write.</summary>
    /// <param name="serverPort">The receiver's audio port; null in the request.</param>
    public static TransportHeader Tcp(int? serverPort = null)
    {
        List<KeyValuePair<string, string?>> tokens = [new("unicast", null), new("interleaved", "0-1"), new("mode", "record")];
        if (serverPort is int port) tokens.Add(new("server_port", port.ToString(CultureInfo.InvariantCulture)));
        return new TransportHeader("RTP/AVP/TCP", tokens);
    }

    /// <summary>The header that both ends of AirTunes v2 write, each with its own ports.</summary>
    /// <param name="serverPort">The receiver's audio port; null in the request.</param>
    /// <param name="controlPort">Port of syncs and resends.</param>
    /// <param name="timingPort">Port of clock packets.</param>
    public static TransportHeader Udp(int? serverPort, int controlPort, int timingPort)
    {
        List<KeyValuePair<string, string?>> tokens = [new("unicast", null), new("interleaved", "0-1"), new("mode", "record")];
        if (serverPort is int port) tokens.Add(new("server_port", port.ToString(CultureInfo.InvariantCulture)));
        tokens.Add(new("control_port", controlPort.ToString(CultureInfo.InvariantCulture)));
        tokens.Add(new("timing_port", timingPort.ToString(CultureInfo.InvariantCulture)));
        return new TransportHeader("RTP/AVP/UDP", tokens);
    }

    /// <summary>Whether a token is there, with or without a value.</summary>
    public bool Has(string name) => Tokens.Any(token => Same(token.Key, name));

    /// <summary>Reads a header; of several transports separated by commas the first one. False when none names RTP.</summary>
    public static bool TryParse(string? text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out TransportHeader? header)
    {
        header = null;
        ReadOnlySpan<char> first = text;
        int comma = first.IndexOf(',');
        if (comma >= 0) first = first[..comma];

        string? protocol = null;
        var tokens = new List<KeyValuePair<string, string?>>();
        foreach (Range range in first.Split(';'))
        {
            ReadOnlySpan<char> token = first[range].Trim();
            if (token.IsEmpty) continue;
            if (protocol is null && token.StartsWith("RTP/", StringComparison.OrdinalIgnoreCase))
            {
                protocol = token.ToString();
                continue;
            }

            if (tokens.Count == MaxTokens) return false;
            int equals = token.IndexOf('=');
            tokens.Add(equals < 0
                ? new(token.ToString(), null)
                : new(token[..equals].TrimEnd().ToString(), token[(equals + 1)..].Trim().Trim('"').ToString()));
        }

        if (protocol is null) return false;
        header = new TransportHeader(protocol, tokens);
        return true;
    }

    /// <summary>The header's text, as it goes on the wire.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Protocol);
        foreach ((string name, string? value) in Tokens)
        {
            text.Append(';').Append(name);
            if (value is not null) text.Append('=').Append(value);
        }

        return text.ToString();
    }

    private static bool Same(string? a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);

    // A range "6000-6001", as RTSP allows it, counts as its first port.
    private int? Port(string name)
    {
        ReadOnlySpan<char> value = this[name];
        int dash = value.IndexOf('-');
        if (dash > 0) value = value[..dash];
        return ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) ? port : null;
    }
}
