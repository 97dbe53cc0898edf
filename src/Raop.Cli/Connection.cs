using System.Globalization;

namespace Raop.Cli;

/// <summary>Tells of a session that is open.</summary>
internal static class Connection
{
    /// <summary>"ALAC" or "PCM".</summary>
    public static string CodecName(RaopReceiverInfo info) => info.Codec == RaopCodec.Pcm ? "PCM" : "ALAC";

    /// <summary>Says and tells it.</summary>
    /// <param name="name">The speaker's; an address when nothing else is known.</param>
    /// <param name="info">What was learned.</param>
    /// <param name="among">Whether it is one of several.</param>
    /// <param name="reporter">To whom.</param>
    public static void Report(string name, RaopReceiverInfo info, bool among, Reporter reporter)
    {
        string codec = CodecName(info), transport = info.Transport == RaopTransport.Udp ? "udp" : "tcp", address = info.EndPoint.ToString();
        name = Printable.Clean(name);
        reporter.Tell(
            new ConnectedEvent(
                name, info.EndPoint.Address.ToString(), info.EndPoint.Port, info.Server, codec, info.Encrypted, info.PasswordUsed, transport,
                info.Latency?.TotalSeconds),
            Events.Default.ConnectedEvent);
        string[] known = [.. new[] { name == address ? "" : address, info.Server ?? "" }.Where(static part => part.Length > 0)];
        string who = known.Length == 0 ? name : $"{name} ({string.Join(", ", known)})";
        string latency = info.Latency is { } time ? string.Create(CultureInfo.InvariantCulture, $", heard {time.TotalSeconds:0.##} s later") : "";
        if (among && info.Transport == RaopTransport.Tcp) latency = "; begins about with the others, keeps no time";
        reporter.Say($"Connected to {who}, {codec} over {transport.ToUpperInvariant()}, {(info.Encrypted ? "encrypted" : "in clear")}{latency}");
    }
}
