using Microsoft.Extensions.Logging;
using Raop.Network;

namespace Raop.Remote;

/// <summary>What all connections of a server share.</summary>
internal sealed class DacpContext(INetwork network, TimeProvider time, DacpHandler handle, Func<DacpStatus> status, ILogger log)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(network.Completions);
    private uint _revision = 2; // 1 is what a speaker asks for first, and never waits

    public TimeProvider Time => time;

    public DacpHandler Handle => handle;

    public Func<DacpStatus> Status => status;

    public ILogger Log => log;

    public DacpGate Gate { get; } = new(time);

    public volatile bool IsOpen = true;

    /// <summary>Which status is the present one, and what completes when there is another.</summary>
    public (uint Number, Task Changed) Revision
    {
        get { lock (_lock) return (_revision, _changed.Task); }
    }

    public void StatusChanged()
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            changed = _changed;
            _changed = new TaskCompletionSource(network.Completions);
            _revision = Math.Max(_revision + 1, 2); // 32 bits, and they may wrap
        }

        changed.SetResult();
    }
}
