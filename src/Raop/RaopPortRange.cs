using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Raop;

/// <summary>Ports to choose from.</summary>
public sealed record RaopPortRange
{
    /// <summary>Makes a range.</summary>
    /// <param name="first">The first port, 1 to 65,534.</param>
    /// <param name="last">The last port, up to 65,535; at least two ports in all.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such ports, or fewer than two.</exception>
    public RaopPortRange(int first, int last)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(first, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(last, ushort.MaxValue);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(last, first);
        (First, Last) = (first, last);
    }

    /// <summary>The first port.</summary>
    public int First { get; }

    /// <summary>The last port.</summary>
    public int Last { get; }

    /// <summary>Reads "6001-6010". False when it is not two ports, the second higher.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out RaopPortRange? range)
    {
        range = null;
        ReadOnlySpan<char> all = text;
        int dash = all.IndexOf('-');
        if (dash < 0 || !TryPort(all[..dash], out int first) || !TryPort(all[(dash + 1)..], out int last) || first < 1 || last <= first) return false;
        range = new RaopPortRange(first, last);
        return true;
    }

    /// <summary>"6001-6010".</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{First}-{Last}");

    private static bool TryPort(ReadOnlySpan<char> text, out int port)
    {
        bool isPort = ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number);
        port = number;
        return isPort;
    }
}
