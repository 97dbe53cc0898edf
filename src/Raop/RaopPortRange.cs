namespace Raop;

/// <summary>UDP ports that a firewall lets through.</summary>
public readonly record struct RaopPortRange
{
    /// <param name="from">The first port, 1 to 65,535.</param>
    /// <param name="to">The last port, not before the first.</param>
    /// <exception cref="ArgumentOutOfRangeException">Not ports, or the wrong way round.</exception>
    public RaopPortRange(int from, int to)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(from, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(to, from);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(to, ushort.MaxValue);
        (From, To) = (from, to);
    }

    /// <summary>The first port.</summary>
    public int From { get; }

    /// <summary>The last port.</summary>
    public int To { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{From}-{To}";
}
