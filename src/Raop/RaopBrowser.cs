using System.Net;
using Microsoft.Extensions.Logging;
using Raop.Discovery;
using Raop.Network;
using Raop.Timing;

namespace Raop;

/// <summary>Finds speakers on the local network, on every interface, as long as it is not disposed.</summary>
public sealed class RaopBrowser : IAsyncDisposable
{
    private readonly IServiceFinder _finder;
    private readonly TimeProvider _time;
    private readonly Action<RaopSpeakerChange>? _onChange;
    private readonly Lock _lock = new();
    private readonly SpeakerTable _table = new();
    private readonly List<Search> _searches = [];
    private readonly IDisposable[] _browsing;
    private readonly long _began;

    private RaopBrowser(IServiceFinder finder, TimeProvider time, Action<RaopSpeakerChange>? onChange)
    {
        (_finder, _time, _onChange, _began) = (finder, time, onChange, time.GetTimestamp());
        _browsing = [finder.Browse(SpeakerTable.AirPlay, Take), finder.Browse(SpeakerTable.Raop, Take)];
    }

    /// <summary>The speakers there are now, by name. From any thread.</summary>
    public IReadOnlyList<RaopSpeaker> Speakers
    {
        get
        {
            lock (_lock) return _table.Speakers;
        }
    }

    /// <summary>The network interfaces that are asked, with their addresses, for people: "eth0 (192.168.1.5)". From any thread.</summary>
    public IReadOnlyList<string> Interfaces => _finder.Interfaces;

    /// <summary>Begins to look for speakers. The first answers come after about 0.1 s.</summary>
    /// <param name="options">Settings, or null for the defaults.</param>
    /// <param name="onChange">Told what appears, changes and goes, one at a time, from a thread of the browser; must return soon and not throw. May be null.</param>
    /// <returns>The browser, which looks on until it is disposed.</returns>
    /// <exception cref="RaopException">AddressInUse: UDP port 5353 is not to be had, and no other program on this machine finds speakers for us.</exception>
    public static RaopBrowser Start(RaopBrowserOptions? options = null, Action<RaopSpeakerChange>? onChange = null)
    {
        options ??= new RaopBrowserOptions();
        return Start(ServiceFinders.Open(options.LoggerFactory.CreateLogger("Raop.Discovery")), options, onChange);
    }

    /// <summary>Begins to look by any way; the way becomes the browser's own.</summary>
    internal static RaopBrowser Start(IServiceFinder finder, RaopBrowserOptions options, Action<RaopSpeakerChange>? onChange) =>
        new(finder, options.TimeProvider, onChange);

    /// <summary>Looks for a time and says what there is.</summary>
    /// <param name="wait">How long; 1 s finds all that are awake.</param>
    /// <param name="options">Settings, or null for the defaults.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The speakers by name.</returns>
    /// <exception cref="RaopException">As <see cref="Start(RaopBrowserOptions?, Action{RaopSpeakerChange}?)"/>.</exception>
    public static async Task<IReadOnlyList<RaopSpeaker>> FindAllAsync(
        TimeSpan wait, RaopBrowserOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(wait, TimeSpan.Zero);
        RaopBrowser browser = Start(options);
        await using (browser.ConfigureAwait(false))
        {
            await browser._time.DelayAsync(wait, cancellationToken).ConfigureAwait(false);
            return browser.Speakers;
        }
    }

    /// <summary>Finds a speaker by its name.</summary>
    /// <param name="name">
    /// Its name, or any part of it that no other speaker has; its device id, 12 hex digits; or the name of its host. Upper and lower case are the same.
    /// </param>
    /// <param name="timeout">How long to look at most. One that is called exactly so ends it at once.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The speaker.</returns>
    /// <exception cref="RaopException">SpeakerNotFound; or AmbiguousName, when several have the name or contain it.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> fired.</exception>
    public async Task<RaopSpeaker> FindAsync(string name, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
        cancellationToken.ThrowIfCancellationRequested();
        var search = new Search(name, new TaskCompletionSource(_finder.Completions));
        lock (_lock)
        {
            if (SpeakerName.Exact(_table.Speakers, name) is { } known && SpeakerName.IsReady(known)) return known;
            _searches.Add(search);
        }

        try
        {
            using ITimer timer = _time.CreateTimer(static done => ((TaskCompletionSource)done!).TrySetResult(), search.Done, timeout, Timeout.InfiniteTimeSpan);
            using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
                static (done, token) => ((TaskCompletionSource)done!).TrySetCanceled(token), search.Done);
            await search.Done.Task.ConfigureAwait(false);
        }
        finally
        {
            lock (_lock) _searches.Remove(search);
        }

        return SpeakerName.Unique(Speakers, name, Interfaces, _time.GetElapsedTime(_began));
    }

    /// <summary>Asks one host alone what it announces: for a speaker in another network, whom multicast does not reach.</summary>
    /// <param name="host">The host's address.</param>
    /// <param name="port">Its RTSP port; null when it has one speaker alone.</param>
    /// <param name="timeout">How long to wait for an answer at most; one that answers does within 0.1 s.</param>
    /// <param name="options">Settings, or null for the defaults.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The speaker with its record; null when the host does not say, for which <see cref="RaopSpeaker.At"/> is.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> fired.</exception>
    public static async Task<RaopSpeaker?> AskAsync(
        IPAddress host, int? port, TimeSpan timeout, RaopBrowserOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
        cancellationToken.ThrowIfCancellationRequested();
        options ??= new RaopBrowserOptions();
        var question = new UnicastQuestion(new SocketNetwork(options.TimeProvider), host, port);
        ServiceChange? service = await question.AskAsync(options.TimeProvider, timeout, cancellationToken).ConfigureAwait(false);
        return service is null ? null : SpeakerTable.Make(service, service.Txt);
    }

    /// <summary>Stops looking.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (IDisposable browsing in _browsing) browsing.Dispose();
        await _finder.DisposeAsync().ConfigureAwait(false);
    }

    private void Take(ServiceChange change)
    {
        IReadOnlyList<RaopSpeakerChange> changes;
        List<Search> found = [];
        lock (_lock)
        {
            changes = _table.Take(change);
            if (changes.Count > 0 && _searches.Count > 0)
            {
                IReadOnlyList<RaopSpeaker> speakers = _table.Speakers;
                found = _searches.FindAll(search => SpeakerName.Exact(speakers, search.Name) is { } speaker && SpeakerName.IsReady(speaker));
            }
        }

        found.ForEach(static search => search.Done.TrySetResult());
        if (_onChange is null) return;
        foreach (RaopSpeakerChange speaker in changes) _onChange(speaker);
    }

    /// <summary>Somebody waits for a name.</summary>
    private sealed record Search(string Name, TaskCompletionSource Done);
}
