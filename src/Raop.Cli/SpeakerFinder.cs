using System.Net;
using System.Net.Sockets;

namespace Raop.Cli;

/// <summary>Makes speakers of what a user wrote: a name is looked for on the network, an address is asked what it announces.</summary>
internal sealed class SpeakerFinder(Reporter reporter)
{
    private static readonly TimeSpan SearchLimit = TimeSpan.FromSeconds(1);

    /// <summary>For a device that answers unicast questions at all; few do.</summary>
    private static readonly TimeSpan AskLimit = TimeSpan.FromSeconds(0.5);

    private readonly SpeakerCache _cache = SpeakerCache.Of(reporter.Console);

    private RaopBrowserOptions Options { get; } = new() { TimeProvider = reporter.Console.Time, LoggerFactory = reporter.Log };

    /// <summary>Finds what is meant.</summary>
    /// <param name="to">What was written; not "local".</param>
    /// <param name="port">The port, when stated apart.</param>
    /// <param name="stop">Ends the search.</param>
    /// <returns>One speaker, or all there are for "all"; never none.</returns>
    /// <exception cref="RaopException">SpeakerNotFound or AmbiguousName.</exception>
    public async Task<IReadOnlyList<RaopSpeaker>> FindAsync(Address to, int? port, CancellationToken stop)
    {
        if (to.IsAll) return await FindAllAsync(stop);
        if (to.IsName && port is null && !IsThisHost(to.Host)) return [await FindByNameAsync(to, stop)];
        return [await AtAsync(to, port ?? to.Port, stop)];
    }

    private async Task<IReadOnlyList<RaopSpeaker>> FindAllAsync(CancellationToken stop)
    {
        await using RaopBrowser browser = RaopBrowser.Start(Options);
        await Task.Delay(SearchLimit, reporter.Console.Time, stop);
        IReadOnlyList<RaopSpeaker> all = browser.Speakers;
        _cache.Keep(all);
        return all.Count > 0 ? all : throw NothingFound.On(browser.Interfaces);
    }

    private async Task<RaopSpeaker> FindByNameAsync(Address to, CancellationToken stop)
    {
        RaopException failure;
        try
        {
            await using RaopBrowser browser = RaopBrowser.Start(Options);
            RaopSpeaker found = await browser.FindAsync(to.Host, SearchLimit, stop);
            _cache.Keep([found]);
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
                _cache.Keep([asked]);
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
    public static RaopException On(IReadOnlyList<string> interfaces) => new(
        RaopError.SpeakerNotFound,
        interfaces.Count == 0 ? "No speaker was found: no network interface is up." : $"No speaker was found. Asked on {string.Join(", ", interfaces)}.",
        "See that the speaker is switched on and in the same network (not a guest network or another subnet), and that no firewall stops UDP port 5353; "
        + "or give its address: --to host:port.");
}
