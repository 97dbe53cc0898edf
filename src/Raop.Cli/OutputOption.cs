using System.CommandLine;
using Raop.Media;

namespace Raop.Cli;

/// <summary>Where a receiver's sound goes.</summary>
internal static class OutputOption
{
    public const string StandardOutput = "-";

    /// <param name="preset">What it is when not given.</param>
    public static Option<string> Create(string preset)
    {
        var option = new Option<string>("--output")
        {
            HelpName = "OUTPUT",
            Description = "Where sound goes: auto, device[:NAME], wav:PATH, raw:PATH, - (standard output, bare samples) or null",
            DefaultValueFactory = _ => preset,
        };
        option.Validators.Add(static result =>
        {
            if (result.Tokens.Count == 1 && !MediaSink.IsOutput(result.Tokens[0].Value, out string? problem)) result.AddError(problem);
        });
        return option;
    }

    /// <summary>The file that an output goes to, or null.</summary>
    public static string? Path(string output) =>
        output.StartsWith("wav:", StringComparison.Ordinal) || output.StartsWith("raw:", StringComparison.Ordinal) ? output[4..] : null;
}
