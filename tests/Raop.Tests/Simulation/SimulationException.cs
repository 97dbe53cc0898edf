namespace Raop.Tests.Simulation;

/// <summary>The simulation cannot go on: a deadlock, a limit, or code that left the thread that moves the clock.</summary>
public sealed class SimulationException(string message, Exception? innerException = null) : Exception(message, innerException);
