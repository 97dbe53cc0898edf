using System.Net;
using System.Net.Sockets;

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
        && (ReferenceEquals(Txt, other.Txt)
            || (Txt.Count == other.Txt.Count && Txt.All(pair => other.Txt.TryGetValue(pair.Key, out string? value) && value == pair.Value)));

    /// <summary>Each once, the best first: IPv4, global IPv6, then those that are good on one link alone.</summary>
    public static IReadOnlyList<IPEndPoint> Sort(IEnumerable<IPEndPoint> endPoints)
    {
        List<IPEndPoint> sorted = [.. endPoints.Distinct()];
        sorted.Sort(static (a, b) => Rank(a.Address) is var x && Rank(b.Address) is var y && x != y ? x.CompareTo(y) : Compare(a.Address, b.Address));
        return sorted;
    }

    private static int Rank(IPAddress address) => address switch
    {
        { IsIPv6LinkLocal: true } => 3,
        { AddressFamily: AddressFamily.InterNetwork } when address.GetAddressBytes() is [169, 254, ..] => 2,
        { AddressFamily: AddressFamily.InterNetworkV6 } => 1,
        _ => 0,
    };

    /// <summary>Any order will do that is always the same.</summary>
    private static int Compare(IPAddress a, IPAddress b)
    {
        int order = a.GetAddressBytes().AsSpan().SequenceCompareTo(b.GetAddressBytes());
        return order != 0 || !a.IsIPv6LinkLocal ? order : a.ScopeId.CompareTo(b.ScopeId);
    }
}
