namespace Raop.Discovery;

/// <summary>A way to find services: multicast DNS of our own, or that of another program.</summary>
internal interface IServiceFinder : IAsyncDisposable
{
    /// <summary>What is asked, for people: "eth0 (192.168.1.5)".</summary>
    IReadOnlyList<string> Interfaces { get; }

    /// <summary>See <see cref="TaskCreationOptions"/>: whether who waits resumes in place.</summary>
    TaskCreationOptions Completions { get; }

    /// <inheritdoc cref="MdnsService.Browse"/>
    IDisposable Browse(string type, Action<ServiceChange> changed);
}

/// <summary>Multicast DNS of our own.</summary>
/// <param name="service">The service.</param>
/// <param name="completions">For whoever waits.</param>
/// <param name="lease">Given back at the end; may be null.</param>
internal sealed class MdnsFinder(MdnsService service, TaskCreationOptions completions, IAsyncDisposable? lease) : IServiceFinder
{
    public IReadOnlyList<string> Interfaces =>
        [.. service.Links.Select(static link => $"{link.Name} ({string.Join(", ", link.Addresses.Select(static own => own.Address))})")];

    public TaskCreationOptions Completions => completions;

    public IDisposable Browse(string type, Action<ServiceChange> changed) => service.Browse(type, changed);

    public ValueTask DisposeAsync() => lease?.DisposeAsync() ?? ValueTask.CompletedTask;
}
