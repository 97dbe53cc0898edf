using System.CommandLine;
using System.Diagnostics.CodeAnalysis;

namespace Raop.Cli;

/// <summary>UDP ports as people write them: 6001-6010.</summary>
internal static class PortRangeText
{
    public static Option<RaopPortRange?> Option() => new("--udp-ports")
    {
        HelpName = "FROM-TO", Description = "UDP ports to choose from, for a firewall; any free ones when not given",
        CustomParser = static result => Parsed.Value<RaopPortRange?>(result, TryParse),
    };

    private static bool TryParse(string text, out RaopPortRange? range, [NotNullWhen(false)] out string? problem)
    {
        problem = RaopPortRange.TryParse(text, out range) ? null : $"'{text}' is not a range of ports such as 6001-6010, both from 1 to 65535.";
        return problem is null;
    }
}
