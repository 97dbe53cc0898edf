namespace Raop.Timing;

/// <summary>
/// Calls steps at the instants that they ask for. A step gets the time and returns when it wants to be called again; it is never
/// called twice at once. A real pacer has one thread for all its steps, a simulated one runs on the virtual clock's timers.
/// </summary>
internal abstract class Pacer : IDisposable
{
    /// <summary>Returned by a step that waits for a <see cref="PacedStep.Wake"/>.</summary>
    public const long Never = long.MaxValue;

    /// <summary>The pacer for a clock: timers where everything must run on one thread, a thread otherwise.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="inPlace">Whether everything runs on the thread that moves the clock (a simulation).</param>
    /// <param name="name">The thread's name.</param>
    public static Pacer Create(TimeProvider time, bool inPlace, string name) => inPlace ? new TimerPacer(time) : new ThreadPacer(time, name);

    /// <summary>Calls a step soon, and then whenever it says.</summary>
    /// <param name="step">
    /// Takes the time and returns the time of the next call, both in ticks of the clock. The time it gets is never before the one it asked
    /// for nor before the last one, though the call may come up to 1 ms early. Must not block and must not throw.
    /// </param>
    /// <param name="slack">
    /// Ticks that a call may come earlier still when the pacer's thread is awake anyway: then one wake serves several steps, or several calls of one.
    /// A wake costs more than what is done in it. A simulated pacer, which has no thread, never does so.
    /// </param>
    public abstract PacedStep Start(Func<long, long> step, long slack = 0);

    public abstract void Dispose();
}

/// <summary>A step under way. Disposing it ends the calls and waits for a running one, unless that call itself disposes.</summary>
internal abstract class PacedStep : IDisposable
{
    /// <summary>Calls the step soon, whatever it asked for. From any thread.</summary>
    public abstract void Wake();

    public abstract void Dispose();
}
