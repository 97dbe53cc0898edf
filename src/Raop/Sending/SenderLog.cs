using Microsoft.Extensions.Logging;

namespace Raop.Sending;

internal static partial class SenderLog // event ids 1000 to 1099
{
    [LoggerMessage(1000, LogLevel.Debug, "{Method} {Uri} → {Status} {Reason}")]
    public static partial void Replied(this ILogger logger, string method, string uri, int status, string reason);

    [LoggerMessage(1001, LogLevel.Warning, "The receiver's Apple-Response is wrong: {Why}. It is no AirPort Express; going on")]
    public static partial void WrongResponse(this ILogger logger, string why);

    [LoggerMessage(1002, LogLevel.Information, "The receiver takes no key ({Status}): going on in clear")]
    public static partial void KeyRefused(this ILogger logger, int status);

    [LoggerMessage(1003, LogLevel.Warning, "The receiver answered {Status} to the volume")]
    public static partial void VolumeRefused(this ILogger logger, int status);

    [LoggerMessage(1004, LogLevel.Warning, "Audio left {Late:0} ms too late: the receiver may have been silent for a moment")]
    public static partial void Starved(this ILogger logger, double late);

    [LoggerMessage(1005, LogLevel.Information, "The receiver takes no audio over {Transport} ({Why}): going on over {Other}")]
    public static partial void TransportRefused(this ILogger logger, RaopTransport transport, string why, RaopTransport other);

    [LoggerMessage(1006, LogLevel.Information, "The receiver lets us in only after auth-setup (403): asking for it")]
    public static partial void AuthSetupNeeded(this ILogger logger);

    [LoggerMessage(1007, LogLevel.Debug, "The receiver answered {Status} to auth-setup: going on in clear")]
    public static partial void AuthSetupAnswered(this ILogger logger, int status);

    [LoggerMessage(1008, LogLevel.Warning,
        "The receiver has not asked for our clock within 3 s: a firewall may drop its packets to UDP ports {Timing} and {Control}. Open them, or choose others with --udp-ports")]
    public static partial void NoTiming(this ILogger logger, int timing, int control);

    [LoggerMessage(1009, LogLevel.Warning, "The receiver names no control_port: it gets no syncs and may stay silent")]
    public static partial void NoControlPort(this ILogger logger);

    [LoggerMessage(1010, LogLevel.Information, "The receiver needs {Latency:0.00} s: more than was asked for")]
    public static partial void LatencyRaised(this ILogger logger, double latency);

    [LoggerMessage(1020, LogLevel.Debug, "Known as {Device}: {Transport}, {Codec}, encryption {Encryption}")]
    public static partial void Chosen(this ILogger logger, string device, RaopTransport transport, RaopCodec codec, RaopEncryption encryption);

    [LoggerMessage(1021, LogLevel.Information, "The receiver is silent after auth-setup: trying again without")]
    public static partial void AuthSetupSilent(this ILogger logger);

    [LoggerMessage(1022, LogLevel.Information, "The receiver closed the connection on an announcement in clear: trying again with a key")]
    public static partial void KeyNeeded(this ILogger logger);

    [LoggerMessage(1011, LogLevel.Warning, "The music begins {Late:0.0} ms later than it was to")]
    public static partial void StartedLate(this ILogger logger, double late);

    [LoggerMessage(1012, LogLevel.Warning, "{Speaker} is lost: {Why}")]
    public static partial void MemberLost(this ILogger logger, string speaker, string why);

    [LoggerMessage(1013, LogLevel.Information, "{Speaker} joins the group over {Transport}")]
    public static partial void MemberJoined(this ILogger logger, string speaker, RaopTransport transport);

    [LoggerMessage(1014, LogLevel.Warning, "{Speaker} needs {Latency:0.00} s, more than the group has while it plays: it may begin late")]
    public static partial void LatencyTooSmall(this ILogger logger, string speaker, double latency);

    [LoggerMessage(1015, LogLevel.Information, "{Speaker} plays over TCP: it begins with the others as well as it takes the data, and keeps no time")]
    public static partial void AlignedByPressure(this ILogger logger, string speaker);

    [LoggerMessage(1017, LogLevel.Warning, "{Speaker} cannot be looked for ({Why}): it is tried where it was")]
    public static partial void NotFoundAgain(this ILogger logger, string speaker, string why);

    [LoggerMessage(1016, LogLevel.Warning, "{Speaker} shows no sign of life, but is connected: a firewall may drop its packets")]
    public static partial void NoSignOfLife(this ILogger logger, string speaker);
}
