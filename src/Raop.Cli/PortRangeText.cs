using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Raop.Cli;

/// <summary>UDP ports as people write them: 6001-6010.</summary>
internal static class PortRangeText
{
    public static Option<RaopPortRange?> Option() => new("--udp-ports")
    {
        HelpName = "FROM-TO", Description = "UDP ports to choose from, for a firewall; any free ones when not given",
        CustomParser = static result => Parsed.Value<RaopPortRange>(result, TryParse),
    };

    public static bool TryParse(string text, out RaopPortRange range, [NotNullWhen(false)] out string? problem)
    {
        range = default;
        problem = $"'{text}' is not a range of ports such as 6001-6010, both from 1 to 65535.";
        string[] ends = text.Split('-');
        if (ends.Length != 2 || !TryPort(ends[0], out int from) || !TryPort(ends[1], out int to) || from > to) return false;
        range = new RaopPortRange(from, to);
        problem = null;
        return true;
    }

    private static bool TryPort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is >= 1 and <= ushort.MaxValue;
}
