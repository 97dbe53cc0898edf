using System.Net;
using System.Text;
using Raop.Discovery;

namespace Raop.Receiving;

/// <summary>Makes the receiver known as _raop._tcp while it lives. Whatever goes wrong, the receiver plays on.</summary>
internal sealed class Advertisement : IAsyncDisposable
{
    public const string Type = "_raop._tcp";

    private readonly ReceiverContext _context;
    private readonly Lock _lock = new();
    private readonly Task _starting;
    private MdnsLease? _lease;
    private IMdnsRegistration? _registration;
    private string _name;
    private bool _busy, _disposed;

    private Advertisement(ReceiverContext context, IPEndPoint at, MdnsService? service)
    {
        (_context, _name) = (context, context.Options.Name);
        if (service is null)
        {
            _starting = Task.Run(() => Start(at, null)); // finding the interfaces takes its time
        }
        else
        {
            _starting = Task.CompletedTask;
            Start(at, service);
        }
    }

    /// <summary>The name that it is announced under, or will be tried.</summary>
    public string Name => Volatile.Read(ref _name);

    /// <summary>Begins; what comes of it is told as an event.</summary>
    /// <param name="context">The receiver's.</param>
    /// <param name="at">Where it listens.</param>
    /// <param name="service">Multicast DNS, or null for the process's own.</param>
    public static Advertisement Begin(ReceiverContext context, IPEndPoint at, MdnsService? service) => new(context, at, service);

    /// <summary>Says whether somebody plays to the receiver.</summary>
    public void SetBusy(bool busy)
    {
        lock (_lock)
        {
            if (_busy == busy) return;
            _busy = busy;
            if (!_disposed) _registration?.Update(Txt(_context, busy));
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_lock) _disposed = true;
        await _starting.ConfigureAwait(false);
        if (_registration is not null) await _registration.DisposeAsync().ConfigureAwait(false);
        if (_lease is not null) await _lease.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>What senders read before they connect: the keys of shairport-sync's record, which every sender knows.</summary>
    internal static string[] Txt(ReceiverContext context, bool busy)
    {
        string server = context.Options.Server ?? "";
        string version = server[(server.LastIndexOf('/') + 1)..];
        return
        [
            "txtvers=1", "ch=2", $"cn={string.Join(',', context.CodecNumbers)}", "da=true", "ek=1", "et=0,1", "md=0,1,2",
            $"pw={(context.Options.Password is null ? "false" : "true")}", busy ? "sf=0x20004" : "sf=0x4", "sm=false", "sr=44100", "ss=16", "sv=false",
            "tp=TCP,UDP", "vn=65537", .. version.Length > 0 ? (string[])[Short($"vs={version}")] : [], "am=Raop",
        ];
    }

    private static string Short(string text) => Encoding.UTF8.GetByteCount(text) <= byte.MaxValue ? text : "vs=0";

    private void Start(IPEndPoint at, MdnsService? service)
    {
        try
        {
            lock (_lock)
            {
                if (_disposed) return;
                service ??= (_lease = MdnsLease.Acquire(_context.Log)).Service;
                IPAddress? only = at.Address.Equals(IPAddress.Any) || at.Address.Equals(IPAddress.IPv6Any) ? null : new IPAddress(at.Address.GetAddressBytes());
                string prefix = Convert.ToHexString(_context.HardwareAddress.Span) + "@";
                _registration = service.Publish(new ServiceInstance(_context.Options.Name, Type, at.Port, Txt(_context, _busy), prefix, only), Told);
            }

            _ = AwaitNameAsync(_registration);
        }
        catch (Exception e)
        {
            RaopException known = e as RaopException ?? new RaopException(
                RaopError.Rejected, $"The receiver cannot be announced: {e.Message}", "Give senders its address, or run it again with -v.", e);
            _context.Log.NotAdvertised(known);
            _context.Raise(new RaopAdvertisingFailed(known));
        }
    }

    private async Task AwaitNameAsync(IMdnsRegistration registration)
    {
        try
        {
            Told(await registration.Established.ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            // disposed before
        }
    }

    private void Told(string name)
    {
        Volatile.Write(ref _name, name);
        _context.Log.Advertised(name);
        _context.Raise(new RaopAdvertised(name));
    }
}
