using System.Net;
using Microsoft.Extensions.Logging;

namespace Raop.Receiving;

internal static partial class ReceiverLog // event ids 2000 to 2099
{
    [LoggerMessage(2000, LogLevel.Debug, "{Client}: {Method} {Uri} → {Status}")]
    public static partial void Answered(this ILogger logger, IPEndPoint client, string method, string uri, int status);

    [LoggerMessage(2001, LogLevel.Debug, "{Client}: connection closed: {Reason}")]
    public static partial void Closed(this ILogger logger, IPEndPoint client, string reason);

    [LoggerMessage(2002, LogLevel.Warning, "Session {Session}: a packet that begins {Head} cannot be decoded: the key or the codec is not what was announced")]
    public static partial void Undecodable(this ILogger logger, int session, string head);

    [LoggerMessage(2005, LogLevel.Error, "{Client}: no port for its audio: {Reason}")]
    public static partial void NoPort(this ILogger logger, IPEndPoint client, string reason);

    [LoggerMessage(2007, LogLevel.Warning, "Session {Session}: the sender does not answer for its time (a firewall?); frames are placed by the arrival of its syncs")]
    public static partial void NoTiming(this ILogger logger, int session);

    [LoggerMessage(2006, LogLevel.Error, "Session {Session}: the stream cannot be played on")]
    public static partial void Unplayable(this ILogger logger, int session, Exception exception);

    [LoggerMessage(2004, LogLevel.Error, "An event handler failed")]
    public static partial void HandlerFailed(this ILogger logger, Exception exception);

    [LoggerMessage(2008, LogLevel.Information, "Announced as {Name}")]
    public static partial void Advertised(this ILogger logger, string name);

    [LoggerMessage(2009, LogLevel.Warning, "The receiver is not announced")]
    public static partial void NotAdvertised(this ILogger logger, Exception exception);

    [LoggerMessage(2003, LogLevel.Warning, "Connection from {Client} closed: {Count} are open already")]
    public static partial void TooManyConnections(this ILogger logger, IPEndPoint client, int count);
}
