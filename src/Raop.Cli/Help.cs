using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Raop.Cli;

/// <summary>Help with examples: System.CommandLine's own, and below it what to type.</summary>
internal sealed class Help(HelpAction standard) : SynchronousCommandLineAction
{
    private readonly Dictionary<Command, string[]> _examples = [];

    public override bool ClearsParseErrors => true;

    public Help Add(Command command, params string[] examples)
    {
        _examples.Add(command, examples);
        return this;
    }

    public override int Invoke(ParseResult parseResult)
    {
        standard.Invoke(parseResult);
        if (!_examples.TryGetValue(parseResult.CommandResult.Command, out string[]? examples)) return ExitCode.Done;
        TextWriter output = parseResult.InvocationConfiguration.Output;
        output.WriteLine(examples.Length == 1 ? "Example:" : "Examples:");
        foreach (string example in examples) output.WriteLine("  " + example);
        output.WriteLine();
        return ExitCode.Done;
    }
}
