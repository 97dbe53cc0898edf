using Microsoft.Extensions.Logging;

namespace Raop.Discovery;

/// <summary>Chooses the way to find services on this machine.</summary>
internal static class ServiceFinders
{
    public static IServiceFinder Open(TimeProvider time, ILogger log) => throw new NotSupportedException($"{time}{log}");
}
