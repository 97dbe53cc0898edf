namespace Raop.Tests.Timing;

/// <summary>Errors against the truth, in ms, and a line of a table about them.</summary>
internal sealed class Errors
{
    private readonly List<double> _all = [];
    private bool _sorted;

    public double Median => At(0.5);

    public double P99 => At(0.99);

    public double Max => At(1);

    public double Mean => _all.Average();

    public int Count => _all.Count;

    public void Add(double milliseconds)
    {
        _all.Add(Math.Abs(milliseconds));
        _sorted = false;
    }

    public void Print(string condition) => TestContext.Current.TestOutputHelper?.WriteLine(
        $"| {condition} | {Median:0.000} | {P99:0.000} | {Max:0.000} | {Count} |");

    private double At(double share)
    {
        if (!_sorted) _all.Sort();
        _sorted = true;
        return _all[(int)(share * (_all.Count - 1))];
    }
}
