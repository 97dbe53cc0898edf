using Microsoft.Extensions.Logging;

namespace Raop.Discovery;

internal static partial class DiscoveryLog // event ids 3000 to 3099
{
    [LoggerMessage(3000, LogLevel.Error, "A listener to discovery failed")]
    public static partial void ListenerFailed(this ILogger logger, Exception exception);
}
