using Microsoft.Extensions.Logging;

namespace Raop.Discovery;

internal static partial class DiscoveryLog // event ids 3000 to 3099
{
    [LoggerMessage(3000, LogLevel.Error, "A listener to discovery failed")]
    public static partial void ListenerFailed(this ILogger logger, Exception exception);

    [LoggerMessage(3050, LogLevel.Debug, "Avahi does not resolve {Name}: {Error}")]
    public static partial void AvahiRefused(this ILogger logger, string name, string error);

    [LoggerMessage(3051, LogLevel.Information, "Port 5353 is not to be had: speakers are found through Avahi on the system bus")]
    public static partial void UsesAvahi(this ILogger logger);
}
