namespace Raop.Discovery;

/// <summary>The part that finds services.</summary>
internal sealed partial class MdnsService
{
    private readonly List<Browser> _browsers = [];
    private MdnsQuerier? _querier;

    /// <summary>Tells what services there are, from now on until disposed: those that are known at once, then what changes.</summary>
    /// <param name="type">"_raop._tcp".</param>
    /// <param name="changed">Called from the pacer's thread, one call at a time.</param>
    public IDisposable Browse(string type, Action<ServiceChange> changed)
    {
        var browser = new Browser(this, type, changed);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            foreach (ServiceChange known in _querier!.Known(type)) Tell(() => browser.Tell(known with { Kind = ServiceChangeKind.Added }));
            _browsers.Add(browser);
            _querier.Browse(type, Now());
        }

        PollSoon();
        return browser;
    }

    partial void CreateQuerier() => AddCore(_querier = new MdnsQuerier(_time.TimestampFrequency, _random, OnChanged));

    private void OnChanged(ServiceChange change)
    {
        foreach (Browser browser in _browsers)
        {
            if (browser.Type == change.Type) Tell(() => browser.Tell(change));
        }
    }

    private void Stop(Browser browser)
    {
        lock (_lock)
        {
            if (_browsers.Remove(browser)) _querier!.StopBrowsing(browser.Type);
        }
    }

    private sealed class Browser(MdnsService service, string type, Action<ServiceChange> changed) : IDisposable
    {
        private volatile bool _disposed;

        public string Type { get; } = type;

        public void Tell(ServiceChange change)
        {
            if (!_disposed) changed(change);
        }

        public void Dispose()
        {
            _disposed = true;
            service.Stop(this);
        }
    }
}
