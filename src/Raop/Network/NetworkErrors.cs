using System.Net;
using System.Net.Sockets;

namespace Raop.Network;

/// <summary>What the operating system's errors are called here. The simulated network throws the same ones.</summary>
internal static class NetworkErrors
{
    public static RaopException Refused(IPEndPoint remote, Exception? cause = null) => new(
        RaopError.Refused, $"{remote} refused the connection.", "Check the port, and that the receiver is running.", cause);

    public static RaopException Unreachable(IPEndPoint remote, Exception? cause = null) => new(
        RaopError.Unreachable, $"{remote} cannot be reached{Detail(cause)}.", "Check the address, and that both are on the same network.", cause);

    public static RaopException Timeout(IPEndPoint remote, Exception? cause = null) => new(
        RaopError.Timeout, $"{remote} did not answer.", "Check that the receiver is switched on and that no firewall is in between.", cause);

    public static RaopException ConnectionLost(IPEndPoint remote, Exception? cause = null) => new(
        RaopError.ConnectionLost, $"The connection to {remote} was lost{Detail(cause)}.", "", cause);

    public static RaopException ClosedHere(IPEndPoint remote) => new(
        RaopError.ConnectionLost, $"The connection to {remote} was closed at this end.");

    public static RaopException AddressInUse(IPEndPoint local, Exception? cause = null) => new(
        RaopError.AddressInUse, $"{local} is in use by another program.", "Choose another port, or stop the other program.", cause);

    public static RaopException NotOurAddress(IPEndPoint local, Exception? cause = null) => new(
        RaopError.AddressInUse, $"{local.Address} is no address of this machine{Detail(cause)}.", "Choose an address that this machine has.", cause);

    public static RaopException FromConnect(SocketException e, IPEndPoint remote) => e.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => Refused(remote, e),
        SocketError.TimedOut => Timeout(remote, e),
        SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.NotConnected => ConnectionLost(remote, e),
        _ => Unreachable(remote, e), // no route, host or network down, forbidden by a firewall, no such address family
    };

    public static RaopException FromBind(SocketException e, IPEndPoint local) => e.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => AddressInUse(local, e),
        SocketError.AccessDenied when local.Port is > 0 and < 1024 => new RaopException(
            RaopError.AddressInUse, $"Port {local.Port} may not be used: ports below 1024 need a privilege.", "Choose a port of 1024 or above.", e),
        SocketError.AccessDenied => new RaopException(
            RaopError.AddressInUse, $"{local} may not be used{Detail(e)}.", "Choose another port or address.", e),
        _ => NotOurAddress(local, e),
    };

    private static string Detail(Exception? cause) => cause is null ? "" : $" ({cause.Message})";
}
