using System.Net;

namespace Raop.Remote;

/// <summary>A sender's service as the network announces it.</summary>
/// <param name="IsGone">It is announced no more.</param>
/// <param name="Instance">The instance, "iTunes_Ctrl_56B29BB6CB904862".</param>
/// <param name="Port">Where it listens.</param>
/// <param name="Addresses">Of its host; empty while they are not known.</param>
internal sealed record DacpSighting(bool IsGone, string Instance, int Port, IReadOnlyList<IPAddress> Addresses);

/// <summary>Looks for _dacp._tcp and tells what it sees, from any thread, until disposed.</summary>
internal delegate IDisposable DacpBrowse(Action<DacpSighting> seen);

/// <summary>The senders' services that are announced now. Looks only once somebody has asked for one.</summary>
/// <param name="browse">Looks for them.</param>
/// <param name="completions">How a wait resumes: that of the network.</param>
internal sealed class DacpDirectory(DacpBrowse browse, TaskCreationOptions completions) : IDisposable
{
    private const int MaxKnown = 64; // a home has a few; more is somebody's joke

    private readonly Lock _lock = new();
    private readonly Dictionary<string, DacpSighting> _known = new(StringComparer.OrdinalIgnoreCase);
    private TaskCompletionSource _news = new(completions);
    private IDisposable? _browsing;
    private bool _begun, _disposed;

    /// <summary>Begins to look, so that a later question finds its answer here.</summary>
    public void Begin()
    {
        lock (_lock)
        {
            if (_begun || _disposed) return;
            _begun = true;
        }

        IDisposable browsing = browse(See); // may tell at once
        lock (_lock)
        {
            if (!_disposed)
            {
                _browsing = browsing;
                return;
            }
        }

        browsing.Dispose();
    }

    /// <summary>
    /// The services of a DACP-ID whose addresses are known: several, when somebody gives another's id with other zeros before it; and what completes
    /// when something was seen since.
    /// </summary>
    public (IReadOnlyList<DacpSighting> Found, Task News) Find(string id)
    {
        lock (_lock) return ([.. _known.Values.Where(seen => seen.Addresses.Count > 0 && DacpIdentity.IsInstanceOf(seen.Instance, id))], _news.Task);
    }

    public void Dispose()
    {
        IDisposable? browsing;
        lock (_lock)
        {
            _disposed = true;
            browsing = _browsing;
        }

        browsing?.Dispose();
    }

    private void See(DacpSighting seen)
    {
        TaskCompletionSource news;
        lock (_lock)
        {
            if (seen.IsGone) _known.Remove(seen.Instance);
            else if (_known.ContainsKey(seen.Instance) || _known.Count < MaxKnown) _known[seen.Instance] = seen;
            (news, _news) = (_news, new TaskCompletionSource(completions));
        }

        news.SetResult();
    }
}
