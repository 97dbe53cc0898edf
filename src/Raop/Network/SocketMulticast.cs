using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Raop.Network;

/// <summary>Multicast DNS over the sockets of the operating system: one for each interface and family, so that what goes out goes there alone.</summary>
internal sealed class SocketMulticast : IMulticastNetwork
{
    /// <summary>Systems tell of most changes at once; of the rest nobody knows before the next look.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Dictionary<(int Link, AddressFamily Family), MulticastSocket> _sockets = [];
    private IReadOnlyList<MulticastLink> _links = [];
    private MulticastHandler? _handler;
    private Action? _linksChanged;
    private ITimer? _timer;
    private bool _disposed;

    private SocketMulticast(TimeProvider time) => _time = time;

    public bool ResumesInPlace => false;

    public string HostName { get; } = FirstLabel(Dns.GetHostName());

    public IReadOnlyList<MulticastLink> Links => Volatile.Read(ref _links);

    /// <summary>Opens the sockets of the interfaces that are up.</summary>
    /// <param name="time">Clock for arrival timestamps.</param>
    /// <exception cref="RaopException">AddressInUse: another program has port 5353 for itself.</exception>
    public static SocketMulticast Open(TimeProvider time)
    {
        var network = new SocketMulticast(time);
        try
        {
            using (MulticastSocket.OpenPort()) // even where no interface is up yet
            {
                network.Look();
            }

            return network;
        }
        catch (SocketException e)
        {
            network.Dispose();
            throw new RaopException(
                RaopError.AddressInUse, $"Another program keeps the port of discovery, UDP {MulticastSocket.Port}, to itself ({e.Message}).",
                "Let it share: with Avahi, set disallow-other-stacks=no in /etc/avahi/avahi-daemon.conf and restart it; or give addresses instead of names.", e);
        }
    }

    public void Start(MulticastHandler handler, Action linksChanged)
    {
        lock (_lock)
        {
            (_handler, _linksChanged) = (handler, linksChanged);
            foreach (MulticastSocket socket in _sockets.Values) socket.Start(handler);
            _timer = _time.CreateTimer(static self => ((SocketMulticast)self!).Look(), this, LookAgain, LookAgain);
        }

        NetworkChange.NetworkAddressChanged += OnChange;
        NetworkChange.NetworkAvailabilityChanged += OnChange;
    }

    public void Send(int link, AddressFamily family, ReadOnlySpan<byte> datagram, IPEndPoint? to = null)
    {
        MulticastSocket? socket;
        lock (_lock) _sockets.TryGetValue((link, family), out socket);
        socket?.Send(datagram, to);
    }

    public void Dispose()
    {
        NetworkChange.NetworkAddressChanged -= OnChange;
        NetworkChange.NetworkAvailabilityChanged -= OnChange;
        MulticastSocket[] sockets;
        lock (_lock)
        {
            _disposed = true;
            sockets = [.. _sockets.Values];
            _sockets.Clear();
        }

        _timer?.Dispose();
        foreach (MulticastSocket socket in sockets) socket.Dispose();
    }

    private static string FirstLabel(string name)
    {
        string label = name.Split('.')[0];
        return label.Length == 0 || label == "localhost" ? "raop" : label;
    }

    private void OnChange(object? sender, EventArgs e) => Look();

    /// <summary>Opens what is new, closes what is gone.</summary>
    private void Look()
    {
        List<MulticastSocket> gone = [];
        Action? told = null;
        lock (_lock)
        {
            if (_disposed) return;
            List<MulticastLink> found = [];
            foreach (MulticastLink link in MulticastLinks.Find())
            {
                LinkAddress[] usable = [.. link.Addresses.Where(address => TryOpen(link, address.Address.AddressFamily))];
                if (usable.Length > 0) found.Add(link with { Addresses = usable });
            }

            foreach (((int Link, AddressFamily Family) key, MulticastSocket socket) in _sockets.ToArray())
            {
                if (found.Exists(link => link.Index == key.Link && link.Has(key.Family))) continue;
                _sockets.Remove(key);
                gone.Add(socket);
            }

            if (found.Count != _links.Count || !found.TrueForAll(_links.Contains)) told = _linksChanged;
            Volatile.Write(ref _links, found);
        }

        foreach (MulticastSocket socket in gone) socket.Dispose();
        told?.Invoke();
    }

    private bool TryOpen(MulticastLink link, AddressFamily family)
    {
        if (_sockets.ContainsKey((link.Index, family))) return true;
        if (MulticastSocket.TryOpen(link, family, _time) is not { } socket) return false;
        _sockets.Add((link.Index, family), socket);
        if (_handler is not null) socket.Start(_handler);
        return true;
    }
}
