using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Raop.Network;

/// <summary>Finds the interfaces that multicast can go over.</summary>
internal static class MulticastLinks
{
    /// <summary>An environment variable with names of interfaces, "eth0,wlan0": discovery uses them and no others. The loopback may be one.</summary>
    public const string Variable = "RAOP_INTERFACES";

    /// <summary>The interfaces that are up. The loopback is one of them where its multicast is on (Linux), or where there is no other.</summary>
    public static List<MulticastLink> Find()
    {
        List<MulticastLink> links = [], loopbacks = [];
        string? named = Environment.GetEnvironmentVariable(Variable);
        string[]? only = string.IsNullOrWhiteSpace(named) ? null : named.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        NetworkInterface[] all;
        try
        {
            all = NetworkInterface.GetAllNetworkInterfaces();
        }
        catch (NetworkInformationException)
        {
            return links;
        }

        foreach (NetworkInterface one in all)
        {
            if (only is not null && !only.Contains(one.Name)) continue;
            if (one.OperationalStatus is not (OperationalStatus.Up or OperationalStatus.Unknown)) continue;
            bool loopback = one.NetworkInterfaceType == NetworkInterfaceType.Loopback;
            if (!loopback && (!one.SupportsMulticast || IsPointToPoint(one))) continue;
            if (LinkOf(one) is not { } link) continue;
            if (!loopback || only is not null || (OperatingSystem.IsLinux() && LinuxHasMulticast(one.Name))) links.Add(link);
            else loopbacks.Add(link);
        }

        return links.Count > 0 ? links : loopbacks;
    }

    private static bool IsPointToPoint(NetworkInterface one) => one.NetworkInterfaceType is NetworkInterfaceType.Ppp or NetworkInterfaceType.Tunnel;

    private static MulticastLink? LinkOf(NetworkInterface one)
    {
        try
        {
            IPInterfaceProperties properties = one.GetIPProperties();
            int index = one.Supports(NetworkInterfaceComponent.IPv4) ? properties.GetIPv4Properties().Index
                : one.Supports(NetworkInterfaceComponent.IPv6) ? properties.GetIPv6Properties().Index : 0;
            LinkAddress[] addresses =
            [
                .. properties.UnicastAddresses
                    .Where(address => address.Address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
                    .Select(address => new LinkAddress(new IPAddress(address.Address.GetAddressBytes()), address.PrefixLength)),
            ];
            return index > 0 && addresses.Length > 0 ? new MulticastLink(index, one.Name, addresses) : null;
        }
        catch (Exception e) when (e is NetworkInformationException or PlatformNotSupportedException)
        {
            return null; // it has just gone
        }
    }

    /// <summary>The flag IFF_MULTICAST, which .NET does not tell of a loopback.</summary>
    private static bool LinuxHasMulticast(string name)
    {
        const int Multicast = 0x1000;
        try
        {
            string flags = File.ReadAllText($"/sys/class/net/{name}/flags").Trim();
            return (Convert.ToInt32(flags, 16) & Multicast) != 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return false;
        }
    }
}
