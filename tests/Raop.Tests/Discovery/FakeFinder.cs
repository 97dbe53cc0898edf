using System.Net;
using Raop.Discovery;

namespace Raop.Tests.Discovery;

/// <summary>Finds what the test says.</summary>
internal sealed class FakeFinder : IServiceFinder
{
    private readonly List<(string Type, Action<ServiceChange> Changed)> _browsers = [];

    public IReadOnlyList<string> Interfaces => ["eth0 (10.0.0.1)"];

    public TaskCreationOptions Completions => TaskCreationOptions.None;

    public bool IsDisposed { get; private set; }

    public static ServiceChange Service(string instance, ServiceChangeKind kind = ServiceChangeKind.Added, string type = SpeakerTable.Raop, params (string, string)[] txt) => new(
        kind, instance, type, "one.local", 5000, [new IPEndPoint(IPAddress.Parse("10.0.0.9"), 5000)], txt.ToDictionary(pair => pair.Item1, pair => pair.Item2));

    public IDisposable Browse(string type, Action<ServiceChange> changed)
    {
        _browsers.Add((type, changed));
        return new MemoryStream();
    }

    public void Tell(ServiceChange change)
    {
        foreach ((string type, Action<ServiceChange> changed) in _browsers)
        {
            if (type == change.Type) changed(change);
        }
    }

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return ValueTask.CompletedTask;
    }
}
