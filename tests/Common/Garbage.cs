namespace Raop.Tests;

/// <summary>Counts what a repeated action leaves to the collector.</summary>
internal static class Garbage
{
    /// <summary>
    /// The fewest bytes that this thread allocated in one of some rounds of the action. An action that allocates does so in each round; what the
    /// runtime allocates once on the way (compiling a method again, a lazy static) falls into one or two.
    /// </summary>
    public static long Of(Action action, int rounds = 5)
    {
        action(); // warm
        long fewest = long.MaxValue;
        for (int i = 0; i < rounds && fewest > 0; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            action();
            fewest = Math.Min(fewest, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return fewest;
    }
}
