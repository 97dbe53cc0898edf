using Microsoft.Extensions.Logging;

namespace Raop.Sending;

internal static partial class SenderLog // event ids 1000 to 1099
{
    [LoggerMessage(1000, LogLevel.Debug, "{Method} {Uri} → {Status} {Reason}")]
    public static partial void Replied(this ILogger logger, string method, string uri, int status, string reason);

    [LoggerMessage(1001, LogLevel.Warning, "The receiver's Apple-Response is wrong: {Why}. It is no AirPort Express; going on")]
    public static partial void WrongResponse(this ILogger logger, string why);

    [LoggerMessage(1002, LogLevel.Information, "The receiver takes no key (406): going on in clear")]
    public static partial void KeyRefused(this ILogger logger);

    [LoggerMessage(1003, LogLevel.Warning, "The receiver answered {Status} to the volume")]
    public static partial void VolumeRefused(this ILogger logger, int status);

    [LoggerMessage(1004, LogLevel.Warning, "Audio left {Late:0} ms too late: the receiver may have been silent for a moment")]
    public static partial void Starved(this ILogger logger, double late);
}
