using System.CommandLine;

namespace Raop.Cli;

/// <summary>UDP ports as people write them: 6001-6010.</summary>
internal static class PortRangeText
{
    /// <param name="description">What they are for.</param>
    /// <param name="fewest">How many one stream takes.</param>
    public static Option<RaopPortRange?> Option(string description, int fewest) => new("--udp-ports")
    {
        HelpName = "FROM-TO", Description = $"{description}, for a firewall; any free ones when not given",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (RaopPortRange.TryParse(text, out RaopPortRange? range) && range.Last - range.First + 1 >= fewest) return range;
            result.AddError($"'{text}' is no range of {fewest} or more ports, as 6001-6010 is.");
            return null;
        },
    };
}
