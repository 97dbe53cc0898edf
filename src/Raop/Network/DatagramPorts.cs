using System.Net;

namespace Raop.Network;

/// <summary>Finds ports for a stream's datagram sockets.</summary>
internal static class DatagramPorts
{
    /// <summary>Binds sockets to one address.</summary>
    /// <param name="network">The network.</param>
    /// <param name="local">The address.</param>
    /// <param name="range">Ports to choose from, or null for any free one.</param>
    /// <param name="count">How many.</param>
    /// <exception cref="RaopException">AddressInUse: there are not so many free ones; none stays bound then.</exception>
    public static IDatagramSocket[] Bind(INetwork network, IPAddress local, (int From, int To)? range, int count)
    {
        var sockets = new List<IDatagramSocket>(count);
        for (int port = range?.From ?? 0; sockets.Count < count; port += range is null ? 0 : 1)
        {
            if (port > range?.To)
            {
                sockets.ForEach(static socket => socket.Dispose());
                throw new RaopException(
                    RaopError.AddressInUse, $"Of the UDP ports {range.Value.From}-{range.Value.To} fewer than {count} are free.", "Give a wider range, or end what uses these ports.");
            }

            try
            {
                sockets.Add(network.Bind(new IPEndPoint(local, port)));
            }
            catch (RaopException e) when (e.Error == RaopError.AddressInUse && range is not null)
            {
                // the next one
            }
            catch
            {
                sockets.ForEach(static socket => socket.Dispose());
                throw;
            }
        }

        return [.. sockets];
    }
}
