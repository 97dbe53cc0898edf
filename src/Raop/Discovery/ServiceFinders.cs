using Microsoft.Extensions.Logging;

namespace Raop.Discovery;

/// <summary>Chooses the way to find services on this machine.</summary>
internal static class ServiceFinders
{
    /// <summary>Multicast DNS of our own; where the port is not to be had, that of Avahi.</summary>
    /// <exception cref="RaopException">AddressInUse: neither.</exception>
    public static IServiceFinder Open(ILogger log)
    {
        try
        {
            var lease = MdnsLease.Acquire(log);
            return new MdnsFinder(lease.Service, TaskCreationOptions.RunContinuationsAsynchronously, lease);
        }
        catch (RaopException e) when (e.Error == RaopError.AddressInUse)
        {
            try
            {
                var avahi = AvahiFinder.Open(DBusConnection.Address(Environment.GetEnvironmentVariable("DBUS_SYSTEM_BUS_ADDRESS")), log);
                log.UsesAvahi();
                return avahi;
            }
            catch (IOException)
            {
                throw e;
            }
        }
    }
}
