using System.Net;
using System.Net.Sockets;

namespace Raop.Sending;

/// <summary>The addresses of a speaker, in the order in which they are tried.</summary>
internal static class DeviceAddresses
{
    /// <summary>As announced; names resolved, IPv4 first, because HomePods and some receivers fail on IPv6.</summary>
    /// <exception cref="RaopException">Unreachable: no address at all.</exception>
    public static async ValueTask<IReadOnlyList<IPEndPoint>> ResolveAsync(RaopSpeaker speaker, DeviceProfile device, CancellationToken cancellationToken)
    {
        var addresses = new List<IPEndPoint>();
        RaopException? failure = null;
        foreach (EndPoint endPoint in speaker.EndPoints)
        {
            try
            {
                if (endPoint is IPEndPoint address) addresses.Add(address);
                else if (endPoint is DnsEndPoint name) addresses.AddRange(await ResolveAsync(name, cancellationToken).ConfigureAwait(false));
            }
            catch (RaopException e)
            {
                failure ??= e;
            }
        }

        if (addresses.Count == 0) throw failure ?? new RaopException(RaopError.Unreachable, $"{speaker.Name} has no address.");
        return device.PrefersIpv4 ? [.. addresses.OrderBy(static a => a.AddressFamily == AddressFamily.InterNetworkV6)] : addresses;
    }

    private static async ValueTask<IEnumerable<IPEndPoint>> ResolveAsync(DnsEndPoint name, CancellationToken cancellationToken)
    {
        try
        {
            IPAddress[] addresses = await Dns.GetHostAddressesAsync(name.Host, cancellationToken).ConfigureAwait(false);
            if (addresses.Length > 0) return addresses.OrderBy(static a => a.AddressFamily == AddressFamily.InterNetworkV6).Select(a => new IPEndPoint(a, name.Port));
        }
        catch (SocketException)
        {
            // Said below.
        }

        throw new RaopException(RaopError.Unreachable, $"There is no host named {name.Host}.", "Check the spelling, or give the address in numbers.");
    }
}
