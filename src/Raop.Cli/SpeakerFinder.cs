using System.Net;
using System.Net.Sockets;

namespace Raop.Cli;

/// <summary>Makes speakers of what a user wrote: a name is looked for on the network, an address is asked what it announces.</summary>
internal sealed class SpeakerFinder(Reporter reporter)
{
    private static readonly TimeSpan SearchLimit = TimeSpan.FromSeconds(1);

    /// <summary>When nobody at all was found: a network that is slow to wake, a machine that is busy.</summary>
    private static readonly TimeSpan SecondLimit = TimeSpan.FromSeconds(2);

    /// <summary>For a device that answers unicast questions at all; few do.</summary>
    private static readonly TimeSpan AskLimit = TimeSpan.FromSeconds(0.5);

    /// <summary>How long a name is waited for at a time, while the others play.</summary>
    private static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(10);

    private readonly SpeakerCache _cache = SpeakerCache.Of(reporter.Console);
    private readonly Lock _keeping = new(); // names are looked for side by side

    private RaopBrowserOptions Options { get; } = new() { TimeProvider = reporter.Console.Time, LoggerFactory = reporter.Log };

    /// <summary>Finds what is meant, all at once; each speaker counts once.</summary>
    /// <param name="to">What was written; not "local".</param>
    /// <param name="port">The port, when stated apart.</param>
    /// <param name="stop">Ends the search.</param>
    /// <returns>At least one that was found, and of several names those too that nobody answered to.</returns>
    /// <exception cref="RaopException">SpeakerNotFound: none was; or AmbiguousName.</exception>
    public async Task<IReadOnlyList<ChosenSpeaker>> FindAsync(IReadOnlyList<Address> to, int? port, CancellationToken stop)
    {
        var searching = new Lazy<RaopBrowser>(() => RaopBrowser.Start(Options));
        try
        {
            List<ChosenSpeaker> chosen = await LookAsync(SearchLimit);
            if (!chosen.Exists(static speaker => speaker.Speaker is not null)) chosen = await LookAsync(SecondLimit);
            return chosen.Exists(static speaker => speaker.Speaker is not null) ? chosen : throw chosen[0].Failure!;
        }
        finally
        {
            if (searching.IsValueCreated) await searching.Value.DisposeAsync();
        }

        async Task<List<ChosenSpeaker>> LookAsync(TimeSpan limit)
        {
            var chosen = new List<ChosenSpeaker>();
            foreach (ChosenSpeaker speaker in (await Task.WhenAll(to.Select(one => FindAsync(one, port, searching, limit, stop)))).SelectMany(static some => some))
            {
                if (!chosen.Exists(speaker.Is)) chosen.Add(speaker);
            }

            return chosen;
        }
    }

    /// <summary>Where a speaker is that was lost, by its device id or else its name; null when nobody says.</summary>
    public async ValueTask<RaopSpeaker?> FindAgainAsync(RaopSpeaker speaker, CancellationToken stop)
    {
        if (speaker.DeviceId is null && speaker.Txt is null) return null; // an address that the user wrote
        try
        {
            await using RaopBrowser browser = RaopBrowser.Start(Options);
            RaopSpeaker? found = await TryFindAsync(browser, speaker.DeviceId ?? speaker.Name, SearchLimit, stop);
            if (found is null || (found.DeviceId != speaker.DeviceId && found.Name != speaker.Name))
            {
                RaopSpeaker[] namesakes = [.. browser.Speakers.Where(other => other.Name == speaker.Name)]; // some have another id when they restart
                found = namesakes.Length == 1 ? namesakes[0] : null;
            }

            if (found is not null) Keep([found]);
            return found;
        }
        catch (RaopException)
        {
            return null; // nobody can be looked for
        }
    }

    /// <summary>Waits until somebody answers to a name.</summary>
    /// <exception cref="RaopException">AmbiguousName; or nobody can be looked for.</exception>
    public async Task<RaopSpeaker> WaitForAsync(string name, CancellationToken stop)
    {
        await using RaopBrowser browser = RaopBrowser.Start(Options);
        while (true)
        {
            if (await TryFindAsync(browser, name, WaitLimit, stop) is not { } found) continue;
            Keep([found]);
            return found;
        }
    }

    private static async Task<RaopSpeaker?> TryFindAsync(RaopBrowser browser, string name, TimeSpan limit, CancellationToken stop)
    {
        try
        {
            return await browser.FindAsync(name, limit, stop);
        }
        catch (RaopException e) when (e.Error == RaopError.SpeakerNotFound)
        {
            return null;
        }
    }

