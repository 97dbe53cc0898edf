using System.Net;
using Microsoft.Extensions.Logging;

namespace Raop.Remote;

internal static partial class RemoteLog // event ids 4000 to 4099; tokens are secrets and never logged
{
    [LoggerMessage(4000, LogLevel.Debug, "Remote control {Client}: {Command} → {Status}")]
    public static partial void Answered(this ILogger logger, IPEndPoint client, string command, int status);

    [LoggerMessage(4001, LogLevel.Debug, "Remote control {Client}: connection dropped: {Reason}")]
    public static partial void Dropped(this ILogger logger, IPEndPoint client, string reason);

    [LoggerMessage(4002, LogLevel.Warning, "Remote control: connection from {Client} closed: too many are open")]
    public static partial void TooMany(this ILogger logger, IPEndPoint client);

    [LoggerMessage(4003, LogLevel.Warning, "Remote control {Client}: what it asked for could not be done: {Reason}")]
    public static partial void NotDone(this ILogger logger, IPEndPoint client, string reason);

    [LoggerMessage(4004, LogLevel.Debug, "Remote control of the sender at {Sender}: {Command} → {Outcome}")]
    public static partial void Told(this ILogger logger, IPEndPoint sender, string command, string outcome);

    [LoggerMessage(4005, LogLevel.Warning, "{Instance} is announced elsewhere than at the sender's address {Sender}: not followed")]
    public static partial void Elsewhere(this ILogger logger, string instance, IPAddress sender);
}
