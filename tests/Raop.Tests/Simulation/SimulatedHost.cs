using System.IO.Pipelines;
using System.Net;

namespace Raop.Tests.Simulation;

/// <summary>A machine with one process: addresses, a clock and a network of its own.</summary>
internal sealed class SimulatedHost
{
    private readonly List<Scheduled> _deferred = [];

    public SimulatedHost(SimulatedWorld world, string name, IReadOnlyList<IPAddress> addresses, int number)
    {
        World = world;
        Name = name;
        Addresses = addresses;
        Number = number;
        Clock = new SimulatedClock(world, this);
        Network = new SimulatedNetwork(this);
        Pipes = new PipeOptions(readerScheduler: new Continuations(this), writerScheduler: new Continuations(this),
            pauseWriterThreshold: 64 * 1024, resumeWriterThreshold: 32 * 1024, useSynchronizationContext: false);
    }

    public SimulatedWorld World { get; }

    public string Name { get; }

    public IReadOnlyList<IPAddress> Addresses { get; }

    public int Number { get; }

    public SimulatedClock Clock { get; }

    public SimulatedNetwork Network { get; }

    public bool IsFrozen { get; private set; }

    public bool IsKilled { get; private set; }

    /// <summary>Counts the lives of the process: what an earlier one began, no later one sees.</summary>
    public int Incarnation { get; private set; }

    /// <summary>Pipes whose continuations are this process's events: they run on the thread that moves the clock, never inside a call.</summary>
    public PipeOptions Pipes { get; }

    public bool Has(IPAddress address) => Addresses.Any(own => SimulatedNetwork.Bare(own).Equals(SimulatedNetwork.Bare(address)));

    /// <summary>SIGKILL: the process never runs again, its peers' streams are reset, its ports are free.</summary>
    public void Kill()
    {
        World.Record($"{Name} is killed");
        IsKilled = true;
        IsFrozen = false;
        Incarnation++;
        _deferred.Clear();
        Clock.StopAll();
        Network.Kill();
    }

    /// <summary>After <see cref="Kill"/>: the host may be used again, by a new process that has nothing yet.</summary>
    public void Restart()
    {
        if (!IsKilled) throw new InvalidOperationException($"{Name} runs.");
        World.Record($"{Name} is restarted");
        IsKilled = false;
    }

    /// <summary>SIGSTOP: nothing is processed, nothing is acknowledged; what arrives waits.</summary>
    public void Freeze()
    {
        World.Record($"{Name} freezes");
        IsFrozen = true;
    }

    /// <summary>SIGCONT: what has waited happens now, in its order.</summary>
    public void Thaw()
    {
        World.Record($"{Name} thaws");
        IsFrozen = false;
        Scheduled[] deferred = [.. _deferred];
        _deferred.Clear();
        foreach (Scheduled scheduled in deferred)
        {
            if (!scheduled.IsCancelled) World.Schedule(World.Nanoseconds, static state => ((Scheduled)state!).Run(), scheduled, this);
        }
    }

    /// <summary>Queues something that this process does, unless it is dead by then.</summary>
    public Scheduled Schedule(long at, Action<object?> callback, object? state) => World.Schedule(at, callback, state, this);

    /// <summary>Whether the process may do this now; if it is frozen, it does it later.</summary>
    public bool MayRun(Scheduled scheduled)
    {
        if (scheduled.Incarnation != Incarnation) return false;
        if (IsFrozen) _deferred.Add(scheduled);
        return !IsFrozen;
    }

    private sealed class Continuations(SimulatedHost host) : PipeScheduler
    {
        public override void Schedule(Action<object?> action, object? state) => host.Schedule(host.World.Nanoseconds, action, state);
    }
}
