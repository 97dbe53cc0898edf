using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;

namespace Raop.Discovery;

/// <summary>Finds services through Avahi on the system bus: where Avahi keeps port 5353 to itself (disallow-other-stacks).</summary>
internal sealed class AvahiFinder : IServiceFinder
{
    private const string Avahi = "org.freedesktop.Avahi", Server = Avahi + ".Server", Resolver = Avahi + ".ServiceResolver";
    private const string OwnerChanged = "NameOwnerChanged";
    private const int Any = -1, V6 = 1;

    /// <summary>Avahi allows 1024 objects to a client.</summary>
    private const int MostResolvers = 900;

    private readonly DBusConnection _bus;
    private readonly ILogger _log;
    private readonly Lock _lock = new();
    private readonly List<(string Type, Action<ServiceChange> Changed)> _browsers = [];
    private readonly Dictionary<Item, string> _resolvers = []; // the object's path; empty until it is known
    private readonly Dictionary<(string Type, string Name), Dictionary<Item, ServiceChange>> _found = [];
    private readonly Dictionary<(string Type, string Name), ServiceChange> _told = [];
    private string _avahi; // its own name on the bus; empty while it does not run

    private AvahiFinder(DBusConnection bus, string avahi, ILogger log) => (_bus, _avahi, _log) = (bus, avahi, log);

    public IReadOnlyList<string> Interfaces => ["the interfaces of Avahi"];

    public TaskCreationOptions Completions => TaskCreationOptions.RunContinuationsAsynchronously;

    /// <summary>Connects to Avahi.</summary>
    /// <exception cref="IOException">There is none.</exception>
    public static AvahiFinder Open(string busPath, ILogger log)
    {
        var bus = DBusConnection.Open(busPath, log);
        try
        {
            string match = $"type='signal',sender='{DBusConnection.Bus}',member='{OwnerChanged}',arg0='{Avahi}'";
            bus.Ask(DBusConnection.Bus, DBusConnection.BusPath, DBusConnection.Bus, "AddMatch", "s", new DBusWriter().String(match).ToArray());
            var finder = new AvahiFinder(bus, bus.Ask(Avahi, "/", Server, "GetVersionString", "", []).Sender, log);
            bus.Signal = finder.Handle;
            bus.Lost = finder.Lose;
            bus.Start();
            return finder;
        }
        catch
        {
            bus.Dispose();
            throw;
        }
    }

    public IDisposable Browse(string type, Action<ServiceChange> changed)
    {
        lock (_lock) _browsers.Add((type, changed));
        try
        {
            Browse(type);
        }
        catch (IOException)
        {
            // the bus is gone, and with it all that could be found
        }

        return new Browser(() =>
        {
            lock (_lock) _browsers.Remove((type, changed));
        });
    }

