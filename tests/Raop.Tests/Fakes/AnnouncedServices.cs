using Raop.Discovery;

namespace Raop.Tests.Fakes;

/// <summary>Finds what a test says there is.</summary>
internal sealed class AnnouncedServices : IServiceFinder
{
    public List<ServiceChange> Services { get; } = [];

    public int Browsing { get; private set; }

    public bool IsDisposed { get; private set; }

    public IReadOnlyList<string> Interfaces => [];

    public TaskCreationOptions Completions => TaskCreationOptions.None;

    public IDisposable Browse(string type, Action<ServiceChange> changed)
    {
        Assert.Equal("_dacp._tcp", type);
        Browsing++;
        Services.ForEach(changed);
        return new End(this);
    }

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return ValueTask.CompletedTask;
    }

    private sealed class End(AnnouncedServices finder) : IDisposable
    {
        public void Dispose() => finder.Browsing--;
    }
}