    private async Task<IReadOnlyList<ChosenSpeaker>> FindAsync(Address to, int? port, Lazy<RaopBrowser> searching, TimeSpan limit, CancellationToken stop)
    {
        try
        {
            if (to.IsAll) return [.. (await FindAllAsync(searching, limit, stop)).Select(speaker => new ChosenSpeaker(to, speaker))];
            bool isName = to.IsName && port is null && !IsThisHost(to.Host);
            return [new ChosenSpeaker(to, isName ? await FindByNameAsync(to, searching, limit, stop) : await AtAsync(to, port ?? to.Port, stop))];
        }
        catch (RaopException e) when (e.Error is RaopError.SpeakerNotFound or RaopError.AddressInUse)
        {
            return [new ChosenSpeaker(to, null, e)];
        }
    }

    private async Task<IReadOnlyList<RaopSpeaker>> FindAllAsync(Lazy<RaopBrowser> searching, TimeSpan limit, CancellationToken stop)
    {
        RaopBrowser browser = searching.Value;
        await Task.Delay(limit, reporter.Console.Time, stop);
        IReadOnlyList<RaopSpeaker> all = browser.Speakers;
        Keep(all);
        return all.Count > 0 ? all : throw NothingFound.On(browser.Interfaces, reporter.Console);
    }

    private void Keep(IReadOnlyList<RaopSpeaker> found)
    {
        lock (_keeping) _cache.Keep(found);
    }

    private async Task<RaopSpeaker> FindByNameAsync(Address to, Lazy<RaopBrowser> searching, TimeSpan limit, CancellationToken stop)
    {
        RaopException failure;
        try
        {
            RaopSpeaker found = await searching.Value.FindAsync(to.Host, limit, stop);
            Keep([found]);
            return found;
        }
        catch (RaopException e) when (e.Error is RaopError.SpeakerNotFound or RaopError.AddressInUse)
        {
            failure = e;
        }

        if (_cache.Find(to.Host) is { } seen)
        {
            reporter.Warn($"'{seen.Speaker.Name}' does not answer the search: trying {seen.Speaker.EndPoints[0]}, where it was on {seen.Seen.ToLocalTime():yyyy-MM-dd HH:mm}.");
            return seen.Speaker;
        }

        if (!to.IsHostName) throw failure;
        if (await ResolveAsync(to.Host, stop) is { } endPoint) return RaopSpeaker.At(endPoint);
        return to.Host.Contains('.', StringComparison.Ordinal) ? RaopSpeaker.At(to.ToEndPoint()) : throw failure; // the error of connecting says more of a host
    }

    /// <summary>An address: with the record that it announces, if it can be had.</summary>
    private async Task<RaopSpeaker> AtAsync(Address to, int? port, CancellationToken stop)
    {
        EndPoint written = to.ToEndPoint(port);
        if (written is not IPEndPoint endPoint || IPAddress.IsLoopback(endPoint.Address)) return RaopSpeaker.At(written);
        try
        {
            if (await RaopBrowser.AskAsync(endPoint.Address, port, AskLimit, Options, stop) is { } asked)
            {
                Keep([asked]);
                return asked;
            }
        }
        catch (RaopException)
        {
            // Connecting will say what is wrong.
        }

        return _cache.Find(endPoint) is { } seen ? seen.Speaker with { EndPoints = [endPoint] } : RaopSpeaker.At(endPoint);
    }

    private static async Task<EndPoint?> ResolveAsync(string host, CancellationToken stop)
    {
        try
        {
            return (await Dns.GetHostAddressesAsync(host, stop)).Length > 0 ? new DnsEndPoint(host, Address.DefaultPort) : null;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private static bool IsThisHost(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase);
}

/// <summary>What to say when no speaker answers.</summary>
internal static class NothingFound
{
    private const string Variable = "RAOP_INTERFACES";

    public static RaopException On(IReadOnlyList<string> interfaces, ToolConsole console) => new(
        RaopError.SpeakerNotFound,
        interfaces.Count > 0 ? $"No speaker was found. Asked on {string.Join(", ", interfaces)}."
            : console.Variable(Variable) is { Length: > 0 } named ? $"No speaker was found: no network interface that {Variable} names ({named}) is up."
            : "No speaker was found: no network interface is up.",
        "See that the speaker is switched on and in the same network (not a guest network or another subnet), and that no firewall stops UDP port 5353; "
        + "or give its address: --to host:port.");
}
