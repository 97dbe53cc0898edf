namespace Raop.Timing;

/// <summary>What a few delays say about the delay that they have in common.</summary>
internal static class BlockLevels
{
    /// <summary>Mean of the middle half of an exponential distribution, in means of the whole.</summary>
    private const double MiddleOfExponential = 0.738;

    /// <summary>Fewer samples than this say nothing about their own scatter.</summary>
    private const int Few = 4;

    /// <summary>Lower edge, mean of the middle half, and mean.</summary>
    /// <param name="values">At least one; they are sorted in place.</param>
    /// <remarks>
    /// The edge is the least value less what the least of n queueing delays still is: right on average for exponential delays, and with
    /// a spread of mean/n. Without the correction it would be late by mean/n, which queueing in one direction would show as an error.
    /// </remarks>
    public static (double Edge, double Middle, double Mean) Of(Span<double> values)
    {
        values.Sort();
        double sum = 0, middle = 0;
        int n = values.Length, skip = n / 4;
        foreach (double value in values) sum += value;
        foreach (double value in values[skip..^skip]) middle += value;
        double mean = sum / n, least = values[0];
        middle /= n - (2 * skip);
        double edge = n < Few ? least : least - ((middle - least) / ((MiddleOfExponential * n) - 1));
        return (edge, middle, mean);
    }
}
