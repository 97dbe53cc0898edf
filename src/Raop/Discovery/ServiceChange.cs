using System.Net;

namespace Raop.Discovery;

internal enum ServiceChangeKind
{
    Added,
    Changed,
    Removed,
}

/// <summary>A service came, went, or says something else now.</summary>
/// <param name="Kind">Which; <see cref="ServiceChangeKind.Removed"/> has the last that was known.</param>
/// <param name="Instance">Its name as text, unescaped: "5855CA1AE288@Kitchen".</param>
/// <param name="Type">"_raop._tcp".</param>
/// <param name="Host">"kitchen.local".</param>
/// <param name="Port">Its port.</param>
/// <param name="EndPoints">Its addresses on every link with the port, at least one: IPv4, global IPv6, then link-local ones with their scope.</param>
/// <param name="Txt">Keys in lower case.</param>
internal sealed record ServiceChange(
    ServiceChangeKind Kind, string Instance, string Type, string Host, int Port, IReadOnlyList<IPEndPoint> EndPoints, IReadOnlyDictionary<string, string> Txt)
{
    /// <summary>Whether both say the same of the service.</summary>
    public bool SaysSame(ServiceChange other) =>
        Port == other.Port && string.Equals(Host, other.Host, StringComparison.OrdinalIgnoreCase) && EndPoints.SequenceEqual(other.EndPoints)
        && Txt.Count == other.Txt.Count && Txt.All(pair => other.Txt.TryGetValue(pair.Key, out string? value) && value == pair.Value);
}