    public ValueTask DisposeAsync()
    {
        _bus.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Browse(string type)
    {
        byte[] body = new DBusWriter().Int32(Any).Int32(Any).String(type).String("local").UInt32(0).ToArray();
        _bus.Send(Avahi, "/", Server, "ServiceBrowserNew", "iissu", body, reply: null);
    }

    private void Handle(DBusMessage signal)
    {
        var reader = new DBusReader(signal.Body.Span);
        if (signal.Sender == DBusConnection.Bus && signal.MemberName == OwnerChanged) TakeOwner(ref reader);
        if (signal.Sender != _avahi || signal.MemberName is not ("ItemNew" or "ItemRemove" or "Found")) return; // anybody on the bus may send signals
        var item = new Item(reader.Int32(), reader.Int32(), reader.String(), reader.String());
        string domain = reader.String();
        if (reader.IsBroken) return;
        switch (signal.MemberName)
        {
            case "ItemNew": Resolve(item, domain); break;
            case "ItemRemove": Remove(item); break;
            case "Found": Take(item, ref reader); break;
        }
    }

    /// <summary>Avahi ended, or runs again and knows nothing of us.</summary>
    private void TakeOwner(ref DBusReader reader)
    {
        string name = reader.String();
        reader.String(); // before
        string now = reader.String();
        if (reader.IsBroken || name != Avahi) return;
        _avahi = now;
        Lose();
        if (now.Length == 0) return;
        string[] types;
        lock (_lock) types = [.. _browsers.Select(static browser => browser.Type).Distinct()];
        Array.ForEach(types, Browse);
    }

    private void Resolve(Item item, string domain)
    {
        lock (_lock)
        {
            if (_resolvers.Count >= MostResolvers || !_resolvers.TryAdd(item, "")) return;
        }

        // an address of the family that the service was heard over: link-local ones are right on that link alone
        byte[] body = new DBusWriter().Int32(item.Interface).Int32(item.Protocol).String(item.Name).String(item.Type).String(domain).Int32(item.Protocol).UInt32(0).ToArray();
        _bus.Send(Avahi, "/", Server, "ServiceResolverNew", "iisssiu", body, reply =>
        {
            if (reply.Type != DBusMessageType.Return)
            {
                _log.AvahiRefused(item.Name, reply.Error);
                return;
            }

            string path = new DBusReader(reply.Body.Span).String();
            bool isWanted;
            lock (_lock)
            {
                isWanted = _resolvers.ContainsKey(item);
                if (isWanted) _resolvers[item] = path;
            }

            if (!isWanted && path.Length > 0) _bus.Send(Avahi, path, Resolver, "Free", "", [], reply: null); // removed meanwhile
        });
    }

    private void Remove(Item item)
    {
        string? path;
        lock (_lock) _resolvers.Remove(item, out path);
        if (!string.IsNullOrEmpty(path)) _bus.Send(Avahi, path, Resolver, "Free", "", [], reply: null);
        if (!_found.TryGetValue((item.Type, item.Name), out Dictionary<Item, ServiceChange>? items) || !items.Remove(item)) return;
        Tell((item.Type, item.Name), items);
    }

    private void Take(Item item, ref DBusReader reader)
    {
        string host = reader.String();
        reader.Int32();
        string address = reader.String();
        int port = reader.UInt16();
        IReadOnlyDictionary<string, string> txt = Txt(ref reader);
        if (reader.IsBroken || port == 0 || !IPAddress.TryParse(address, out IPAddress? parsed)) return;
        if (parsed.IsIPv6LinkLocal) parsed = new IPAddress(parsed.GetAddressBytes(), item.Interface);
        lock (_lock)
        {
            if (!_resolvers.ContainsKey(item)) return; // removed meanwhile
        }

        if (!_found.TryGetValue((item.Type, item.Name), out Dictionary<Item, ServiceChange>? items)) _found.Add((item.Type, item.Name), items = []);
        items[item] = new ServiceChange(ServiceChangeKind.Added, item.Name, item.Type, host, port, [new IPEndPoint(parsed, port)], txt);
        Tell((item.Type, item.Name), items);
    }

    private static IReadOnlyDictionary<string, string> Txt(ref DBusReader reader)
    {
        uint length = reader.UInt32();
        int end = reader.At + (int)Math.Min(length, DBusMessage.MaxLength);
        var strings = new List<byte>();
        while (reader.At < end && !reader.IsBroken)
        {
            ReadOnlySpan<byte> one = reader.Array();
            if (one.Length > byte.MaxValue) continue;
            strings.Add((byte)one.Length);
            strings.AddRange(one);
        }

        return DnsTxt.Parse([.. strings]);
    }

    /// <summary>Tells what the interfaces and families together say.</summary>
    private void Tell((string Type, string Name) key, Dictionary<Item, ServiceChange> items)
    {
        bool wasTold = _told.TryGetValue(key, out ServiceChange? before);
        if (items.Count == 0)
        {
            _found.Remove(key);
            if (_told.Remove(key)) Tell(before! with { Kind = ServiceChangeKind.Removed });
            return;
        }

        ServiceChange first = items.OrderBy(static item => item.Key.Interface).First().Value;
        ServiceChange now = first with
        {
            EndPoints = ServiceChange.Sort(items.Values.Where(item => item.Port == first.Port && item.Host == first.Host).SelectMany(static item => item.EndPoints)),
            Kind = wasTold ? ServiceChangeKind.Changed : ServiceChangeKind.Added,
        };
        if (wasTold && now.SaysSame(before!)) return;
        _told[key] = now;
        Tell(now);
    }

    private void Tell(ServiceChange change)
    {
        (string Type, Action<ServiceChange> Changed)[] browsers;
        lock (_lock) browsers = [.. _browsers];
        foreach ((string type, Action<ServiceChange> changed) in browsers)
        {
            if (type == change.Type) changed(change);
        }
    }

    /// <summary>Avahi or the bus is gone: nothing is known any more.</summary>
    private void Lose()
    {
        ServiceChange[] told = [.. _told.Values];
        _told.Clear();
        _found.Clear();
        lock (_lock) _resolvers.Clear();
        foreach (ServiceChange change in told) Tell(change with { Kind = ServiceChangeKind.Removed });
    }

    /// <summary>A service as heard over one interface and family.</summary>
    private readonly record struct Item(int Interface, int Protocol, string Name, string Type)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name} ({Type}, {Interface}, {(Protocol == V6 ? "IPv6" : "IPv4")})");
    }

    private sealed class Browser(Action dispose) : IDisposable
    {
        public void Dispose() => dispose();
    }
}
